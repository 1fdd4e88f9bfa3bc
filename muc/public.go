package muc

import "salon.im/salon/wire"

const fieldPublic = "muc#roomconfig_publicroom"

// publicFacet shows the room in the service's list, or hides it (XEP-0045 §4.2).
var publicFacet = facet{
	form: func(f *wire.FormWriter, r *room) { f.Boolean(fieldPublic, "List this room publicly", r.set.Public) },
	read: func(f wire.Form, _ *room, set *settings) error { return readBool(f, fieldPublic, &set.Public) },
	feature: func(set *settings) string {
		if set.Public {
			return "muc_public"
		}
		return "muc_hidden"
	},
}
