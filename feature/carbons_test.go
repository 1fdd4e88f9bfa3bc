package feature_test

import (
	"context"
	"strings"
	"testing"

	"salon.im/salon/feature"
	"salon.im/salon/wire"
)

// copying is anna at a desk and with a phone that wants copies, and ben alike.
func copying(t *testing.T) (w *world, desk, phone, ben, tablet *person) {
	w = newWorld(t)
	feature.Carbons(w.r)
	desk, phone = w.online("anna@example.test/desk"), w.dial("anna@example.test/phone")
	ben, tablet = w.online("ben@example.test/b"), w.dial("ben@example.test/tablet")
	for _, p := range []*person{phone, tablet} {
		w.want(p.ask("set", "", `<enable xmlns='urn:xmpp:carbons:2'/>`), `type="result"`)
	}
	return
}

// XEP-0280 §6.1: which messages are copied, to a full address of ben's. The sender's phone and ben's tablet ask for copies.
func TestCarbonsEligible(t *testing.T) {
	const body = `<body>x</body>`
	tests := []struct {
		typ, content string
		copied       bool
	}{
		0:  {"chat", body, true},
		1:  {"chat", `<x xmlns='unknown:ns'/>`, true},
		2:  {"normal", body, true},
		3:  {"normal", `<x xmlns='unknown:ns'/>`, false},
		4:  {"", body, true},
		5:  {"headline", body, false},
		6:  {"normal", `<received xmlns='urn:xmpp:receipts' id='1'/>`, true},
		7:  {"normal", `<composing xmlns='http://jabber.org/protocol/chatstates'/>`, true},
		8:  {"normal", `<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>`, true},
		9:  {"normal", `<x xmlns='jabber:x:conference' jid='hall@rooms.example.test'/>`, true},
		10: {"normal", `<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b.test'/></x>`, true},
		11: {"chat", body + `<private xmlns='urn:xmpp:carbons:2'/>`, false},
		12: {"chat", body + `<no-copy xmlns='urn:xmpp:hints'/>`, false},
		13: {"groupchat", body, false},
		14: {"error", body, false},
	}
	_, desk, phone, ben, tablet := copying(t)
	for i, tt := range tests {
		typ := ""
		if tt.typ != "" {
			typ = ` type='` + tt.typ + `'`
		}
		desk.say(`<message to='ben@example.test/b'` + typ + `>` + tt.content + `</message>`)
		desk.sync()
		if got := ben.sync(); len(got) != 1 {
			t.Errorf("%d: the message itself: %q", i, got)
		}
		if got := has(phone.sync(), `<sent xmlns="urn:xmpp:carbons:2"`); got != tt.copied {
			t.Errorf("%d: copied to the sender's phone: %v", i, got)
		}
		if got := has(tablet.sync(), `<received xmlns="urn:xmpp:carbons:2"`); got != tt.copied {
			t.Errorf("%d: copied to the recipient's tablet: %v", i, got)
		}
	}
}

// XEP-0280 §7, §8: how copies are wrapped. Each side's copy has the stanza-id of its own archive.
func TestCarbonsWrapping(t *testing.T) {
	w, desk, phone, _, tablet := copying(t)
	desk.say(`<message type='chat' id='m1' to='ben@example.test/b'><body>x</body></message>`)
	desk.sync()
	const inner = `<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client" from="anna@example.test/desk" to="ben@example.test/b" `
	sent, received := strings.Join(phone.sync(), ""), strings.Join(tablet.sync(), "")
	w.want(sent, `<message from="anna@example.test" to="anna@example.test/phone" type="chat"><sent xmlns="urn:xmpp:carbons:2">`+inner, `by="anna@example.test"`)
	w.want(received, `<message from="ben@example.test" to="ben@example.test/tablet" type="chat"><received xmlns="urn:xmpp:carbons:2">`+inner, `by="ben@example.test"`)
	if strings.Contains(sent, `by="ben@`) || strings.Contains(received, `by="anna@`) {
		t.Error("a stanza-id of the other side's archive")
	}
}

// XEP-0280 §7: who has the message itself gets no copy.
func TestCarbonsNoCopyBesideTheMessage(t *testing.T) {
	_, desk, _, ben, tablet := copying(t)
	tablet.say(`<presence/>`)
	tablet.sync()
	desk.say(chat("ben@example.test", "x"))
	desk.sync()
	for _, p := range []*person{ben, tablet} {
		if got := p.sync(); len(got) != 1 || has(got, "carbons") {
			t.Errorf("%s: %q", p.addr, got)
		}
	}
}

// A note to oneself reaches each session once, in one form.
func TestCarbonsToOneself(t *testing.T) {
	_, desk, phone, _, _ := copying(t)
	desk.say(chat("anna@example.test/desk", "x"))
	if got := desk.sync(); len(got) != 1 || has(got, "carbons") {
		t.Errorf("desk: %q", got)
	}
	if got := phone.sync(); len(got) != 1 || !has(got, "<sent ") {
		t.Errorf("phone: %q", got)
	}
}

// XEP-0280 §5: after disable there are no copies; §10.1: both may be repeated.
func TestCarbonsDisable(t *testing.T) {
	w, desk, phone, _, _ := copying(t)
	for _, verb := range []string{"enable", "disable", "disable"} {
		w.want(phone.ask("set", "", `<`+verb+` xmlns='urn:xmpp:carbons:2'/>`), `type="result"`)
	}
	desk.say(chat("ben@example.test", "x"))
	desk.sync()
	if got := phone.sync(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// XEP-0280 §4.1: another's account cannot be asked.
func TestCarbonsNotAllowed(t *testing.T) {
	w, desk, _, _, _ := copying(t)
	for _, to := range []string{"ben@example.test", host} {
		w.want(desk.ask("set", to, `<enable xmlns='urn:xmpp:carbons:2'/>`), `type="error"`, "not-allowed")
	}
}

// XEP-0280 §6.1: an error that answers a copied message is copied, to no one else's harm.
func TestCarbonsError(t *testing.T) {
	_, desk, phone, ben, _ := copying(t)
	desk.say(`<message type='chat' id='m1' to='ben@example.test/b'><body>x</body></message>`)
	desk.sync()
	phone.sync()
	for _, id := range []string{"m1", "other"} {
		ben.say(`<message type='error' id='` + id + `' to='anna@example.test/desk'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`)
	}
	ben.sync()
	if got := phone.sync(); len(got) != 1 || !contains(got[0], "<received ", `id='m1'`) {
		t.Errorf("%q", got)
	}
}

// XEP-0280 §6.1, private messages in rooms: what one session sends to an occupant is copied to sessions in that room alone;
// what an occupant sends is not copied.
func TestCarbonsRooms(t *testing.T) {
	w := newWorld(t)
	w.r.HandleService("rooms.example.test", service{})
	feature.Carbons(w.r)
	desk, phone, home := w.online("anna@example.test/desk"), w.online("anna@example.test/phone"), w.online("anna@example.test/home")
	for _, p := range []*person{phone, home} {
		p.ask("set", "", `<enable xmlns='urn:xmpp:carbons:2'/>`)
	}
	phone.res.AddDirected(wire.MustAddr("hall@rooms.example.test/Anna"), 10)
	desk.say(chat("hall@rooms.example.test/Ben", "x"))
	desk.sync()
	if got := phone.sync(); !has(got, "<sent ") {
		t.Errorf("the session in the room: %q", got)
	}
	if got := home.sync(); len(got) != 0 {
		t.Errorf("the session that is not: %q", got)
	}
	back, _ := wire.Parse([]byte(chat("anna@example.test/desk", "y")))
	w.r.Route(back.WithFrom(wire.MustAddr("hall@rooms.example.test/Ben")), nil)
	desk.until(func(st wire.Stanza) bool { return st.Has("", "body") })
	desk.sync()
	if got := phone.sync(); len(got) != 0 {
		t.Errorf("a copy of an occupant's message: %q", got)
	}
}

// service takes all that comes, and answers nothing.
type service struct{}

// Accept implements router.Service.
func (service) Accept(_ context.Context, st wire.Stanza, done func(wire.Stanza)) { done(st) }
