package muc

import "salon.im/salon/wire"

// lockFacet keeps everyone but owners out until the room is configured (XEP-0045 §7.2.10, §10.1.1).
var lockFacet = facet{
	join: func(r *room, j *joining) error {
		if r.state == locked && j.affiliation < owner {
			return errNoRoom
		}
		return nil
	},
}

// missing reports whether there is no such room for somebody: there is none, or it is locked, and that one neither
// owns it nor is inside (XEP-0045 §7.2.10, §17.2).
func (r *room) missing(full wire.Addr) bool {
	return r.state == absent || r.state == locked && r.sessions[full] == nil && r.rank(full.Bare()) < owner
}

// absence says why there is no such room for an account: clients ask about a room before they enter or make one.
func (r *room) absence(bare wire.Addr) error {
	if r.state == absent {
		if err := r.buried(bare); err != nil {
			return err
		}
	}
	return errNoRoom
}
