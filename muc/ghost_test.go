package muc_test

import (
	"testing"
	"time"
)

// XEP-0045 §18.1.2: an error that says that nobody is there takes a session out, with 333, whether a message or a presence comes
// back; any other error is an answer of somebody who is.
func TestGhostConditions(t *testing.T) {
	gone := map[string]bool{
		"gone": true, "item-not-found": true, "recipient-unavailable": true, "redirect": true, "remote-server-not-found": true,
		"remote-server-timeout": true, "jid-malformed": true,
		"bad-request": false, "conflict": false, "feature-not-implemented": false, "forbidden": false, "internal-server-error": false,
		"not-acceptable": false, "not-allowed": false, "not-authorized": false, "policy-violation": false, "registration-required": false,
		"resource-constraint": false, "subscription-required": false, "undefined-condition": false, "unexpected-request": false,
	}
	w, anna, ben, _ := three(t)
	for condition, out := range gone {
		for _, kind := range []string{"message", "presence"} {
			for _, to := range []string{roomJID, roomJID + "/A"} {
				anna.sync()
				ben.say(`<` + kind + ` type='error' to='` + to + `'><error type='cancel'><` + condition + ` xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></` + kind + `>`)
				ben.sync()
				if got := has(anna.sync(), `/B"`, `type="unavailable"`, `code="333"`, `role="none"`); got != out {
					t.Errorf("%s with %s to %s: gone %v", kind, condition, to, got)
				}
				if out {
					ben.enter("B")
				}
			}
		}
	}
	// service-unavailable to a message may be the client's own: TestDoubt.
	anna.sync()
	ben.say(`<presence type='error' to='` + roomJID + `'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`)
	ben.sync()
	w.want(anna.sync(), `/B"`, `code="333"`)
	ben.enter("B")
	// A condition of somebody's own, and none at all, say nothing.
	anna.sync()
	ben.say(`<message type='error' to='` + roomJID + `'><error type='cancel'><gone xmlns='urn:example'/></error></message>`)
	ben.say(`<message type='error' to='` + roomJID + `'/>`)
	ben.sync()
	w.wantNot(anna.sync(), `type="unavailable"`)
}

// XEP-0045 §18.1.2: whose error may be its own is asked, once in a while for all the errors that come; those of a server that has
// nobody there end with its being taken out.
func TestDoubt(t *testing.T) {
	w, ahead := clocked(t)
	anna, zoe := abroad(t, w)
	bounce := func() string {
		t.Helper()
		zoe.say(`<message type='error' to='` + roomJID + `/A'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`)
		anna.sync()
		return zoe.asked(pinged)
	}
	first := bounce()
	if first == "" {
		t.Fatal("not asked")
	}
	ahead.Add(int64(time.Minute - 1))
	if bounce() != "" {
		t.Error("asked again before the first question could be answered")
	}
	ahead.Add(1)
	second := bounce()
	if second == "" {
		t.Fatal("not asked again")
	}
	zoe.fails(first, "gone") // too late
	w.wantNot(anna.sync(), `type="unavailable"`)
	zoe.fails(second, "recipient-unavailable")
	w.want(anna.sync(), `type="unavailable"`, `code="333"`)
}
