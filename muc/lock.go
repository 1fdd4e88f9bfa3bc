package muc

import (
	"time"

	"salon.im/salon/wire"
)

// lockTime is how long a room may wait for its configuration: meanwhile its name is kept from everyone else (XEP-0045 §14.6).
const lockTime = time.Hour

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

// endLocked destroys a room that waits for its configuration for too long, once what was said in it has come to an end.
func (r *room) endLocked() {
	if r.state != locked || r.line.busy() || r.s.o.Now().Before(r.lockEnds) {
		return
	}
	if err := r.destroy(wire.Kid{}); err != nil {
		r.lockEnds = r.s.o.Now().Add(lockTime) // it was logged
	}
}
