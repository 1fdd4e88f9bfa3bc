package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

const fieldMembers = "muc#roomconfig_membersonly"

// guarded reports whether not everyone may enter, so that what is said inside is not for everyone.
func (s *settings) guarded() bool { return s.MembersOnly || len(s.Password) > 0 }

// membersFacet lets only members in (XEP-0045 §7.2.6).
var membersFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Boolean(fieldMembers, "Only members may enter", r.set.MembersOnly)
	},
	read: func(f wire.Form, _ *room, set *settings) error { return readBool(f, fieldMembers, &set.MembersOnly) },
	feature: func(set *settings) string {
		if set.MembersOnly {
			return "muc_membersonly"
		}
		return "muc_open"
	},
	join: func(r *room, j *joining) error {
		if r.set.MembersOnly && !j.affiliation.may(privilegeEnterMembersOnly) {
			return refusal(stanza.Auth, stanza.RegistrationRequired, "Only members may enter this room.")
		}
		return nil
	},
	after: func(r *room, was *settings) {
		if !r.set.MembersOnly || was.MembersOnly {
			return
		}
		for _, o := range r.everyone() {
			if o.affiliation < member {
				r.expel(o, expulsion{status: statusMembersOnly, affiliation: o.affiliation}) // §10.2
			}
		}
	},
}
