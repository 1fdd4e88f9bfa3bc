package muc

import (
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// rank is the affiliation by which an account's requests are judged: admins of the host may do what owners may.
func (r *room) rank(bare wire.Addr) affiliation {
	if r.s.isAdmin(bare) {
		return owner
	}
	return r.affiliation(bare)
}

var errOwners = refusal(stanza.Auth, stanza.Forbidden, "Only an owner of the room may do this.") // §10.2

// getConfig sends the owner's form (XEP-0045 §10.1.3, §10.2).
func (r *room) getConfig(st wire.Stanza, _ wire.Kid) (wire.Payload, error) {
	if !r.rank(st.From().Bare()).may(privilegeConfigure) {
		return nil, errOwners
	}
	return wire.NewWriter().Start(nsOwner, "query").Raw(r.configForm()).Payload(), nil
}

// configForm is the configuration form with the values in force.
func (r *room) configForm() wire.Payload {
	form := wire.NewFormWriter("form", nsRoomConfig).Title("Configuration of " + r.addr.String())
	for _, f := range facets {
		if f.form != nil {
			f.form(form, r)
		}
	}
	return form.Payload()
}

// setOwner configures the room or destroys it (XEP-0045 §10.1.2, §10.2, §10.9).
func (r *room) setOwner(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	rank := r.rank(st.From().Bare())
	if d, ok := k.Kid("", "destroy"); ok && rank.may(privilegeDestroy) {
		return nil, r.destroy(d)
	} else if ok || !rank.may(privilegeConfigure) {
		return nil, errOwners
	}
	x, ok := k.Kid(wire.NSForm, "x")
	if !ok {
		return nil, errMalformed
	}
	form, err := wire.ReadForm(x)
	if err != nil || form.FormType != "" && form.FormType != nsRoomConfig {
		return nil, errMalformed
	}
	switch form.Type {
	case "cancel":
		return nil, r.cancel()
	case "submit":
		return nil, r.configure(st.From().Bare(), form)
	}
	return nil, errMalformed
}

// cancel ends a room that was never configured (XEP-0045 §10.1.3), and leaves any other as it is (§10.2).
func (r *room) cancel() error {
	if r.state == locked {
		return r.destroy(wire.Kid{})
	}
	return nil
}

// configure takes over a submitted form: all of it, or nothing. An empty one makes an instant room (XEP-0045 §10.1.2).
func (r *room) configure(by wire.Addr, form wire.Form) error {
	was, set := r.set, r.set
	for _, f := range facets {
		if f.read == nil {
			continue
		}
		if err := f.read(form, r, &set); err != nil {
			return err
		}
	}
	if err := r.s.mayConfigure(by, &was, &set); err != nil {
		return err
	}
	if err := r.keep(set); err != nil {
		return err
	}
	first := r.state == locked
	r.set, r.state = set, open
	if first {
		r.lockEnds = time.Time{}
		r.unbury() // not before: a client that comes by bookmark enters, and leaves a room that nobody wanted back
	}
	r.list()
	for _, f := range facets {
		if f.after != nil {
			f.after(r, &was)
		}
	}
	if !first {
		r.tellConfig(&was)
	}
	r.emptied()
	return nil
}

// keep stores settings, or takes a room that is no longer persistent out of the store. Its messages stay until it ends.
func (r *room) keep(set settings) error {
	if set.Persistent {
		return r.save(set)
	}
	if !r.stored {
		return nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	if err := r.s.o.Rooms.ForgetRoom(ctx, r.addr); err != nil { // the archive stays for as long as the room does
		return r.storageError("forget the room", err)
	}
	r.stored = false
	return nil
}

// tellConfig tells everyone that the configuration has changed, and how that touches their privacy (XEP-0045 §10.2.1). A form
// that changes nothing is no change, and nobody is told.
func (r *room) tellConfig(was *settings) {
	if r.set.alike(*was) {
		return
	}
	w, private := wire.NewWriter().Start(nsUser, "x"), false
	for _, f := range facets {
		if f.changed == nil {
			continue
		}
		if code := f.changed(was, &r.set); code != 0 {
			status(w, code)
			private = true
		}
	}
	if !private || !r.set.alikeBesidesPrivacy(*was) {
		status(w, statusConfig)
	}
	st := wire.New(wire.KindMessage, "groupchat", "", r.addr, wire.Addr{}, w.Payload())
	for _, s := range r.all {
		s.send(st)
	}
}
