package muc

import "salon.im/salon/wire"

// depart takes a session out (XEP-0045 §7.14). said is what its last presence said, statuses why it went, if not by
// itself. Others see the occupant leave with its last session; until then they see the presence of another one.
func (r *room) depart(full wire.Addr, said wire.Payload, statuses ...int) {
	s := r.sessions[full]
	if s == nil {
		return
	}
	o := s.occ
	n := about(o)
	n.gone, n.shows, n.statuses, n.real = true, said, statuses, s.full
	n.item.role = noRole
	if r.state == locked && len(r.all) == 1 {
		n.destroy = wire.NewWriter().Start(nsUser, "destroy").Payload() // §10.1.3
	}
	wasShown := o.shown() == s
	last := r.remove(s)
	r.tellSelf(n, s)
	switch {
	case last:
		r.tellOthers(n, o)
	case wasShown:
		r.update(o)
	}
	r.emptied()
}

// emptied ends a temporary room with its last occupant (XEP-0045 §4.2).
func (r *room) emptied() {
	if len(r.all) > 0 || r.stored || r.state == absent || r.closing {
		return
	}
	r.log.Info("room ended", "reason", "empty")
	defer r.list()
	if r.held() {
		r.log.Info("an ended room's messages stay under hold")
	} else if err := r.purge(); err != nil {
		r.log.Warn("an ended room's messages stay until its name is used again", "err", err)
	}
	if r.state == open {
		r.unbury() // nobody destroyed it: a crash may have left a tomb of the attempt (destroy)
	}
	r.s.activity.forget(r.addr)
	r.reset()
}

// shutDown ends the room with the server: status 332 (XEP-0045 §11.2).
func (r *room) shutDown() {
	r.closing = true
	for _, s := range append([]*session(nil), r.all...) {
		n := about(s.occ)
		n.gone, n.shows, n.statuses = true, nil, []int{statusShutdown}
		n.item.role = noRole
		r.tellSelf(n, s)
		r.remove(s)
	}
}
