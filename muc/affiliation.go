package muc

import (
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// affiliation is a long-lived relation to a room, in ascending order of rights (XEP-0045 §5.2).
type affiliation uint8

// The affiliations.
const (
	outcast affiliation = iota
	unaffiliated
	member
	admin
	owner
)

var affiliationNames = [...]string{"outcast", "none", "member", "admin", "owner"}

func (a affiliation) String() string { return affiliationNames[a] }

// parseAffiliation reads an affiliation as it stands on the wire and in the store.
func parseAffiliation(s string) (affiliation, bool) {
	for i, n := range affiliationNames {
		if n == s {
			return affiliation(i), true
		}
	}
	return unaffiliated, false
}

// role is what an occupant may do during one visit, in ascending order (XEP-0045 §5.1).
type role uint8

// The roles.
const (
	noRole role = iota
	visitor
	participant
	moderator
)

var roleNames = [...]string{"none", "visitor", "participant", "moderator"}

func (r role) String() string { return roleNames[r] }

// parseRole reads a role as it stands on the wire.
func parseRole(s string) (role, bool) {
	for i, n := range roleNames {
		if n == s {
			return role(i), true
		}
	}
	return noRole, false
}

// affiliation returns the relation of a bare address to the room. A ban may name a whole domain.
func (r *room) affiliation(bare wire.Addr) affiliation {
	if a, ok := r.affiliations[bare]; ok {
		v, _ := parseAffiliation(a.Value)
		return v
	}
	if a, ok := r.affiliations[bare.Host()]; ok && a.Value == outcast.String() {
		return outcast
	}
	return unaffiliated
}

// initialRole is the role that an affiliation has on entering (XEP-0045 §5.1.2, Table 5).
func (r *room) initialRole(a affiliation) role {
	switch {
	case a >= admin:
		return moderator
	case a == outcast:
		return noRole
	case a == unaffiliated && r.set.Moderated:
		return visitor
	}
	return participant
}

// putAffiliations stores changes, then takes them over. On an error nothing has changed. Temporary rooms keep theirs in
// memory alone.
func (r *room) putAffiliations(changes []storage.Affiliation) error {
	if r.stored {
		ctx, cancel := r.ctx()
		defer cancel()
		if err := r.s.o.Rooms.PutAffiliations(ctx, r.addr, changes); err != nil {
			return r.storageError("store affiliations", err)
		}
	}
	for _, c := range changes {
		if c.Value == unaffiliated.String() {
			delete(r.affiliations, c.Addr)
		} else {
			r.affiliations[c.Addr] = c
		}
	}
	return nil
}
