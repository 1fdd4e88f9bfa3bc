package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// minRoomBurst is how often an account may enter one room at once, at least: with all its devices.
const minRoomBurst = 20

// XEP-0045 §14.6 leaves floods to the service; this is RFC 6120 §8.3.3.12, as for what is said too fast.
var errJoins = refusal(stanza.Wait, stanza.PolicyViolation, "You are entering rooms too fast.")

// mayJoin takes one from what an account may enter, in all rooms together: new rooms do not begin anew. What is refused later counts
// too, so that nobody tries passwords faster. Admins of the host may always.
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
