package muc

import (
	"errors"
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// tombTime is how long a destroyed room's name is kept from all but its owners: clients that enter by bookmark would
// otherwise bring the room back, each as its new owner.
const tombTime = 10 * time.Minute

// tomb is what is left of a destroyed room.
type tomb struct {
	until  time.Time
	owners map[wire.Addr]bool
	reason string
}

// destroy ends the room for everyone (XEP-0045 §10.9). d is the zero Kid when nobody gave a reason.
func (r *room) destroy(d wire.Kid) error {
	payload, reason, err := destruction(d)
	if err != nil {
		return err
	}
	if r.stored {
		ctx, cancel := r.ctx()
		defer cancel()
		if err := r.s.o.Rooms.DeleteRoom(ctx, r.addr); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return r.storageError("delete the room", err)
		}
	} else if err := r.purge(); err != nil {
		return err
	}
	r.stored = false
	for _, s := range append([]*session(nil), r.all...) {
		n := &notice{from: s.occ.addr, gone: true, item: item{affiliation: unaffiliated}, destroy: payload}
		s.send(n.render(false, true))
		r.remove(s)
	}
	t := tomb{until: r.now().Add(tombTime), owners: map[wire.Addr]bool{}, reason: reason}
	for _, a := range r.affiliations {
		if a.Value == owner.String() {
			t.owners[a.Addr] = true
		}
	}
	if r.state == open {
		r.tomb = t
	}
	r.log.Info("room destroyed", "reason", reason)
	r.reset()
	r.list()
	return nil
}

// destruction rebuilds <destroy/> out of what an owner sent: the alternate venue, its password, a reason.
func destruction(d wire.Kid) (p wire.Payload, reason string, err error) {
	w := wire.NewWriter().Start(nsUser, "destroy")
	if v := d.Attr("jid"); v != "" {
		venue, err := wire.ParseAddr(v)
		if err != nil {
			return nil, "", refusal(stanza.Modify, stanza.JIDMalformed, "")
		}
		w.Attr("jid", venue.String())
	}
	if k, ok := d.Kid("", "password"); ok && len(k.Text()) <= maxPassword {
		w.Elem("", "password", k.Text())
	}
	if reason, err = reasonOf(d); err != nil {
		return nil, "", err
	}
	if reason != "" {
		w.Elem("", "reason", reason)
	}
	return w.Payload(), reason, nil
}

// buried refuses to bring a destroyed room back, but to its owners.
func (r *room) buried(bare wire.Addr) error {
	if r.tomb.owners[bare] || !r.now().Before(r.tomb.until) {
		r.tomb = tomb{}
		return nil
	}
	text := "The room was destroyed."
	if r.tomb.reason != "" {
		text += " " + r.tomb.reason
	}
	return refusal(stanza.Cancel, stanza.Gone, text)
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
