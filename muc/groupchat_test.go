package muc_test

import (
	"strings"
	"testing"
)

// XEP-0045 §7.1: presence of others, own presence, history, subject.
func TestJoinOrder(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	got := anna.enter("A")
	w.want(got, `<status code="110"/>`, `<status code="201"/>`, `affiliation="owner"`, `role="moderator"`)
	w.want(got, `<subject`)
	got = ben.enter("B")
	w.want(got, `<item-not-found`) // §7.2.10: locked
	anna.configure()
	anna.talk("one")
	anna.sync()
	got = ben.enter("B")
	others, own := index(got, `<presence`, `hall@rooms.example.test/A`), index(got, `code="110"`)
	history, subject := index(got, `<body>one</body>`, `<delay`, `stanza-id`), index(got, `<subject`)
	if others < 0 || own < others || history < own || subject < history {
		t.Errorf("order %d %d %d %d in\n%s", others, own, history, subject, strings.Join(got, "\n"))
	}
	w.want(anna.sync(), `<presence`, `/B"`, `role="participant"`)
}

// XEP-0045 §7.4: everyone has the message, its sender too, with the room's stanza-id.
func TestGroupchat(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	anna.say(`<message type='groupchat' id='m1' to='` + roomJID + `'><body>hi</body><stanza-id xmlns='urn:xmpp:sid:0' by='` + roomJID + `' id='fake'/></message>`)
	for _, p := range []*person{anna, ben} {
		got := p.sync()
		w.want(got, `from="`+roomJID+`/A"`, `id="m1"`, `<body>hi</body>`, `<stanza-id xmlns="urn:xmpp:sid:0" by="`+roomJID+`"`)
		w.wantNot(got, `fake`)
	}
	carl := w.dial("carl")
	carl.talk("from outside")
	w.want(carl.sync(), `<not-acceptable`)
}

// XEP-0045 §8.1: the subject comes live, and again on joining.
func TestSubject(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.say(`<message type='groupchat' to='` + roomJID + `'><subject>Tea</subject></message>`)
	w.want(anna.sync(), `<subject>Tea</subject>`)
	w.want(ben.enter("B"), `<subject>Tea</subject>`, `<delay`)
	ben.say(`<message type='groupchat' to='` + roomJID + `'><subject>Coffee</subject></message>`)
	w.want(ben.sync(), `<forbidden`)
}

// XEP-0045 §7.14: others see who leaves, who leaves sees it confirmed.
func TestLeave(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	ben.say(`<presence type='unavailable' to='` + roomJID + `/B'><status>bye</status></presence>`)
	w.want(ben.sync(), `type="unavailable"`, `code="110"`)
	w.want(anna.sync(), `type="unavailable"`, `role="none"`, `<status>bye</status>`)
	w.router.Unbind(w.ctx, anna.res)
	got := ben.enter("B")
	w.want(got, `code="201"`) // anna's session died, and the temporary room with it
}
