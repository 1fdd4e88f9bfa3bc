package muc

import "salon.im/salon/wire"

const fieldLang = "muc#roomconfig_lang"

// languageFacet is the language that is spoken, a tag as in xml:lang.
var languageFacet = facet{
	form: func(f *wire.FormWriter, r *room) { f.TextSingle(fieldLang, "Language, such as en", r.set.Lang) },
	read: func(f wire.Form, _ *room, set *settings) error { return readText(f, fieldLang, maxLang, &set.Lang) },
	info: func(f *wire.FormWriter, r *room) {
		if r.set.Lang != "" {
			f.TextSingle("muc#roominfo_lang", "Language", r.set.Lang)
		}
	},
}
