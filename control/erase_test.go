package control_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/control"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var pseudonym = regexp.MustCompile(`^erased-[0-9a-f]{8}@invalid$`)

// said returns a room's archive.
func (h *house) said(t *testing.T, room wire.Addr) []storage.Row {
	t.Helper()
	rows, err := h.store.Page(t.Context(), storage.Query{Owner: room, Limit: 250})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// room stores a room with its lists.
func (h *house) room(t *testing.T, addr wire.Addr, subjectFrom string, affiliations ...storage.Affiliation) {
	t.Helper()
	from := wire.MustAddr(addr.String() + "/" + subjectFrom)
	st := wire.New(wire.KindMessage, "groupchat", "", from, wire.Addr{}, wire.NewWriter().Elem("", "subject", "Tea").Payload())
	r := storage.Room{Addr: addr, Created: epoch, Config: []byte("{}"),
		Subject: storage.Subject{Text: "Tea", From: from, At: epoch, Stanza: st.AppendStandalone(nil)}}
	if err := h.store.PutRoom(t.Context(), r, affiliations); err != nil {
		t.Fatal(err)
	}
}

// The person's messages belong to a pseudonym, another one in each room; everything else that names the person is gone.
func TestErase(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		other := wire.MustAddr("other@rooms.a.test")
		by := storage.Affiliation{Addr: bob, Value: "member", By: alice, Reason: "a friend"}
		h.room(t, hall, "Al", storage.Affiliation{Addr: alice, Value: "owner", Nick: "Al"}, by)
		h.room(t, other, "Bo", by)
		id := archive.TimeID(epoch.Add(time.Hour))
		rich := wire.New(wire.KindMessage, "groupchat", "m1", wire.MustAddr("other@rooms.a.test/Al"), wire.Addr{}, wire.NewWriter().
			Elem("", "body", "rich").Start("urn:xmpp:occupant-id:0", "occupant-id").Attr("id", "telltale").End().
			Elem("http://jabber.org/protocol/nick", "nick", "Alice A.").
			Start("http://jabber.org/protocol/muc#user", "x").Start("", "item").Attr("jid", "alice@a.test/phone").End().End().Payload())
		rows := []storage.Row{{ID: id, Owner: other, Peer: alice, Kind: storage.RowGroupchat, Stanza: rich.AppendStandalone(nil)},
			{ID: id + 1, Owner: other, Peer: alice, Kind: storage.RowGroupchat, Stanza: []byte("damaged, by alice")}}
		for i := range 3 * archive.MaxRows { // more than one transaction takes
			rows = append(rows, message(id+2+int64(i), hall, alice, storage.RowGroupchat, "hall@rooms.a.test/Al", fmt.Sprint("m", i)))
		}
		if _, err := h.store.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
			t.Fatal(err)
		}

		report, err := a.EraseUser(t.Context(), alice, false)
		want := control.EraseReport{Account: true, Rooms: 2, Messages: 3*archive.MaxRows + 3, Lists: 2}
		if err != nil || report != want {
			t.Errorf("got %+v, %v", report, err)
		}
		if _, err := h.store.Account(t.Context(), alice); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the account: %v", err)
		}
		if !slices.Contains(h.changed, "erased alice@a.test") || !slices.Contains(h.changed, "alice@a.test true") {
			t.Errorf("told of %q", h.changed)
		}
		names := map[string]bool{}
		for _, room := range []wire.Addr{hall, other} {
			for _, r := range h.said(t, room) {
				if r.Peer == bob {
					continue
				}
				text := string(r.Stanza)
				if !pseudonym.MatchString(r.Peer.String()) || !strings.Contains(text, `from="`+room.String()+"/"+r.Peer.Local()+`"`) {
					t.Errorf("row of %s: %s", r.Peer, text)
				}
				for _, trace := range []string{"alice", "/Al\"", "telltale", "Alice"} {
					if strings.Contains(text, trace) {
						t.Errorf("%s is left in %s", trace, text)
					}
				}
				names[r.Peer.String()] = true
			}
		}
		if len(names) != 2 {
			t.Errorf("names %v: want one for each room", names)
		}
		rec, err := h.store.Room(t.Context(), hall)
		if err != nil || len(rec.Affiliations) != 1 || !rec.Affiliations[0].By.IsZero() || rec.Affiliations[0].Reason != "a friend" {
			t.Errorf("lists of the hall: %+v, %v", rec.Affiliations, err)
		}
		if s := rec.Subject; !strings.HasPrefix(s.From.Resource(), "erased-") || s.Text != "Tea" || strings.Contains(string(s.Stanza), "/Al") {
			t.Errorf("subject %+v", s)
		}
		if rec, _ = h.store.Room(t.Context(), other); rec.Subject.From.Resource() != "Bo" || !rec.Affiliations[0].By.IsZero() {
			t.Errorf("the other room %+v", rec)
		}
		if rows := h.said(t, bob); len(rows) != 1 || rows[0].Peer != alice {
			t.Errorf("bob's own copies: %+v", rows)
		}
		_, err = a.EraseUser(t.Context(), alice, false)
		wantKind(t, "again", err, control.Missing, "no user alice@a.test")
	})
}

// An erasure that ends right behind a transaction leaves nothing that another one would not find.
func TestEraseCutShort(t *testing.T) {
	h := newHouse(t)
	h.room(t, hall, "Al")
	id := archive.TimeID(epoch.Add(time.Hour))
	said := message(id, hall, alice, storage.RowGroupchat, "hall@rooms.a.test/Al", "hello")
	if _, err := h.store.Append(t.Context(), storage.Batch{Rows: []storage.Row{said}}); err != nil {
		t.Fatal(err)
	}
	cut := control.NewUsers(control.UsersOptions{Accounts: h.store, Persons: h.store,
		Hosts:    func() []string { return []string{"a.test"} },
		Services: func() []string { return []string{"rooms.a.test"} },
		Rewrite: func(ctx context.Context, rewrites []storage.Rewrite) error {
			_, err := h.store.Append(ctx, storage.Batch{Rewrites: rewrites})
			return errors.Join(err, errors.New("cut short"))
		}})
	if _, err := cut.EraseUser(t.Context(), alice, false); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Fatal(err)
	}
	_, err := h.EraseUser(t.Context(), alice, false)
	wantKind(t, "again", err, control.Missing, "no user alice@a.test")
	rec, err := h.store.Room(t.Context(), hall)
	if s := rec.Subject; err != nil || !strings.HasPrefix(s.From.Resource(), "erased-") || strings.Contains(string(s.Stanza), "/Al") {
		t.Errorf("subject %+v, %v", s, err)
	}
}

// With tombstones the text goes too; what was a tombstone before keeps what it says.
func TestEraseWithTombstones(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		guest := wire.MustAddr("guest@elsewhere.test") // who has no account here
		id := archive.TimeID(epoch.Add(time.Hour))
		old := message(id, hall, guest, storage.RowGroupchat, "hall@rooms.a.test/Gu", "regretted")
		said := message(id+1, hall, guest, storage.RowGroupchat, "hall@rooms.a.test/Gu", "said")
		dead, err := archive.Retraction{ID: "r1", At: epoch}.Rewrite(old, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.store.Append(t.Context(), storage.Batch{Rows: []storage.Row{old, said}, Rewrites: []storage.Rewrite{dead}}); err != nil {
			t.Fatal(err)
		}
		report, err := a.EraseUser(t.Context(), guest, true)
		if want := (control.EraseReport{Rooms: 1, Messages: 2}); err != nil || report != want {
			t.Errorf("got %+v, %v", report, err)
		}
		n := 0
		for _, r := range h.said(t, hall) {
			if !pseudonym.MatchString(r.Peer.String()) {
				continue
			}
			n++
			if text := string(r.Stanza); !r.Tombstone || strings.Contains(text, "<body") || strings.Contains(text, "/Gu") ||
				!strings.Contains(text, "<retracted ") || strings.Contains(text, `"r1"`) != (r.ID == id) {
				t.Errorf("row %d: %v %s", r.ID-id, r.Tombstone, text)
			}
		}
		if n != 2 {
			t.Errorf("%d tombstones", n)
		}
	})
}

// A hold forbids to erase and to delete an account; what is rewritten in a room under hold is kept for the administrator.
func TestEraseUnderHold(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		held, room := wire.MustAddr("held@a.test"), wire.MustAddr("held@rooms.a.test")
		if err := h.AddUser(t.Context(), held, "secret"); err != nil {
			t.Fatal(err)
		}
		_, err := a.EraseUser(t.Context(), held, false)
		wantKind(t, "erase", err, control.Held, "archive.hold")
		wantKind(t, "delete", a.DeleteUser(t.Context(), held), control.Held, "archive.hold")
		if _, err := h.store.Account(t.Context(), held); err != nil {
			t.Error(err)
		}
		id := archive.TimeID(epoch.Add(time.Hour))
		var rows []storage.Row
		for i := range 3 {
			rows = append(rows, message(id+int64(i), room, alice, storage.RowGroupchat, "held@rooms.a.test/Al", fmt.Sprint("evidence ", i)))
		}
		if _, err := h.store.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.EraseUser(t.Context(), alice, true); err != nil {
			t.Fatal(err)
		}
		first, err := a.HeldRows(t.Context(), room, "", 2)
		if err != nil || len(first) != 2 {
			t.Fatalf("%+v, %v", first, err)
		}
		rest, err := a.HeldRows(t.Context(), room, first[1].ID, 2)
		if err != nil || len(rest) != 1 || rest[0].Peer != "alice@a.test" || !strings.Contains(rest[0].Stanza, "evidence 2") || !rest[0].Time.Equal(epoch.Add(time.Hour)) {
			t.Errorf("%+v, %v", rest, err)
		}
		if none, err := a.HeldRows(t.Context(), hall, "", 100); err != nil || len(none) != 0 {
			t.Errorf("of a room without hold: %+v, %v", none, err)
		}
	})
}

func TestPrivacyRefusals(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		_, err := a.EraseUser(t.Context(), alice, false)
		wantKind(t, "nobody", err, control.Missing, "no user alice@a.test")
		for _, limit := range []int{0, control.MaxHeld + 1} {
			_, err = a.HeldRows(t.Context(), alice, "", limit)
			wantKind(t, "limit", err, control.Invalid, "choose 1 to 100")
		}
		_, err = a.HeldRows(t.Context(), alice, "x", 1)
		wantKind(t, "id", err, control.Invalid, "not the id of a message")
	})
}

// What only a running server knows.
func TestExpireAndReindex(t *testing.T) {
	h := newHouse(t)
	offline := control.Offline{Users: h.Users, Indexer: archive.NewIndexer(archive.IndexerOptions{Store: h.store,
		Wanted: func(wire.Addr) bool { return true }, Any: func() bool { return true }})}
	h.furnish(t)
	_, err := offline.Expire(t.Context())
	wantKind(t, "expire", err, control.NotRunning, "no server is running")
	if rows, err := offline.Reindex(t.Context()); rows != 5 || err != nil {
		t.Errorf("reindexed %d, %v", rows, err)
	}
	found, err := h.store.Page(t.Context(), storage.Query{Owner: alice, Words: []string{"good", "day"}, Limit: 10})
	if err != nil || len(found) != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
	client := online(t, h)
	if r, err := client.Expire(t.Context()); err != nil || r != (archive.KeeperReport{Owners: 7, Rows: 5}) {
		t.Errorf("expire: %+v, %v", r, err)
	}
	if rows, err := client.Reindex(t.Context()); err != nil || rows != 42 {
		t.Errorf("reindex: %d, %v", rows, err)
	}
}
