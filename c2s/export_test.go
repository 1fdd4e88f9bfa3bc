package c2s

import "time"

// Check looks at all sessions as the watch does at that time.
func (s *Server) Check(now time.Time) {
	for _, x := range s.list() {
		x.check(now)
	}
}
