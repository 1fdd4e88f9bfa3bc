package muc

import "salon.im/salon/wire"

// depart takes a session out (XEP-0045 §7.14). said is what its last presence said. Others see the occupant leave with
// its last session; until then they see the presence of another one.
func (r *room) depart(full wire.Addr, said wire.Payload, self ...int) {
	s := r.sessions[full]
	if s == nil {
		return
	}
	o := s.occ
	n := about(o)
	n.gone, n.shows, n.self = true, said, self
	n.item.role = noRole
	n.real = s.full
	wasShown := o.shown() == s
	last := r.remove(s)
	switch {
	case last:
		r.tellOthers(n, o)
	case wasShown:
		r.announce(o, nil, nil)
	}
	r.tellSelf(n, s)
	r.emptied()
}

// emptied ends a temporary room with its last occupant (XEP-0045 §4.2).
func (r *room) emptied() {
	if len(r.all) > 0 || r.stored || r.state == absent {
		return
	}
	r.log.Info("room ended", "reason", "empty")
	if err := r.purge(); err != nil {
		r.log.Warn("an ended room's messages stay until its name is used again", "err", err)
	}
	r.reset()
}

// shutDown ends the room with the server (XEP-0045 §15.6.2, status 332).
func (r *room) shutDown() {
	r.closing = true
	for _, s := range append([]*session(nil), r.all...) {
		n := about(s.occ)
		n.gone, n.shows, n.self = true, nil, []int{statusShutdown}
		n.item.role = noRole
		r.remove(s)
		r.tellSelf(n, s)
	}
}
