package muc

import (
	"slices"
	"strings"
)

// expulsion is why an occupant is made to leave, as everyone is told.
type expulsion struct {
	status        int
	affiliation   affiliation // from now on
	actor, reason string
}

// everyone returns the occupants ordered by nick, so that a loop may remove them.
func (r *room) everyone() []*occupant {
	out := make([]*occupant, 0, len(r.occupants))
	for _, o := range r.occupants {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *occupant) int { return strings.Compare(a.nick, b.nick) })
	return out
}

// expel removes an occupant with all its sessions (XEP-0045 §8.2, §9.1): it is told first, then the others.
func (r *room) expel(o *occupant, why expulsion) { r.takeOut(o, why)() }

// takeOut removes an occupant, whose sessions are told. What it returns tells the others.
func (r *room) takeOut(o *occupant, why expulsion) (tellOthers func()) {
	n := about(o)
	n.gone, n.shows, n.statuses = true, nil, []int{why.status}
	n.item = item{affiliation: why.affiliation, role: noRole, actor: why.actor, reason: why.reason}
	own := slices.Clone(o.sessions)
	r.tellSelf(n, own...)
	for _, s := range own {
		r.remove(s)
	}
	return func() {
		r.tellOthers(n, o)
		r.emptied()
	}
}
