package muc

import (
	"strconv"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

const fieldMaxUsers = "muc#roomconfig_maxusers"

// adminPlaces are those that admins and owners have in a room that is as full as the service lets it be: whoever fills a room with
// clients does not shut them out (XEP-0045 §7.2.9).
const adminPlaces = 10

// maxUsersFacet bounds the occupants (XEP-0045 §7.2.9). Admins and owners find room beyond the owner's limit, and a little beyond
// the service's.
var maxUsersFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		value := "none"
		if r.set.MaxUsers > 0 {
			value = strconv.Itoa(r.set.MaxUsers)
		}
		options := []wire.Option{{Label: "no limit", Value: "none"}}
		for _, n := range []string{"10", "20", "50", "100", "200", "500", "1000", "2000"} {
			options = append(options, wire.Option{Label: n, Value: n})
		}
		f.ListSingle(fieldMaxUsers, "Most occupants at a time", value, withValue(options, value)...)
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		v := f.Value(fieldMaxUsers)
		switch {
		case !f.Has(fieldMaxUsers):
		case v == "none" || v == "":
			set.MaxUsers = 0
		default:
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return badField(fieldMaxUsers)
			}
			set.MaxUsers = n
		}
		return nil
	},
	info: func(f *wire.FormWriter, r *room) {
		f.TextSingle("muc#roominfo_occupants", "Occupants", strconv.Itoa(len(r.occupants)))
	},
	join: func(r *room, j *joining) error {
		if o := r.occupants[j.nick]; o != nil || r.sessions[j.full] != nil {
			return nil // one more session of somebody who is here
		}
		return r.placeFor(j.affiliation)
	},
}

// placeFor refuses one more occupant where there is no place.
func (r *room) placeFor(a affiliation) error {
	n, max, all := len(r.occupants), r.set.MaxUsers, r.s.o.Config().Rooms.MaxOccupants
	if all > 0 && a >= admin {
		all += adminPlaces
	}
	if all > 0 && n >= all || max > 0 && n >= max && a < admin {
		return refusal(stanza.Wait, stanza.ServiceUnavailable, "The room is full.")
	}
	return nil
}
