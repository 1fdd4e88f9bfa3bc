package feature

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxSeen bounds the ends of sessions that wait to be stored. Beyond it the newest are not noted: thousands leave at once
// when the server stops, and nobody is there to ask.
const maxSeen = 10_000

// seenBatch is how many of them are stored in one transaction.
const seenBatch = 1000

// seen stores when sessions ended (XEP-0012 §4), behind their backs: one goroutine while there is something to store.
type seen struct {
	store  storage.Accounts
	log    *slog.Logger
	panics *atomic.Int64 // the router's

	mu      sync.Mutex // a leaf
	waiting map[wire.Addr]storage.LastSeen
	idle    chan struct{} // closed when nothing waits; nil while nothing does
}

func newSeen(store storage.Accounts, log *slog.Logger, panics *atomic.Int64) *seen {
	return &seen{store: store, log: log, panics: panics, waiting: make(map[wire.Addr]storage.LastSeen)}
}

// put notes the end of a session. It does not block. The last one of an account counts.
func (s *seen) put(bare wire.Addr, at time.Time, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.waiting[bare]; !again && len(s.waiting) >= maxSeen {
		return
	}
	s.waiting[bare] = storage.LastSeen{Addr: bare, At: at, Status: status}
	if s.idle == nil {
		s.idle = make(chan struct{})
		go s.run(s.idle)
	}
}

func (s *seen) run(idle chan struct{}) {
	for {
		ends := s.next()
		if len(ends) == 0 {
			close(idle)
			return
		}
		if err := s.save(ends); err != nil {
			s.log.Error("last activity not stored", "accounts", len(ends), "err", err)
		}
	}
}

// save stores a batch. A store that panics fails, and takes nothing else along.
func (s *seen) save(ends []storage.LastSeen) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.panics.Add(1)
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return s.store.PutLastSeen(context.Background(), ends...)
}

// next takes what is stored in one transaction; nothing ends the goroutine.
func (s *seen) next() (ends []storage.LastSeen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for bare, e := range s.waiting {
		if len(ends) == seenBatch {
			break
		}
		ends = append(ends, e)
		delete(s.waiting, bare)
	}
	if len(ends) == 0 {
		s.idle = nil
	}
	return ends
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
