package server_test

import (
	"strings"
	"testing"

	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/wire"
)

const muc = `xmlns="http://jabber.org/protocol/muc#user"`

func invite(c *xmpptest.Client, guests ...string) {
	var b strings.Builder
	for _, g := range guests {
		b.WriteString(`<invite to="` + g + `"><reason>come in</reason></invite>`)
	}
	c.Send(`<message to="` + lobby + `"><x ` + muc + `>` + b.String() + `</x></message>`)
}

// says reports whether a stanza contains all the parts.
func says(st wire.Stanza, parts ...string) bool {
	s := string(st.Append(nil))
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// XEP-0045 §7.8.2, XEP-0160 §2: an invitation, and its refusal, wait for who is away.
func TestInvitationWaits(t *testing.T) {
	s := xmpptest.Start(t)
	alice := enter(s, "alice@"+xmpptest.Host+"/a", lobby)
	bob := wire.MustAddr("bob@" + xmpptest.Host)
	s.AddUser(bob)
	invite(alice, bob.String())
	alice.Barrier()                                                                                                      // the two go different ways
	alice.Send(`<message to="bob@` + xmpptest.Host + `"><x xmlns="jabber:x:conference" jid="` + lobby + `"/></message>`) // XEP-0249
	alice.Barrier()
	b := s.Dial(bob.String() + "/b")
	b.Send(`<presence/>`)
	if st := until(b, isMessage); !says(st, `from="`+lobby+`"`, `<invite from="alice@`+xmpptest.Host+`"><reason>come in</reason></invite>`, "urn:xmpp:delay", "stanza-id") {
		t.Errorf("bob got %s", st.Append(nil))
	}
	if st := until(b, isMessage); !says(st, "jabber:x:conference", "urn:xmpp:delay") {
		t.Errorf("bob got %s", st.Append(nil))
	}
	alice.Send(`</stream:stream>`)
	alice.End()
	b.Send(`<message to="` + lobby + `"><x ` + muc + `><decline to="alice@` + xmpptest.Host + `"><reason>busy</reason></decline></x></message>`)
	b.Barrier()
	alice = s.Dial("alice@" + xmpptest.Host + "/a")
	alice.Send(`<presence/>`)
	if st := until(alice, isMessage); !says(st, `from="`+lobby+`"`, `<decline from="bob@`+xmpptest.Host+`"><reason>busy</reason>`) {
		t.Errorf("alice got %s", st.Append(nil))
	}
}

// Nobody who was not invited reaches somebody outside of the room through it.
func TestDeclineOfNothing(t *testing.T) {
	s := xmpptest.Start(t)
	enter(s, "alice@"+xmpptest.Host+"/a", lobby)
	bob, eve := s.Online("bob@"+xmpptest.Host+"/b"), s.Online("eve@"+xmpptest.Host+"/e")
	eve.Send(`<message to="` + lobby + `"><x ` + muc + `><decline to="bob@` + xmpptest.Host + `"><reason>spam</reason></decline></x></message>`)
	eve.Barrier()
	for _, st := range bob.Barrier() {
		if isMessage(st) {
			t.Errorf("bob got %s", st.Append(nil))
		}
	}
}

// An inviter sees no acknowledgement before the invitations are committed.
func TestInvitationIsAcknowledgedAfterTheCommit(t *testing.T) {
	s, store := faulty(t)
	alice, other := enter(s, "alice@"+xmpptest.Host, lobby), s.Online("dora@"+xmpptest.Host)
	for _, u := range []string{"bob", "carl"} {
		s.AddUser(wire.MustAddr(u + "@" + xmpptest.Host))
	}
	before := h(alice)
	waiting, release := store.HoldAppend()
	defer release()
	invite(alice, "bob@"+xmpptest.Host, "carl@"+xmpptest.Host)
	<-waiting
	other.Barrier()
	if n := h(alice); n != before {
		t.Errorf("h is %d before the commit, %d before the invitation", n, before)
	}
	release()
	alice.Barrier()
	if n := h(alice); n <= before { // the barrier may not be counted yet
		t.Errorf("h is %d after it, %d before", n, before)
	}
	for _, u := range []string{"bob", "carl"} {
		n, err := store.CountUndelivered(t.Context(), wire.MustAddr(u+"@"+xmpptest.Host), 9)
		if n != 1 || err != nil {
			t.Errorf("%d wait for %s: %v", n, u, err)
		}
	}
}
