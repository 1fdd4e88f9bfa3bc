package muc

import (
	"sync"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// maxJoiners bounds the accounts of which the service, or a room, knows how often they entered.
const maxJoiners = 10_000

// minRoomBurst is how often an account may enter one room at once, at least: with all its devices.
const minRoomBurst = 20

// XEP-0045 §14.6 leaves floods to the service; this is RFC 6120 §8.3.3.12, as for what is said too fast.
var errJoins = refusal(stanza.Wait, stanza.PolicyViolation, "You are entering rooms too fast.")

// joins counts how often accounts, bare, ask to enter: all their sessions together, and for the service all rooms, so that neither new
// devices nor new rooms begin anew. What is refused counts too, so that nobody tries passwords faster.
type joins struct {
	mu      sync.Mutex // a leaf
	buckets map[wire.Addr]bucket
}

// take counts one more, and reports false if that is too many. At the bound another account, any, is forgotten.
func (j *joins) take(bare wire.Addr, now time.Time, perMinute, burst int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.buckets == nil {
		j.buckets = map[wire.Addr]bucket{}
	}
	b, known := j.buckets[bare]
	ok := b.take(now, float64(perMinute)/60, burst)
	for old := range j.buckets {
		if known || len(j.buckets) < maxJoiners {
			break
		}
		delete(j.buckets, old)
	}
	if !known {
		bare = bare.Clone() // it is kept, the stanza is not
	}
	j.buckets[bare] = b
	return ok
}

// mayJoin takes one from what an account may enter. Admins of the host may always.
func (s *Service) mayJoin(bare wire.Addr) bool {
	c := s.o.Config().Rooms
	return s.joins.take(bare, s.o.Now(), c.JoinsPerMinute, c.JoinsBurst) || s.isAdmin(bare)
}

// mayJoin takes one from what an account may enter, here and in all rooms. rooms.joins_burst is for devices times rooms; a tenth of
// it is enough for one room, where everybody is told each time.
func (r *room) mayJoin(bare wire.Addr) bool {
	c := r.s.o.Config().Rooms
	burst := min(c.JoinsBurst, max(minRoomBurst, c.JoinsBurst/10))
	return r.s.mayJoin(bare) && (r.entered.take(bare, r.s.o.Now(), c.JoinsPerMinute, burst) || r.s.isAdmin(bare))
}
