package muc

import (
	"context"

	"salon.im/salon/wire"
)

// Bounds of the requests to archives that wait: of all askers, and of one.
const (
	maxAskers = 4096
	maxAsking = 256
)

// turns gives each asker one request at a time, so that nobody's burst holds up others or piles up pages. Service.mu
// guards it.
type turns map[wire.Addr][]func(context.Context)

// queue has a request answered in its asker's turn; done is called after that. It reports false when too many wait.
func (s *Service) queue(a *asked, done func()) bool {
	who := a.st.From()
	if !s.o.Router.IsHost(who.Domain()) {
		who = who.Bare() // sessions elsewhere cost their user nothing
	}
	return s.take(who, func(ctx context.Context) {
		defer done()
		a.answer(ctx)
	})
}

// take runs f in the turn of who, on a goroutine of the service.
func (s *Service) take(who wire.Addr, f func(context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, busy := s.turns[who]
	switch {
	case s.closed, busy && len(waiting) >= maxAsking, !busy && len(s.turns) >= maxAskers:
		return false
	case busy:
		s.turns[who] = append(waiting, f)
		return true
	}
	s.turns[who] = nil
	s.running.Add(1)
	go s.serve(who, f)
	return true
}

// serve answers an asker's requests until none is left.
func (s *Service) serve(who wire.Addr, f func(context.Context)) {
	defer s.running.Done()
	for f != nil {
		f(s.ctx)
		f = s.next(who)
	}
}

func (s *Service) next(who wire.Addr) func(context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.turns[who]
	if len(waiting) == 0 {
		delete(s.turns, who)
		return nil
	}
	f := waiting[0]
	waiting[0] = nil
	s.turns[who] = waiting[1:]
	return f
}
