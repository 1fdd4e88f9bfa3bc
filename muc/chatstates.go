package muc

import (
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsChatStates = "http://jabber.org/protocol/chatstates"

func advertiseChatStates(r *router.Router) {
	r.Advertise(router.OnRoom, router.XEP{Num: 85, Version: "2.1", Status: "complete", Note: "large rooms do not pass on what is a chat state alone"})
}

// dropsState reports whether a message is no more than a chat state, and the room too large for those: each goes to everyone,
// and nobody can follow hundreds who type (XEP-0085 §5.5, §5.8: a service may refuse to deliver them).
func (r *room) dropsState(st wire.Stanza) bool {
	return len(r.occupants) > r.s.o.Config().Rooms.ChatStatesMax && isChatState(st)
}

// isChatState reports whether a message is a standalone notification (XEP-0085 §5.6): a state, its thread (§5.7), and what
// clients add for servers alone.
func isChatState(st wire.Stanza) bool {
	if st.Has("", "body") { // nearly always
		return false
	}
	found := false
	for k := range st.Kids() {
		switch n := k.Name(); {
		case n.Space == nsChatStates:
			found = true
		case k.Is("", "thread"), n.Space == nsHints, n.Space == nsSID:
		default:
			return false
		}
	}
	return found
}
