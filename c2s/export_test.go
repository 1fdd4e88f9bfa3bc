package c2s

import (
	"time"

	"salon.im/salon/auth"
	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// MaxGone is the bound of the ended sessions that are remembered.
const MaxGone = maxGone

// FailureLines is how many failed logins are logged at once.
const FailureLines = failureLines

// Check looks at all sessions as the watch does at that time.
func (s *Server) Check(now time.Time) {
	for _, x := range s.list() {
		x.check(now)
	}
}

// SetMaxNegotiating sets the bound of the connections that are not logged in.
func (s *Server) SetMaxNegotiating(n int64) { s.maxNegotiating.Store(n) }

// Throttle returns the throttle for those settings.
func (s *Server) Throttle(cfg *config.Config) *auth.Throttle { return s.throttle.get(cfg) }

// Remember notes an ended session, and Remembered finds its h.
func (s *Server) Remember(id string, addr wire.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone.addLocked(id, &Session{addr: addr})
}

// Remembered reports whether the user is told the h of an ended session, and how many are kept.
func (s *Server) Remembered(id string, user wire.Addr) (bool, int) {
	return s.gone.find(id, user) != nil, s.gone.h.Len()
}

// MaxMisfits bounds refusals that are no guesses.
const MaxMisfits = maxMisfits

// WatchInterval is the time between two looks at all sessions.
func (s *Server) WatchInterval() time.Duration { return s.watchInterval() }
