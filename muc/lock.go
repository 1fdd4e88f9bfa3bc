package muc

// lockFacet keeps everyone but owners out until the room is configured (XEP-0045 §7.2.10, §10.1.1).
var lockFacet = facet{
	join: func(r *room, j *joining) error {
		if r.state == locked && j.affiliation < owner {
			return errNoRoom
		}
		return nil
	},
}
