// Package routertest has what tests of those who use a router share: what a session without a socket was sent, and how that is
// read.
package routertest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"salon.im/salon/wire"
)

// patience is how long Until waits.
const patience = 10 * time.Second

// Inbox is what a session was sent and nobody read yet. The zero value is empty. Safe for any goroutine.
type Inbox struct {
	mu   sync.Mutex
	got  []wire.Stanza
	more chan struct{} // one slot: there may be something new; nil until somebody waits
}

// Put adds a stanza. It never waits.
func (b *Inbox) Put(st wire.Stanza) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, st)
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// Until takes everything up to the first stanza that is says yes to, which comes last, as XML. It waits for that stanza, and
// ends the test if it does not come within ten seconds; who is the session then.
func (b *Inbox) Until(t testing.TB, who wire.Addr, is func(wire.Stanza) bool) []string {
	t.Helper()
	var out []string
	deadline := time.After(patience)
	for {
		got, more := b.take()
		for i, st := range got {
			out = append(out, string(st.Append(nil)))
			if is(st) {
				b.back(got[i+1:])
				return out
			}
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("%s: what it waits for does not come; received %q", who, out)
		}
	}
}

func (b *Inbox) take() (got []wire.Stanza, more <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.more == nil {
		b.more = make(chan struct{}, 1)
	}
	got, b.got = b.got, nil
	return got, b.more
}

// back returns what was taken too much.
func (b *Inbox) back(rest []wire.Stanza) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(slices.Clone(rest), b.got...)
}
