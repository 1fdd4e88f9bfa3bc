package server_test

import (
	"testing"

	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/wire"
)

// XEP-0045 §7.5, XEP-0280 §6.1: what an occupant of a room writes to one session reaches no other of the account, now or
// later; an ordinary message does (RFC 6121 §8.5.3.2.1).
func TestPrivateMessageForSessionThatLeft(t *testing.T) {
	s := xmpptest.Start(t)
	alice, bob := s.Online("alice@"+xmpptest.Host+"/a"), s.Online("bob@"+xmpptest.Host+"/there")
	alice.Send(`<message type="chat" id="pm" to="bob@` + xmpptest.Host + `/left"><body>in the room</body><x ` + muc + `/></message>`)
	if st := until(alice, isError); st.ID() != "pm" || !has(st, "cancel", "service-unavailable") {
		t.Errorf("alice got %s", st.Append(nil))
	}
	message(alice, "bob@"+xmpptest.Host+"/left", "chat")
	if st := until(bob, isMessage); st.ID() != "chat" {
		t.Errorf("bob got %s", st.Append(nil))
	}
	later := s.Online("bob@" + xmpptest.Host + "/later")
	for _, st := range append(later.Barrier(), bob.Barrier()...) {
		if isMessage(st) && st.ID() == "pm" {
			t.Errorf("%s got %s", st.To(), st.Append(nil))
		}
	}
}

// A message from one occupant to another reaches the sessions in the room, and is no message that waits for others.
func TestPrivateMessageStaysInRoom(t *testing.T) {
	s, store := faulty(t)
	alice, bob := enter(s, "alice@"+xmpptest.Host+"/a", lobby), enter(s, "bob@"+xmpptest.Host+"/b", lobby)
	other := s.Online("bob@" + xmpptest.Host + "/other")
	alice.Send(`<message type="chat" id="pm" to="` + lobby + `/bob"><body>psst</body></message>`)
	if st := until(bob, isMessage); st.ID() != "pm" {
		t.Errorf("bob got %s", st.Append(nil))
	}
	for _, st := range other.Barrier() {
		if isMessage(st) {
			t.Errorf("the session that is not in the room got %s", st.Append(nil))
		}
	}
	if n, err := store.CountUndelivered(t.Context(), wire.MustAddr("bob@"+xmpptest.Host), 9); n != 0 || err != nil {
		t.Errorf("%d wait: %v", n, err)
	}
}
