package control_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/control"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// occupantKey makes the occupant-ids of a house.
var occupantKey = []byte(strings.Repeat("k", muc.OccupantKeyBytes))

// idKey makes the archives' ids of a house.
var idKey = []byte("0123456789abcdef")

// textOf is an id in a stanza.
func textOf(t *testing.T, id int64) string {
	t.Helper()
	ids, err := archive.NewIDs(idKey)
	if err != nil {
		t.Fatal(err)
	}
	return ids.Text(id)
}

// mark is an <occupant-id/> in the hall.
func mark(account wire.Addr) wire.Payload {
	id := muc.OccupantID(occupantKey, hall, account)
	return wire.NewWriter().Start("urn:xmpp:occupant-id:0", "occupant-id").Attr("id", id).Payload()
}

// moderation is a message that a moderator has retracted, and the notice of it.
func moderation(t *testing.T, id int64, author, by wire.Addr) (rows []storage.Row, dead storage.Rewrite) {
	t.Helper()
	st := wire.New(wire.KindMessage, "groupchat", "m", wire.MustAddr("hall@rooms.a.test/"+author.Local()), wire.Addr{}, mark(author))
	why := archive.Retraction{ID: "r", At: epoch, Moderated: true, By: wire.MustAddr("hall@rooms.a.test/" + by.Local()),
		Occupant: muc.OccupantID(occupantKey, hall, by), Reason: "why"}
	notice := wire.New(wire.KindMessage, "groupchat", "r", hall, wire.Addr{}, why.Notice(textOf(t, id)))
	rows = []storage.Row{{ID: id, Owner: hall, Peer: author, Kind: storage.RowGroupchat, Stanza: st.AppendStandalone(nil)},
		{ID: id + 1, Owner: hall, Peer: hall, Kind: storage.RowGroupchat, Stanza: notice.AppendStandalone(nil)}}
	dead, err := why.Rewrite(rows[0], false)
	if err != nil {
		t.Fatal(err)
	}
	return rows, dead
}

// No occupant-id of the person is left in a room: not in what it said, not in what it moderated, not in the subject. The ids of
// others stay.
func TestEraseOccupantIDs(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		h.room(t, hall, "Teapot")
		rec, err := h.store.Room(t.Context(), hall)
		if err != nil {
			t.Fatal(err)
		}
		st, _ := wire.Parse(rec.Subject.Stanza) // set while the room kept nothing
		rec.Subject.Stanza = st.Edit().Append(mark(alice)).Stanza().AppendStandalone(nil)
		if err := h.store.PutSubject(t.Context(), hall, rec.Subject); err != nil {
			t.Fatal(err)
		}
		id := archive.TimeID(epoch.Add(time.Hour))
		for i := range 2*archive.MaxRows + 1 { // alice moderates bob, more often than one transaction takes; the last time herself
			author, by := bob, alice
			switch i {
			case 0:
				by = bob
			case 2 * archive.MaxRows:
				author = alice
			}
			rows, dead := moderation(t, id+int64(2*i), author, by)
			if _, err := h.store.Append(t.Context(), storage.Batch{Rows: rows, Rewrites: []storage.Rewrite{dead}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.EraseUser(t.Context(), alice, false); err != nil {
			t.Fatal(err)
		}
		old, others := muc.OccupantID(occupantKey, hall, alice), 0
		var left []storage.Row
		for after, more := int64(0), true; more; {
			page, err := h.store.Page(t.Context(), storage.Query{Owner: hall, After: after, Limit: 250})
			if err != nil {
				t.Fatal(err)
			}
			if more = len(page) > 0; more {
				left, after = append(left, page...), page[len(page)-1].ID
			}
		}
		for _, r := range left {
			text := string(r.Stanza)
			if strings.Contains(text, old) || strings.Contains(text, "/alice") {
				t.Errorf("left in row %d: %s", r.ID-id, text)
			}
			others += strings.Count(text, muc.OccupantID(occupantKey, hall, bob))
		}
		if want := 2*archive.MaxRows + 2; others != want { // as the author, and in the tombstone and the notice of what bob moderated
			t.Errorf("%d ids of others, not %d", others, want)
		}
		rec, err = h.store.Room(t.Context(), hall)
		if err != nil || strings.Contains(string(rec.Subject.Stanza), old) || !strings.HasPrefix(rec.Subject.From.Resource(), "erased-") {
			t.Errorf("subject %+v, %v", rec.Subject, err)
		}
	})
}

// An erasure that could not find the ids does not begin.
func TestEraseWithoutKey(t *testing.T) {
	h := newHouse(t)
	h.furnish(t)
	damaged := errors.New("damaged")
	u := control.NewUsers(control.UsersOptions{Accounts: h.store, Persons: h.store, Hosts: func() []string { return []string{"a.test"} },
		Services: func() []string { return nil }, OccupantKey: func() ([]byte, error) { return nil, damaged }})
	if _, err := u.EraseUser(t.Context(), alice, false); !errors.Is(err, damaged) {
		t.Errorf("got %v", err)
	}
	if _, err := h.store.Account(t.Context(), alice); err != nil {
		t.Errorf("the account: %v", err)
	}
}
