package feature_test

import "testing"

// RFC 6121 §4.2.2: contacts and the user's own sessions hear the initial presence, strangers do not.
func TestInitialPresence(t *testing.T) {
	h := newHouse(t)
	anna, ben, carl := h.enter("anna/home"), h.enter("ben/desk"), h.enter("carl/desk")
	h.befriend(anna, ben)
	phone := h.bind("anna/phone")
	phone.say(`<presence><show>away</show><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/></presence>`)
	want(t, 1, ben.take(), `<presence from="anna@here.test/phone" to="ben@here.test"`, `<show>away</show><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="n" ver="v"/>`)
	want(t, 1, anna.take(), `from="anna@here.test/phone"`)
	want(t, 0, carl.take(), "presence")
	got := phone.take()
	want(t, 1, got, `<presence from="anna@here.test/phone" to="anna@here.test/phone"`)
	want(t, 1, got, `<presence from="anna@here.test/home" to="anna@here.test/phone"`)
	want(t, 1, got, `<presence from="ben@here.test/desk" to="anna@here.test/phone"`) // §4.3.2: the probe's answer
	want(t, 3, got, "")
}

// RFC 6121 §4.5.2, §4.6.3: a session that ends without a word leaves contacts and whoever saw it.
func TestGone(t *testing.T) {
	h := newHouse(t)
	anna, ben, carl := h.enter("anna/home"), h.enter("ben/desk"), h.enter("carl/desk")
	h.befriend(anna, ben)
	anna.say(`<presence to='carl@here.test'/>`, `<presence to='ben@here.test/desk'/>`, `<presence to='eve@far.test/x'/>`)
	want(t, 1, carl.take(), `from="anna@here.test/home"`)
	ben.take()
	h.remote.take()
	anna.leave()
	want(t, 1, ben.take(), `type="unavailable"`, `from="anna@here.test/home"`)
	want(t, 1, carl.take(), `type="unavailable"`, `from="anna@here.test/home"`)
	want(t, 1, h.remote.take(), `type="unavailable"`, `to="eve@far.test/x"`)
}
