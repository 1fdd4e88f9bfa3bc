package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

const fieldPersistent = "muc#roomconfig_persistentroom"

// persistentFacet keeps the room when its last occupant leaves, and over restarts (XEP-0045 §4.2).
var persistentFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Boolean(fieldPersistent, "Keep this room when everyone has left", r.set.Persistent)
	},
	read: func(f wire.Form, r *room, set *settings) error {
		if err := readBool(f, fieldPersistent, &set.Persistent); err != nil {
			return err
		}
		if set.Persistent && !r.stored {
			return r.mayOwnMore()
		}
		return nil
	},
	feature: func(set *settings) string {
		if set.Persistent {
			return "muc_persistent"
		}
		return "muc_temporary"
	},
}

// mayOwnMore holds the room's owners against rooms.per_account_owned, before one more room is kept for them. It does not bind
// admins of the host.
func (r *room) mayOwnMore() error {
	max := r.s.o.Config().Rooms.PerAccountOwned
	ctx, cancel := r.ctx()
	defer cancel()
	for _, a := range r.affiliations {
		if a.Value != owner.String() || r.s.isAdmin(a.Addr) {
			continue
		}
		n, err := r.s.o.Rooms.CountOwned(ctx, a.Addr)
		if err != nil {
			return r.storageError("count rooms", err)
		}
		if n >= max {
			return refusal(stanza.Wait, stanza.ResourceConstraint, a.Addr.String()+" owns too many rooms.")
		}
	}
	return nil
}
