package muc

import (
	"errors"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// destroy ends the room for everyone (XEP-0045 §10.9). d is the zero Kid when nobody gave a reason.
func (r *room) destroy(d wire.Kid) error {
	payload, reason, venue, err := destruction(d)
	if err != nil {
		return err
	}
	if r.stored && r.held() {
		return errHeld
	}
	buried := r.state == open
	if buried { // first: a crash in between may leave a room with a tomb, but none that is gone without
		if err := r.bury(reason, venue); err != nil {
			return err
		}
	}
	if err := r.discard(); err != nil {
		if buried {
			r.unbury()
		}
		return err
	}
	for _, s := range append([]*session(nil), r.all...) {
		n := &notice{from: s.occ.addr, mark: s.occ.mark, gone: true, item: item{affiliation: unaffiliated}, destroy: payload}
		s.send(n.render(false, true))
		r.remove(s)
	}
	r.log.Info("room destroyed", "reason", reason)
	r.s.activity.forget(r.addr)
	r.reset()
	r.list()
	return nil
}

// discard removes the room from the store, with its archive.
func (r *room) discard() error {
	if !r.stored {
		return r.purge()
	}
	ctx, cancel := r.ctx()
	defer cancel()
	if err := r.s.o.Rooms.DeleteRoom(ctx, r.addr); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return r.storageError("delete the room", err)
	}
	r.stored = false
	return nil
}

// destruction rebuilds <destroy/> out of what an owner sent: the alternate venue, its password, a reason.
func destruction(d wire.Kid) (p wire.Payload, reason string, venue wire.Addr, err error) {
	w := wire.NewWriter().Start(nsUser, "destroy")
	if v := d.Attr("jid"); v != "" {
		if venue, err = wire.ParseAddr(v); err != nil {
			return nil, "", wire.Addr{}, errAddress
		}
		w.Attr("jid", venue.String())
	}
	if k, ok := d.Kid("", "password"); ok && len(k.Text()) <= maxPassword {
		w.Elem("", "password", k.Text())
	}
	if reason, err = reasonOf(d); err != nil {
		return nil, "", wire.Addr{}, err
	}
	return w.ElemIf("", "reason", reason).Payload(), reason, venue, nil
}

// maxReason bounds the reason for a kick, a ban, an invitation or a destruction, in bytes.
const maxReason = 2 << 10

// reasonOf returns the <reason/> in an element.
func reasonOf(k wire.Kid) (string, error) {
	reason, ok := k.Kid("", "reason")
	if !ok {
		return "", nil
	}
	if text := reason.Text(); len(text) <= maxReason {
		return strings.Clone(text), nil // a ban keeps it
	}
	return "", refusal(stanza.Modify, stanza.NotAcceptable, "The reason is too long.")
}
