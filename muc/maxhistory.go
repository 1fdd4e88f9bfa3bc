package muc

import (
	"strconv"
	"strings"

	"salon.im/salon/wire"
)

const fieldMaxHistory = "muc#maxhistoryfetch"

// maxHistoryFacet lets an owner say how many messages who enters is sent at most, within rooms.history_max (XEP-0045 §7.2.14).
var maxHistoryFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Integer(fieldMaxHistory, "Most messages of the history that are sent to who enters", r.maxHistory(), 0, r.s.o.Config().Rooms.HistoryMax)
	},
	read: func(f wire.Form, r *room, set *settings) error {
		v := strings.TrimSpace(f.Value(fieldMaxHistory))
		most := r.s.o.Config().Rooms.HistoryMax
		switch {
		case !f.Has(fieldMaxHistory):
		case v == "":
			set.MaxHistory = nil
		default:
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 {
				return badField(fieldMaxHistory)
			}
			if set.MaxHistory = &n; n >= most {
				set.MaxHistory = nil // as the service does, and as it will
			}
		}
		return nil
	},
	info: func(f *wire.FormWriter, r *room) {
		f.TextSingle(fieldMaxHistory, "Most messages of the history", strconv.Itoa(r.maxHistory()))
	},
}

// maxHistory is how many messages who enters is sent at most.
func (r *room) maxHistory() int {
	most := r.s.o.Config().Rooms.HistoryMax
	if r.set.MaxHistory != nil {
		return min(most, *r.set.MaxHistory)
	}
	return most
}
