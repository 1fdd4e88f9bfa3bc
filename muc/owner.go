package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// getConfig sends the owner's form (XEP-0045 §10.2).
func (r *room) getConfig(st wire.Stanza, _ wire.Kid) (wire.Payload, error) {
	if err := r.ownersOnly(st); err != nil {
		return nil, err
	}
	form := wire.NewFormWriter("form", nsRoomConfig).Title("Room configuration")
	for _, f := range facets {
		if f.form != nil {
			f.form(form, r)
		}
	}
	return wire.NewWriter().Start(nsOwner, "query").Raw(form.Payload()).Payload(), nil
}

func (r *room) ownersOnly(st wire.Stanza) error {
	if r.affiliation(st.From().Bare()) != owner {
		return refusal(stanza.Auth, stanza.Forbidden, "Only an owner may do this.") // §10.2
	}
	return nil
}

// setOwner takes a configuration or destroys the room (XEP-0045 §10.1.2, §10.2, §10.9).
func (r *room) setOwner(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	if err := r.ownersOnly(st); err != nil {
		return nil, err
	}
	x, ok := k.Kid(wire.NSForm, "x")
	if !ok {
		return nil, errMalformed
	}
	form, err := wire.ReadForm(x)
	if err != nil {
		return nil, errMalformed
	}
	return nil, r.configure(form)
}

func (r *room) configure(form wire.Form) error {
	if r.state == locked {
		r.state = open // §10.1.2: an empty form makes an instant room
	}
	return nil
}
