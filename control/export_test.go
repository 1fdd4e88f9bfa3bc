package control_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/control"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var (
	bob   = wire.MustAddr("bob@a.test")
	hall  = wire.MustAddr("hall@rooms.a.test")
	epoch = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
)

// node is an element as an XML parser sees it.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Kids    []node     `xml:",any"`
}

// all returns the children of that name.
func (n node) all(space, local string) (out []node) {
	for _, k := range n.Kids {
		if k.XMLName == (xml.Name{Space: space, Local: local}) {
			out = append(out, k)
		}
	}
	return out
}

// one returns the child of that name, or an empty node.
func (n node) one(space, local string) node {
	if found := n.all(space, local); len(found) == 1 {
		return found[0]
	}
	return node{}
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

const (
	nsPIE    = "urn:xmpp:pie:0"
	nsScram  = "urn:xmpp:pie:0#scram"
	nsRoster = "jabber:iq:roster"
	nsDelay  = "urn:xmpp:delay"
)

// forwarded is the message in a result, and when it came.
func forwarded(result node) (message node, stamp string) {
	f := result.one("urn:xmpp:forward:0", "forwarded")
	return f.one("jabber:client", "message"), f.one(nsDelay, "delay").attr("stamp")
}

// message is a row as the server stores it.
func message(id int64, owner, peer wire.Addr, kind storage.RowKind, from, body string) storage.Row {
	st := wire.New(wire.KindMessage, "chat", "", wire.MustAddr(from), owner, wire.NewWriter().Elem("", "body", body).Payload())
	return storage.Row{ID: id, Owner: owner, Peer: peer, Kind: kind, Stanza: st.AppendStandalone(nil)}
}

// furnish gives alice something of everything.
func (h *house) furnish(t *testing.T) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	check(h.AddUser(ctx, alice, "secret"))
	item := func(contact string, change func(*storage.RosterItem)) {
		t.Helper()
		_, _, err := h.store.UpdateRosterItem(ctx, alice, wire.MustAddr(contact), 0, func(it *storage.RosterItem) error {
			change(it)
			return nil
		})
		check(err)
	}
	item("bob@a.test", func(it *storage.RosterItem) {
		it.Name, it.Groups, it.Subscription, it.Listed = `B & "b"`, []string{"Work", "<Play>"}, storage.SubBoth, true
	})
	item("carol@c.test", func(it *storage.RosterItem) { it.Ask, it.Listed = true, true })
	item("dave@d.test", func(it *storage.RosterItem) {
		it.Request = []byte(`<presence xmlns="jabber:client" type="subscribe" from="dave@d.test" to="alice@a.test"/>`)
	})
	check(h.store.PutDocument(ctx, alice, "private", "exodus:prefs exodus", []byte(`<exodus xmlns="exodus:prefs"><nick>A</nick></exodus>`), 0))
	check(h.store.PutDocument(ctx, alice, "private", "storage:x storage", []byte(`<storage xmlns="storage:x"/>`), 0))
	check(h.store.PutDocument(ctx, alice, "vcard", "", []byte(`<vCard xmlns="vcard-temp"><FN>Alice</FN></vCard>`), 0))
	check(h.store.PutDocument(ctx, bob, "vcard", "", []byte(`<vCard xmlns="vcard-temp"><FN>Bob</FN></vCard>`), 0))
	check(h.store.Block(ctx, alice, 0, []wire.Addr{wire.MustAddr("spam.test")}))
	id := archive.TimeID(epoch)
	waiting := message(id+2, alice, bob, storage.RowChat, "bob@a.test/x", "are you there?")
	waiting.Undelivered = true
	_, err := h.store.Append(ctx, storage.Batch{Rows: []storage.Row{
		message(id, alice, bob, storage.RowChat, "bob@a.test/x", "<hello> & good day"),
		message(id+1, bob, alice, storage.RowChat, "alice@a.test/x", "of bob's own archive"),
		waiting,
		message(id+3, hall, alice, storage.RowGroupchat, "hall@rooms.a.test/Al", "in the hall"),
		message(id+4, hall, bob, storage.RowGroupchat, "hall@rooms.a.test/Bo", "not alice's"),
	}})
	check(err)
}

// export returns the user element of an export.
func export(t *testing.T, a control.Admin, addr wire.Addr) (user node, text string) {
	t.Helper()
	var b bytes.Buffer
	if err := a.ExportUser(t.Context(), addr, &b); err != nil {
		t.Fatal(err)
	}
	var doc node
	if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatalf("%v in %.3000s", err, b.String())
	}
	host := doc.one(nsPIE, "host")
	user = host.one(nsPIE, "user")
	if doc.XMLName != (xml.Name{Space: nsPIE, Local: "server-data"}) || host.attr("jid") != addr.Domain() || user.attr("name") != addr.Local() {
		t.Fatalf("not a document of %s: %.3000s", addr, b.String())
	}
	return user, b.String()
}

// XEP-0227 (1.1) §4: what is kept of a user comes out, as an importer looks for it.
func TestExport(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		u, text := export(t, a, alice)
		account, err := h.store.Account(t.Context(), alice)
		keys := u.all(nsScram, "scram-credentials")
		if err != nil || len(keys) != len(account.Keys) {
			t.Fatalf("%d keys (%v)", len(keys), err)
		}
		for i, k := range account.Keys {
			part := func(name string) string { return keys[i].one(nsScram, name).Text }
			if keys[i].attr("mechanism") != "SCRAM-"+k.Hash || part("iter-count") != fmt.Sprint(k.Iterations) || decode(t, part("salt")) != string(k.Salt) ||
				decode(t, part("server-key")) != string(k.ServerKey) || decode(t, part("stored-key")) != string(k.StoredKey) {
				t.Errorf("key %d is %+v", i, keys[i])
			}
		}
		var roster []string
		for _, it := range u.one(nsRoster, "query").all(nsRoster, "item") {
			line := fmt.Sprintf("%s %q %s %s", it.attr("jid"), it.attr("name"), it.attr("subscription"), it.attr("ask"))
			for _, g := range it.all(nsRoster, "group") {
				line += " " + g.Text
			}
			roster = append(roster, line)
		}
		if got := strings.Join(roster, "|"); got != `bob@a.test "B & \"b\"" both  Work <Play>|carol@c.test "" none subscribe` {
			t.Errorf("roster %s", got)
		}
		if r := u.one("jabber:client", "presence"); r.attr("from") != "dave@d.test" || r.attr("type") != "subscribe" {
			t.Errorf("request %+v", r)
		}
		private := u.one("jabber:iq:private", "query")
		if private.one("exodus:prefs", "exodus").one("exodus:prefs", "nick").Text != "A" || len(private.all("storage:x", "storage")) != 1 {
			t.Errorf("private data %+v", private)
		}
		if v := u.one("vcard-temp", "vCard"); v.one("vcard-temp", "FN").Text != "Alice" {
			t.Errorf("vCard %+v", v)
		}
		item := u.one("jabber:iq:privacy", "query").one("jabber:iq:privacy", "list").one("jabber:iq:privacy", "item")
		if item.attr("value") != "spam.test" || item.attr("action") != "deny" ||
			u.one("urn:xmpp:blocking", "blocklist").one("urn:xmpp:blocking", "item").attr("jid") != "spam.test" {
			t.Errorf("blocked %+v", item)
		}
		if strings.Contains(text, "of bob's own") || strings.Contains(text, "not alice's") || strings.Contains(text, "<FN>Bob") {
			t.Error("data of others")
		}
	})
}

// XEP-0227 §4.5, §4.11: what waits, the archive, and what was said in rooms.
func TestExportOfMessages(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		u, text := export(t, a, alice)
		archived := u.one("urn:xmpp:pie:0#mam", "archive").all(archive.NSMAM, "result")
		waiting := u.one(nsPIE, "offline-messages").all("jabber:client", "message")
		rooms := u.all("https://salon.im/export", "room")
		if len(archived) != 2 || len(waiting) != 1 || len(rooms) != 1 {
			t.Fatalf("%d archived, %d waiting, %d rooms: %s", len(archived), len(waiting), len(rooms), text)
		}
		const stamp = "2026-01-02T03:04:05.678Z"
		m, at := forwarded(archived[0])
		if m.one("jabber:client", "body").Text != "<hello> & good day" || at != stamp || archived[0].attr("id") != textOf(t, archive.TimeID(epoch)) {
			t.Errorf("first of the archive: %+v", archived[0])
		}
		w := waiting[0]
		if w.one("jabber:client", "body").Text != "are you there?" || w.one("urn:xmpp:sid:0", "stanza-id").attr("id") != archived[1].attr("id") ||
			w.one(nsDelay, "delay").attr("stamp") != stamp {
			t.Errorf("waiting: %+v", w)
		}
		said := rooms[0].all(archive.NSMAM, "result")
		if m, _ := forwarded(said[0]); rooms[0].attr("jid") != hall.String() || len(said) != 1 || m.one("jabber:client", "body").Text != "in the hall" {
			t.Errorf("room %+v", rooms[0])
		}
	})
}

// XEP-0227 §2 leaves rooms out: what they have listed a person as comes out in an element of its own, and nobody else's.
func TestExportOfAffiliations(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		for i, list := range [][]storage.Affiliation{
			{{Addr: alice, Value: "owner", By: bob}, {Addr: bob, Value: "admin", By: alice}},
			{{Addr: alice, Value: "outcast", Nick: `A"l`, Reason: "<rude>", By: bob, At: epoch}},
			{{Addr: bob, Value: "owner"}},
		} {
			room := storage.Room{Addr: wire.MustAddr(fmt.Sprintf("r%d@rooms.a.test", i)), Created: epoch, Config: []byte("{}")}
			if err := h.store.PutRoom(t.Context(), room, list); err != nil {
				t.Fatal(err)
			}
		}
		u, text := export(t, a, alice)
		var got []string
		for _, n := range u.all("https://salon.im/export", "affiliation") {
			got = append(got, fmt.Sprint(n.attr("room"), n.attr("affiliation"), n.attr("nick"), n.attr("reason"), n.attr("stamp"), len(n.Attrs)))
		}
		want := `[r0@rooms.a.testowner3 r1@rooms.a.testoutcastA"l<rude>2026-01-02T03:04:05.678Z6]`
		if fmt.Sprint(got) != want {
			t.Errorf("%q in %s", got, text)
		}
	})
}

// decode reads base64.
func decode(t *testing.T, s string) string {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// An archive is never held whole: it comes out in pages, and all of it.
func TestExportOfManyRows(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		const n = 2000
		var rows []storage.Row
		for i := range n {
			rows = append(rows, message(archive.TimeID(epoch.Add(time.Hour))+int64(i), alice, bob, storage.RowChat, "bob@a.test/x", fmt.Sprint("m", i)))
		}
		if _, err := h.store.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
			t.Fatal(err)
		}
		u, _ := export(t, a, alice)
		archived := u.one("urn:xmpp:pie:0#mam", "archive").all(archive.NSMAM, "result")
		if len(archived) != n+2 {
			t.Fatalf("%d messages", len(archived))
		}
		for i, r := range archived[2:] {
			if m, _ := forwarded(r); m.one("jabber:client", "body").Text != fmt.Sprint("m", i) {
				t.Fatalf("message %d is %+v", i, m)
			}
		}
	})
}

func TestExportRefusals(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		wantKind(t, "nobody", a.ExportUser(t.Context(), alice, io.Discard), control.Missing, "no user alice@a.test")
	})
}

// full is a file on a disk that fills up.
type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestExportToAFullDisk(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		h.furnish(t)
		if err := a.ExportUser(t.Context(), alice, &full{room: 100}); !errors.Is(err, errFull) {
			t.Errorf("got %v", err)
		}
	})
}

// half is a server whose export fails when a part of it was sent.
type half struct {
	server
	err error
}

func (s half) ExportUser(_ context.Context, _ wire.Addr, to io.Writer) error {
	if _, err := io.WriteString(to, "<server-data>"+strings.Repeat("x", 1<<17)); err != nil {
		return err
	}
	return s.err
}

// Who reads an export that was cut short hears of it.
func TestExportCutShort(t *testing.T) {
	for _, want := range []string{"the disk is gone", ""} {
		s := half{server: server{newHouse(t)}}
		if want != "" {
			s.err = errors.New(want)
		}
		dir := t.TempDir()
		end := serve(t, dir, s)
		client, err := control.NewClient(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		err = client.ExportUser(t.Context(), alice, io.Discard)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
		_ = client.Close()
		end()
	}
}
