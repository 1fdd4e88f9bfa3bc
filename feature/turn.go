package feature

import (
	"sync"

	"salon.im/salon/wire"
)

// turns lets one goroutine at a time act for an account, so that what its clients and contacts see comes in the order in
// which it was decided. Accounts do not wait for each other. Stanzas are sent within a turn: sending never blocks.
//
// Order of locks: a turn of presence -> a turn of the roster -> leaves. Nobody holds turns of two accounts.
type turns struct {
	mu sync.Mutex // a leaf
	m  map[wire.Addr]*turn
}

type turn struct {
	mu    sync.Mutex
	users int // who holds it or waits; guarded by turns.mu
}

// take waits for the account's turn, and returns the function that ends it.
func (t *turns) take(bare wire.Addr) (end func()) {
	t.mu.Lock()
	if t.m == nil {
		t.m = make(map[wire.Addr]*turn)
	}
	one := t.m[bare]
	if one == nil {
		one = &turn{}
		t.m[bare] = one
	}
	one.users++
	t.mu.Unlock()
	one.mu.Lock()
	return func() {
		one.mu.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(t.m, bare)
		}
	}
}
