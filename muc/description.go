package muc

import "salon.im/salon/wire"

const fieldDescription = "muc#roomconfig_roomdesc"

// descriptionFacet is what the room is about, in a few words.
var descriptionFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.TextSingle(fieldDescription, "Description", r.set.Description)
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		return readText(f, fieldDescription, maxDescription, &set.Description)
	},
	info: func(f *wire.FormWriter, r *room) {
		f.TextSingle("muc#roominfo_description", "Description", r.set.Description)
	},
}
