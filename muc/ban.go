package muc

import "mellium.im/xmpp/stanza"

// banFacet keeps outcasts out (XEP-0045 §7.2.7).
var banFacet = facet{
	join: func(_ *room, j *joining) error {
		if !j.affiliation.may(privilegeEnter) {
			return refusal(stanza.Auth, stanza.Forbidden, "You are banned from this room.")
		}
		return nil
	},
}
