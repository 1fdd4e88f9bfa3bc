package archive_test

import (
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func TestPseudonyms(t *testing.T) {
	p, other := archive.NewPseudonyms(), wire.MustAddr("other@conference.capulet.example")
	a, b, again := p.In(room), p.In(other), p.In(room)
	if a != again || a == b || archive.NewPseudonyms().In(room) == a {
		t.Errorf("%+v, %+v, %+v", a, again, b)
	}
	if !strings.HasPrefix(a.Nick, "erased-") || a.Peer.Domain() != "invalid" || a.Occupant(room).Resource() != a.Nick || a.Occupant(room).Bare() != room {
		t.Errorf("%+v is %s", a, a.Occupant(room))
	}
}

func TestPseudonymRewrites(t *testing.T) {
	p, at := archive.NewPseudonyms().In(room), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const body = `<body>hello</body>`
	for i, test := range []struct {
		kids       string
		bury, dead bool
		has, hasNo []string
		tombstone  bool
	}{
		0: {kids: body + `<origin-id xmlns="urn:xmpp:sid:0" id="o1"/>`, has: []string{body, `id="o1"`, `id="m1"`}},
		1: {kids: body + `<occupant-id xmlns="urn:xmpp:occupant-id:0" id="secret"/>`, has: []string{body, `<occupant-id `}, hasNo: []string{"secret"}},
		2: {kids: body + `<nick xmlns="http://jabber.org/protocol/nick">secret</nick>`, has: []string{body}, hasNo: []string{"secret"}},
		3: {kids: body + `<x xmlns="http://jabber.org/protocol/muc#user"><item jid="secret@a.example"/></x>`, has: []string{body}, hasNo: []string{"secret"}},
		4: {kids: body + `<addresses xmlns="http://jabber.org/protocol/address"><address jid="secret@a.example" type="ofrom"/></addresses>`, has: []string{body}, hasNo: []string{"secret"}},
		5: {kids: body, bury: true, has: []string{`<retracted `, `id="m1"`}, hasNo: []string{"hello"}, tombstone: true},
		6: {kids: `<retracted xmlns="urn:xmpp:message-retract:1" id="r1" stamp="2025-01-01T00:00:00Z"/>`, bury: true, dead: true, has: []string{`id="r1"`}},
	} {
		st := `<message xmlns="jabber:client" from="` + room.String() + `/Secret" type="groupchat" id="m1">` + test.kids + `</message>`
		row := storage.Row{ID: 7, Owner: room, Peer: romeo, Kind: storage.RowGroupchat, Tombstone: test.dead, Stanza: []byte(st)}
		rw := p.Rewrite(row, test.bury, i%2 == 0, at)
		got := string(rw.Stanza)
		if rw.Owner != room || rw.ID != 7 || rw.Peer != p.Peer || rw.Tombstone != test.tombstone || rw.Hold != (i%2 == 0) {
			t.Errorf("%d: %+v", i, rw)
		}
		for _, want := range append(test.has, `from="`+p.Occupant(room).String()+`"`) {
			if !strings.Contains(got, want) {
				t.Errorf("%d: no %s in %s", i, want, got)
			}
		}
		for _, trace := range append(test.hasNo, "Secret") {
			if strings.Contains(got, trace) {
				t.Errorf("%d: %s is left in %s", i, trace, got)
			}
		}
	}
	rw := p.Rewrite(storage.Row{ID: 7, Owner: room, Stanza: []byte("<secret")}, false, false, at)
	if got := string(rw.Stanza); !rw.Tombstone || strings.Contains(got, "secret") || !strings.Contains(got, `<retracted `) {
		t.Errorf("of damaged bytes is left %s", got)
	}
}
