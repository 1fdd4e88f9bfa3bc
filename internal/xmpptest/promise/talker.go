package promise

import (
	"sync"

	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/wire"
)

// Talker is a client that sends messages along its lanes in turn, and writes everything into a ledger.
type Talker struct {
	*keeper.Client
	ledger *Ledger
	lanes  []Lane
	next   int // lane

	mu      sync.Mutex
	refused []string // to be sent again
}

// window is how many of a talker's stanzas may be unacknowledged.
const window = 400

// NewTalker takes a client over that has not connected.
func NewTalker(l *Ledger, c *keeper.Client, lanes ...Lane) *Talker {
	k := &Talker{Client: c, ledger: l, lanes: lanes}
	c.Acked, c.Receive = l.Acked, k.receive
	return k
}

// Say sends n messages, first those that were refused. One goroutine at a time calls it.
func (k *Talker) Say(n int) {
	k.mu.Lock()
	again := k.refused[:min(n, len(k.refused))]
	k.refused = k.refused[len(again):]
	k.mu.Unlock()
	var out []keeper.Stanza
	for _, key := range again {
		out = append(out, k.ledger.Again(key))
	}
	for len(out) < n && len(k.lanes) > 0 && k.Unacked()+len(out) < window {
		out = append(out, k.ledger.Next(k.lanes[k.next]))
		k.next = (k.next + 1) % len(k.lanes)
	}
	k.Send(out...)
}

// Repeat sends again what was refused, and nothing new.
func (k *Talker) Repeat() {
	k.mu.Lock()
	again := k.refused
	k.refused = nil
	k.mu.Unlock()
	var out []keeper.Stanza
	for _, key := range again {
		out = append(out, k.ledger.Again(key))
	}
	k.Send(out...)
}

func (k *Talker) receive(st wire.Stanza) {
	switch {
	case st.Kind() != wire.KindMessage:
	case st.Type() == "error":
		if k.ledger.Refused(st.ID(), string(st.Append(nil))) {
			k.mu.Lock()
			k.refused = append(k.refused, st.ID())
			k.mu.Unlock()
		}
	case st.Has("", "body"):
		k.ledger.Received(k.Addr, st)
	}
}
