package muc

import "salon.im/salon/wire"

const fieldBroadcast = "muc#roomconfig_presencebroadcast"

// broadcastFacet says of which roles presence is told to others (XEP-0045 §10.1.3): a large room may show its speakers
// alone. An occupant always has its own presence.
var broadcastFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		var shown []string
		for ro := visitor; ro <= moderator; ro++ {
			if !r.set.silent(ro) {
				shown = append(shown, ro.String())
			}
		}
		f.ListMulti(fieldBroadcast, "Roles whose presence everyone sees", shown,
			wire.Option{Label: "Moderators", Value: "moderator"}, wire.Option{Label: "Participants", Value: "participant"},
			wire.Option{Label: "Visitors", Value: "visitor"})
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		if !f.Has(fieldBroadcast) {
			return nil
		}
		set.Silent = 1<<visitor | 1<<participant | 1<<moderator
		for _, v := range f.Values(fieldBroadcast) {
			ro, ok := parseRole(v)
			if !ok || ro == noRole {
				return badField(fieldBroadcast)
			}
			set.Silent &^= 1 << ro
		}
		return nil
	},
	after: func(r *room, was *settings) {
		for _, o := range r.everyone() {
			r.appear(o, !was.silent(o.role))
		}
	},
}

// silent reports whether presence of a role is not told to others.
func (s *settings) silent(ro role) bool { return s.Silent&(1<<ro) != 0 }

// appear lets an occupant come into the others' sight, or vanish from it, if that has changed: shown says how it was.
func (r *room) appear(o *occupant, shown bool) {
	switch hidden := r.set.silent(o.role); {
	case shown && hidden:
		n := about(o)
		n.gone, n.shows = true, nil
		n.item.role = noRole
		r.spread(n, o)
	case !shown && !hidden:
		r.tell(o)
	}
}
