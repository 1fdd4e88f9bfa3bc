package feature_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"salon.im/salon/feature"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// The caches of rosters and block lists stay within their weight, and keep what came last.
func TestCacheIsBounded(t *testing.T) {
	c := feature.NewCache(10)
	for i := range 100 {
		who := at(fmt.Sprintf("a%d", i))
		feature.PutCache(c, who, "1234")
		if _, ok := feature.GetCache(c, who); !ok {
			t.Fatal("the newest is not kept")
		}
	}
	kept := 0
	for i := range 100 {
		if _, ok := feature.GetCache(c, at(fmt.Sprintf("a%d", i))); ok {
			kept++
		}
	}
	if kept != 2 {
		t.Error(kept, "values of 4 in a cache of 10")
	}
	feature.PutCache(c, at("heavy"), "12345678901")
	if _, ok := feature.GetCache(c, at("heavy")); ok {
		t.Error("a value heavier than the cache is kept")
	}
}

// stuck stores nothing until it is let go.
type stuck struct {
	storage.Accounts
	gate chan struct{}

	mu    sync.Mutex
	calls int
	last  map[wire.Addr]string
}

func (s *stuck) PutLastSeen(_ context.Context, ends ...storage.LastSeen) error {
	<-s.gate
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for _, e := range ends {
		s.last[e.Addr] = e.Status
	}
	return nil
}

// A store that is slow holds nobody up: ends of sessions wait, so many and no more, the last of an account counts.
func TestSeenIsBounded(t *testing.T) {
	store := &stuck{gate: make(chan struct{}), last: map[wire.Addr]string{}}
	s := feature.NewSeen(store)
	for i := range feature.MaxSeen + 10 {
		feature.PutSeen(s, at(fmt.Sprintf("a%d", i)), time.Now(), "first")
	}
	feature.PutSeen(s, at("a7"), time.Now(), "second")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := feature.CloseSeen(s, over); err == nil {
		t.Error("closed while something waits")
	}
	close(store.gate)
	if err := feature.CloseSeen(s, t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(store.last); n < feature.MaxSeen || n > feature.MaxSeen+10 { // the first may be on their way
		t.Error(n, "are stored")
	}
	if store.calls > 20 {
		t.Error(store.calls, "transactions")
	}
	if store.last[at("a7")] != "second" {
		t.Error("the last end of a session is lost")
	}
}
