package feature

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxSeen bounds the ends of sessions that wait to be stored. Beyond it the newest are not noted: thousands leave at once
// when the server stops, and nobody is there to ask.
const maxSeen = 10_000

// seen stores when sessions ended (XEP-0012 §4), behind their backs: one goroutine while there is something to store.
type seen struct {
	store storage.Accounts
	log   *slog.Logger

	mu      sync.Mutex // a leaf
	waiting map[wire.Addr]lastSeen
	idle    chan struct{} // closed when nothing waits; nil while nothing does
}

type lastSeen struct {
	at     time.Time
	status string
}

func newSeen(store storage.Accounts, log *slog.Logger) *seen {
	return &seen{store: store, log: log, waiting: make(map[wire.Addr]lastSeen)}
}

// put notes the end of a session. It does not block. The last one of an account counts.
func (s *seen) put(bare wire.Addr, at time.Time, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.waiting[bare]; !again && len(s.waiting) >= maxSeen {
		return
	}
	s.waiting[bare] = lastSeen{at, status}
	if s.idle == nil {
		s.idle = make(chan struct{})
		go s.run(s.idle)
	}
}

func (s *seen) run(idle chan struct{}) {
	for {
		bare, last, ok := s.next()
		if !ok {
			close(idle)
			return
		}
		if err := s.store.PutLastSeen(context.Background(), bare, last.at, last.status); err != nil {
			s.log.Error("last activity not stored", "jid", bare.String(), "err", err)
		}
	}
}

func (s *seen) next() (wire.Addr, lastSeen, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for bare, last := range s.waiting {
		delete(s.waiting, bare)
		return bare, last, true
	}
	s.idle = nil
	return wire.Addr{}, lastSeen{}, false
}

// close waits until nothing is left to store, or ctx ends.
func (s *seen) close(ctx context.Context) error {
	s.mu.Lock()
	idle := s.idle
	s.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
