package archive_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const retractedAt = `stamp="2024-06-01T12:00:00.000Z"`

// XEP-0424 §5, XEP-0425 §5: what is left of a message.
func TestTombstone(t *testing.T) {
	at := time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	author := archive.Retraction{ID: "r1", At: at}
	moderator := archive.Retraction{ID: "r1", At: at, Moderated: true, By: wire.MustAddr("lobby@conference.capulet.example/Nurse"), Reason: "<rude>"}
	const left = `<retracted xmlns="urn:xmpp:message-retract:1" id="r1" ` + retractedAt
	for i, c := range []struct {
		why        archive.Retraction
		kids, want string
	}{
		0: {author, body + `<origin-id xmlns='urn:xmpp:sid:0' id='secret'/><thread>secret</thread><subject>secret</subject>`, left + `/>`},
		1: {author, omemo + `<x xmlns='jabber:x:oob'><url>secret</url></x>`, left + `/>`},
		2: {author, `<occupant-id xmlns='urn:xmpp:occupant-id:0' id='o1'>secret</occupant-id>` + body,
			`<occupant-id xmlns="urn:xmpp:occupant-id:0" id="o1"/>` + left + `/>`},
		3: {author, `<x xmlns='` + mucUser + `'><status code='100'/></x>` + body, `<x xmlns="` + mucUser + `"/>` + left + `/>`},
		4: {author, `<x xmlns='` + mucUser + `'><invite from='secret'/></x>`, left + `/>`},
		5: {author, `<retract xmlns='urn:xmpp:message-retract:1' id='m1'>secret</retract>` + body,
			`<retract xmlns="urn:xmpp:message-retract:1" id="m1"/>` + left + `/>`},
		6: {author, `<replace xmlns='urn:xmpp:message-correct:0' id='m1'>secret</replace>` + body,
			`<replace xmlns="urn:xmpp:message-correct:0" id="m1"/>` + left + `/>`},
		7: {moderator, body, left + `><moderated xmlns="urn:xmpp:message-moderate:1" by="lobby@conference.capulet.example/Nurse"/>` +
			`<reason>&lt;rude&gt;</reason></retracted>`},
	} {
		st, err := wire.Parse([]byte(`<message xmlns='jabber:client' type='chat' id='m0' from='a@b.example/x' to='c@d.example' xml:lang='en' secret='1'>` + c.kids + `</message>`))
		if err != nil {
			t.Fatal(i, err)
		}
		got := string(c.why.Tombstone(st).AppendStandalone(nil))
		if !strings.HasSuffix(got, `>`+c.want+`</message>`) || strings.Contains(got, "secret") || strings.Contains(got, ">hi<") {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
		for _, attr := range []string{`type="chat"`, `id="m0"`, `from="a@b.example/x"`, `to="c@d.example"`} {
			if !strings.Contains(got, attr) {
				t.Errorf("%d: no %s in %s", i, attr, got)
			}
		}
	}
}

// What retracts, and what does not.
func TestRetracts(t *testing.T) {
	for i, c := range []struct{ message, want string }{
		0: {`<message type='chat'>` + retract + `</message>`, "1"},
		1: {`<message type='groupchat'>` + retract + body + `</message>`, "1"},
		2: {`<message type='error'>` + retract + `</message>`, ""},
		3: {`<message type='chat'><retract xmlns='urn:xmpp:message-retract:1'/></message>`, ""},
		4: {`<message type='chat'><retract xmlns='urn:xmpp:message-retract:0' id='1'/></message>`, ""},
		5: {`<message type='chat'><forwarded xmlns='urn:xmpp:forward:0'>` + retract + `</forwarded></message>`, ""},
		6: {`<presence id='1'>` + retract + `</presence>`, ""},
	} {
		name, rest, _ := strings.Cut(c.message, " ")
		st, err := wire.Parse([]byte(name + ` xmlns='jabber:client' ` + rest))
		if err != nil {
			t.Fatal(i, err)
		}
		if id, ok := archive.Retracts(st); id != c.want || ok != (c.want != "") {
			t.Errorf("%d: %q, %v", i, id, ok)
		}
	}
}

// A message is looked for among the newest 500 of a conversation, and the newest one with the id is found.
func TestFind(t *testing.T) {
	f := &fake{}
	add := func(n int, id string) {
		for range n {
			st := wire.New(wire.KindMessage, "chat", id, romeo, juliet, wire.NewWriter().Elem("", "body", id).Payload())
			f.rows = append(f.rows, storage.Row{ID: int64(len(f.rows) + 1), Owner: juliet, Peer: romeo, Stanza: st.AppendStandalone(nil)})
		}
	}
	add(1, "too far")
	add(1, "a&b")
	add(2, "twice")
	for i := range 497 {
		add(1, fmt.Sprint("filler", i))
	}
	for i, c := range []struct {
		id   string
		want int64
	}{0: {"too far", 0}, 1: {"a&b", 2}, 2: {"twice", 4}, 3: {"filler496", 501}, 4: {"unknown", 0}} {
		row, found, err := archive.Find(t.Context(), f, archive.Wanted{Owner: juliet, With: romeo, ID: c.id, Mine: func(storage.Row) bool { return true }})
		if err != nil || found != (c.want != 0) || row.ID != c.want {
			t.Errorf("%d: row %d, found is %v, %v", i, row.ID, found, err)
		}
	}
	if _, found, _ := archive.Find(t.Context(), f, archive.Wanted{Owner: juliet, With: romeo, ID: "twice", Mine: func(r storage.Row) bool { return r.Outgoing }}); found {
		t.Error("a row that is refused is found")
	}
}

// narrow is a store that gives few rows at a time, and counts those that it gave.
type narrow struct {
	*fake
	t     *testing.T
	given int
}

func (n *narrow) Page(ctx context.Context, q storage.Query) ([]storage.Row, error) {
	if q.Limit > 50 {
		n.t.Errorf("%d rows at a time", q.Limit)
	}
	rows, err := n.fake.Page(ctx, q)
	n.given += len(rows)
	return rows, err
}

func (n *narrow) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) ([]storage.Row, error) {
	if limit > 50 {
		n.t.Errorf("%d rows at a time", limit)
	}
	rows, err := n.fake.Undelivered(ctx, owner, after, limit)
	n.given += len(rows)
	return rows, err
}

// What a retraction looks for is found among 500 rows, of which few are held at a time: they may be of 256 KiB each.
func TestLookBackIsBounded(t *testing.T) {
	const total, reach = 1200, 500
	f := &fake{}
	for i := range total {
		kids := body
		if i > 0 {
			kids += `<replace xmlns='urn:xmpp:message-correct:0' id='m0'/>`
		}
		f.rows = append(f.rows, storage.Row{ID: int64(i + 1), Owner: juliet, Peer: romeo, Kind: storage.RowChat, Undelivered: true,
			Stanza: fmt.Appendf(nil, `<message xmlns='jabber:client' type='chat' id='m%d'>%s</message>`, i, kids)})
	}
	all := func(storage.Row) bool { return true }
	newest := func(n *narrow, id string) (storage.Row, bool, error) {
		return archive.Find(t.Context(), n, archive.Wanted{Owner: juliet, With: romeo, ID: id, Mine: all})
	}
	waiting := func(n *narrow, id string) (storage.Row, bool, error) {
		return archive.FindWaiting(t.Context(), n, juliet, id, all)
	}
	for i, c := range []struct {
		find  func(*narrow, string) (storage.Row, bool, error)
		of    int
		found bool
	}{
		0: {newest, total - 1, true}, 1: {newest, total - reach, true}, 2: {newest, total - reach - 1, false},
		3: {waiting, 0, true}, 4: {waiting, reach - 1, true}, 5: {waiting, reach, false},
	} {
		n := &narrow{fake: f, t: t}
		row, found, err := c.find(n, fmt.Sprint("m", c.of))
		if err != nil || found != c.found || found && row.ID != int64(c.of+1) || n.given > reach {
			t.Errorf("%d: row %d, %v, %v out of %d", i, row.ID, found, err, n.given)
		}
	}
	n := &narrow{fake: f, t: t}
	if rows, err := archive.WithCorrections(t.Context(), n, f.rows[0], romeo, all); err != nil || len(rows) != 1+reach || n.given != reach {
		t.Errorf("%d rows, with corrections out of %d, %v", len(rows), n.given, err)
	}
}
