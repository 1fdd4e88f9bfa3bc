package muc

import "salon.im/salon/wire"

const fieldModerated = "muc#roomconfig_moderatedroom"

// moderatedFacet lets only those talk who have voice: who comes without an affiliation is a visitor (XEP-0045 §5.1.2).
// Those inside keep their roles when it changes.
var moderatedFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Boolean(fieldModerated, "Only those with voice may talk", r.set.Moderated)
	},
	read: func(f wire.Form, _ *room, set *settings) error { return readBool(f, fieldModerated, &set.Moderated) },
	feature: func(set *settings) string {
		if set.Moderated {
			return "muc_moderated"
		}
		return "muc_unmoderated"
	},
}
