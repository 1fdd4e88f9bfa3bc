package muc

import (
	"math"
	"slices"
	"sync"

	"salon.im/salon/wire"
)

// perUser is how many rooms a session of an account, bare, may be in: rooms.per_user, which does not bind admins of the host.
func (s *Service) perUser(bare wire.Addr) int {
	if s.isAdmin(bare) {
		return math.MaxInt
	}
	return s.o.Config().Rooms.PerUser
}

// ledger knows which rooms a session is in, to bound them and to take it out of all when it dies.
type ledger struct {
	mu sync.Mutex // a leaf
	in map[wire.Addr][]wire.Addr
}

// enter notes a room for a session. It reports false when the session is in max others already.
func (l *ledger) enter(full, room wire.Addr, max int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	rooms := l.in[full]
	if slices.Contains(rooms, room) {
		return true
	}
	if len(rooms) >= max {
		return false
	}
	if l.in == nil {
		l.in = map[wire.Addr][]wire.Addr{}
	}
	l.in[full] = append(rooms, room)
	return true
}

func (l *ledger) leave(full, room wire.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rooms := l.in[full]
	if i := slices.Index(rooms, room); i >= 0 {
		rooms = slices.Delete(rooms, i, i+1)
	}
	if len(rooms) == 0 {
		delete(l.in, full)
		return
	}
	l.in[full] = rooms
}

// rooms returns a copy of a session's rooms.
func (l *ledger) rooms(full wire.Addr) []wire.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.in[full])
}
