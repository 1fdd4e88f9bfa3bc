package muc

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// tombTime is how long a destroyed room's name is kept from all but its owners: clients that enter by bookmark would
// otherwise bring the room back, each as its new owner.
const tombTime = 10 * time.Minute

// Bounds of what is remembered: rooms, and owners of each.
const (
	maxTombs      = 1000
	maxTombOwners = 50
)

// tomb is what is left of a destroyed room.
type tomb struct {
	until  time.Time
	owners []wire.Addr // who may bring it back at once
	reason string
}

// graveyard remembers the rooms that were destroyed last.
type graveyard struct {
	mu    sync.Mutex // a leaf
	tombs map[wire.Addr]tomb
	order []wire.Addr // the oldest first; may name a room twice, or one that is back
}

func (g *graveyard) add(room wire.Addr, t tomb) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tombs == nil {
		g.tombs = map[wire.Addr]tomb{}
	}
	g.tombs[room] = t
	if g.order = append(g.order, room); len(g.order) > maxTombs {
		delete(g.tombs, g.order[0])
		g.order = g.order[1:]
	}
}

func (g *graveyard) remove(room wire.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tombs, room)
}

func (g *graveyard) find(room wire.Addr) (tomb, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, ok := g.tombs[room]
	return t, ok
}

// destroy ends the room for everyone (XEP-0045 §10.9). d is the zero Kid when nobody gave a reason.
func (r *room) destroy(d wire.Kid) error {
	payload, reason, err := destruction(d)
	if err != nil {
		return err
	}
	if r.stored && r.held() {
		return errHeld
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
		n := &notice{from: s.occ.addr, mark: s.occ.mark, gone: true, item: item{affiliation: unaffiliated}, destroy: payload}
		s.send(n.render(false, true))
		r.remove(s)
	}
	if r.state == open {
		r.bury(reason)
	}
	r.log.Info("room destroyed", "reason", reason)
	r.s.activity.forget(r.addr)
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

// bury notes that the room was destroyed, and who owned it.
func (r *room) bury(reason string) {
	t := tomb{until: r.now().Add(tombTime), reason: reason}
	for _, a := range r.affiliations {
		if a.Value == owner.String() && len(t.owners) < maxTombOwners {
			t.owners = append(t.owners, a.Addr)
		}
	}
	r.s.graves.add(r.addr, t)
}

// buried refuses to bring a destroyed room back, but to its owners.
func (r *room) buried(bare wire.Addr) error {
	t, ok := r.s.graves.find(r.addr)
	if !ok || slices.Contains(t.owners, bare) || !r.now().Before(t.until) {
		return nil
	}
	text := "The room was destroyed."
	if t.reason != "" {
		text += " " + t.reason
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
