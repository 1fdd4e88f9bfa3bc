package feature_test

import (
	"strings"
	"testing"

	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/wire"
)

// texts returns what a client received as text.
func texts(all []wire.Stanza) (out []string) {
	for _, st := range all {
		out = append(out, written(st))
	}
	return out
}

// until reads on until a stanza contains all parts, and returns everything read.
func until(c *xmpptest.Client, parts ...string) (got []string) {
	for {
		got = append(got, written(c.Recv()))
		if in(got[len(got)-1], parts...) {
			return got
		}
	}
}

// The whole server: two people become friends, one is away for the request; a restart loses nothing of it.
func TestFriendsOverTheWire(t *testing.T) {
	s := xmpptest.Start(t)
	anna, ben := "anna@"+xmpptest.Host, "ben@"+xmpptest.Host
	s.AddUser(wire.MustAddr(ben))
	a := s.Online(anna + "/home")
	a.Send(rosterGet + `<presence type='subscribe' to='` + ben + `'/>`)
	a.Barrier()
	s.Restart()
	b := s.Dial(ben + "/desk")
	b.Send(`<presence/>`)
	want(t, 1, texts(b.Barrier()), `from="`+anna+`"`, `type="subscribe"`)
	a = s.Dial(anna + "/home")
	a.Send(rosterGet + `<presence/>`)
	until(a, `<item jid="`+ben+`" subscription="none" ask="subscribe"/>`)
	b.Send(`<presence type='subscribed' to='` + anna + `'/><presence type='subscribe' to='` + anna + `'/>`)
	b.Barrier()
	until(a, `<presence from="`+ben+`/desk"`)
	a.Send(`<presence type='subscribed' to='` + ben + `'/>`)
	a.Barrier()
	until(b, `<presence from="`+anna+`/home"`)
	a.Write(`</stream:stream>`)
	until(b, `<presence from="`+anna+`/home"`, `type="unavailable"`)
}

// RFC 6121 §4.6.3: who says goodbye to all leaves the rooms too, though the session stays.
func TestGoodbyeLeavesRooms(t *testing.T) {
	s := xmpptest.Start(t)
	room := "hall@conference." + xmpptest.Host
	join := func(c *xmpptest.Client, nick string) {
		c.Send(`<presence to='` + room + `/` + nick + `'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
		until(c, `from="`+room+`/`+nick+`"`, `code="110"`)
	}
	a, b := s.Online("anna@"+xmpptest.Host+"/home"), s.Online("ben@"+xmpptest.Host+"/desk")
	join(a, "a")
	a.Send(`<iq type='set' id='c' to='` + room + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`)
	until(a, `id="c"`)
	join(b, "b")
	b.Send(`<presence type='unavailable'/>`)
	until(a, `from="`+room+`/b"`, `type="unavailable"`)
	join(b, "b")
	// XEP-0191 §5: a blocked occupant is not heard.
	b.Send(blockSet("block", room+"/a"))
	b.Barrier()
	a.Send(`<message type='groupchat' to='` + room + `'><body>unheard</body></message>`)
	until(a, "unheard")
	for _, st := range texts(b.Barrier()) {
		if strings.Contains(st, "unheard") {
			t.Error("heard:", st)
		}
	}
}
