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
	own := `<occupant-id xmlns="urn:xmpp:occupant-id:0" id="secret"/><retracted xmlns="urn:xmpp:message-retract:1" id="r1" stamp="2025-01-01T00:00:00Z">` +
		`<moderated xmlns="urn:xmpp:message-moderate:1" by="` + room.String() + `/Secret"><occupant-id xmlns="urn:xmpp:occupant-id:0" id="secret"/></moderated><reason>r</reason></retracted>`
	row := storage.Row{ID: 7, Owner: room, Peer: romeo, Tombstone: true, Stanza: []byte(`<message xmlns="jabber:client" from="` + room.String() + `/Secret" type="groupchat">` + own + `</message>`)}
	if got := strings.ToLower(string(p.Rewrite(row, false, false, at).Stanza)); strings.Contains(got, "secret") || strings.Count(got, "<occupant-id ") != 2 ||
		!strings.Contains(got, `by="`+p.Occupant(room).String()+`"`) {
		t.Errorf("of what the person moderated of its own is left %s", got)
	}
	rw := p.Rewrite(storage.Row{ID: 7, Owner: room, Stanza: []byte("<secret")}, false, false, at)
	if got := string(rw.Stanza); !rw.Tombstone || strings.Contains(got, "secret") || !strings.Contains(got, `<retracted `) {
		t.Errorf("of damaged bytes is left %s", got)
	}
}

// A moderator who is erased has the pseudonym in notices and tombstones; those of other moderators stay as they are.
func TestPseudonymModerates(t *testing.T) {
	p := archive.NewPseudonyms().In(room)
	why := archive.Retraction{ID: "r1", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Moderated: true,
		By: wire.MustAddr(room.String() + "/Secret"), Occupant: "secret", Reason: "a <reason>"}
	said := wire.New(wire.KindMessage, "groupchat", "m1", wire.MustAddr(room.String()+"/Author"), wire.Addr{}, wire.NewWriter().
		Start("urn:xmpp:occupant-id:0", "occupant-id").Attr("id", "author").Payload())
	notice := wire.New(wire.KindMessage, "groupchat", "r1", room, wire.Addr{}, why.Notice("0123"))
	for i, st := range []wire.Stanza{why.Tombstone(said), notice} {
		row := storage.Row{Owner: room, ID: 7, Peer: romeo, Stanza: st.AppendStandalone(nil)}
		if _, ok := p.RewriteModeration(row, "another", true); ok {
			t.Errorf("%d: another's is rewritten", i)
		}
		rw, ok := p.RewriteModeration(row, "secret", true)
		got := string(rw.Stanza)
		if !ok || rw.Owner != room || rw.ID != 7 || !rw.Peer.IsZero() || rw.Tombstone || !rw.Hold {
			t.Errorf("%d: %v %+v", i, ok, rw)
		}
		as := `by="` + p.Occupant(room).String() + `"><occupant-id xmlns="urn:xmpp:occupant-id:0" id="`
		if strings.Contains(strings.ToLower(got), "secret") || !strings.Contains(got, as) || !strings.Contains(got, "<reason>a &lt;reason&gt;</reason>") {
			t.Errorf("%d: %s", i, got)
		}
		if k, _ := st.Kid("urn:xmpp:message-retract:1", "retracted"); !strings.Contains(got, `stamp="`+k.Attr("stamp")+`"`) == (i == 0) {
			t.Errorf("%d: another stamp in %s", i, got)
		}
	}
	if _, ok := p.RewriteModeration(storage.Row{Owner: room, Stanza: []byte("<damaged")}, "secret", false); ok {
		t.Error("damaged bytes are rewritten")
	}
}
