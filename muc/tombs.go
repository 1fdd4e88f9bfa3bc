package muc

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Bounds of what is remembered: rooms, owners of each, and bytes of the reason and of the venue's address.
const (
	maxTombs      = 1000
	maxTombOwners = 10
	maxTombReason = 256
	maxTombVenue  = 256
)

// docTombs is the kind of the service's document that has its tombs.
const docTombs = "tombs"

// tomb is what is left of a destroyed room. For rooms.tombstone its name is kept from all but its owners and the service's
// admins: clients that enter by bookmark would otherwise bring the room back, each as its new owner.
type tomb struct {
	Room   string    `json:"room"`
	Until  time.Time `json:"until"`
	Owners []string  `json:"owners,omitempty"` // who may bring it back at once
	Reason string    `json:"reason,omitempty"`
	Venue  wire.Addr `json:"venue,omitzero"` // where to go instead
}

// graveyard remembers the rooms that were destroyed last, over restarts too.
type graveyard struct {
	docs    storage.Documents
	service wire.Addr
	turn    chan struct{} // holds one: who has it may read or write the document

	mu    sync.Mutex // a leaf; guards what follows
	read  bool
	tombs []tomb // the oldest first; one a room
}

func newGraveyard(docs storage.Documents, service wire.Addr) *graveyard {
	return &graveyard{docs: docs, service: service, turn: make(chan struct{}, 1), read: docs == nil}
}

func (g *graveyard) at(room string) int {
	return slices.IndexFunc(g.tombs, func(t tomb) bool { return t.Room == room })
}

// find returns a room's tomb. It waits for the store, once.
func (g *graveyard) find(ctx context.Context, room wire.Addr) (t tomb, ok bool, err error) {
	if err := g.load(ctx); err != nil {
		return tomb{}, false, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.at(room.String()); i >= 0 {
		return g.tombs[i], true, nil
	}
	return tomb{}, false, nil
}

// add puts a tomb in the place of an earlier one of the room, and forgets those whose time is over, and the oldest over the
// bound. On an error there is no tomb of the room.
func (g *graveyard) add(ctx context.Context, t tomb, now time.Time) error {
	if err := g.load(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	g.tombs = slices.DeleteFunc(g.tombs, func(old tomb) bool { return old.Room == t.Room || !now.Before(old.Until) })
	g.tombs = append(g.tombs, t)
	g.tombs = slices.Delete(g.tombs, 0, max(0, len(g.tombs)-maxTombs))
	g.mu.Unlock()
	err := g.save(ctx)
	if err != nil {
		g.drop(t.Room)
	}
	return err
}

// remove forgets a room that is back.
func (g *graveyard) remove(ctx context.Context, room wire.Addr) error {
	if err := g.load(ctx); err != nil {
		return err
	}
	if !g.drop(room.String()) {
		return nil
	}
	return g.save(ctx)
}

// drop takes a room's tomb out of memory, and reports whether there was one.
func (g *graveyard) drop(room string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.at(room)
	if i >= 0 {
		g.tombs = slices.Delete(g.tombs, i, i+1)
	}
	return i >= 0
}

// forget takes an account out of all tombs.
func (g *graveyard) forget(ctx context.Context, account wire.Addr) error {
	if err := g.load(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	found := false
	for i := range g.tombs {
		n := len(g.tombs[i].Owners)
		g.tombs[i].Owners = slices.DeleteFunc(slices.Clone(g.tombs[i].Owners), func(o string) bool { return o == account.String() })
		found = found || len(g.tombs[i].Owners) < n
	}
	g.mu.Unlock()
	if !found {
		return nil
	}
	return g.save(ctx)
}

// take waits for the turn.
func (g *graveyard) take(ctx context.Context) error {
	select {
	case g.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// load reads the document, once.
func (g *graveyard) load(ctx context.Context) error {
	if g.isRead() {
		return nil
	}
	if err := g.take(ctx); err != nil {
		return err
	}
	defer func() { <-g.turn }()
	if g.isRead() {
		return nil
	}
	var stored []tomb
	b, err := g.docs.Document(ctx, g.service, docTombs, "")
	if err == nil {
		err = json.Unmarshal(b, &stored)
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tombs = append(slices.DeleteFunc(stored, func(t tomb) bool { return g.at(t.Room) >= 0 }), g.tombs...)
	g.read = true
	return nil
}

func (g *graveyard) isRead() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.read
}

// save writes the document. Whoever has the turn last writes the newest.
func (g *graveyard) save(ctx context.Context) error {
	if g.docs == nil {
		return nil
	}
	if err := g.take(ctx); err != nil {
		return err
	}
	defer func() { <-g.turn }()
	g.mu.Lock()
	b, err := json.Marshal(g.tombs)
	g.mu.Unlock()
	if err != nil {
		return err
	}
	return g.docs.PutDocument(ctx, g.service, docTombs, "", b, 0)
}

// bury notes that the room is destroyed, who owned it, why, and where to go instead; an address over the bound is left out, and both
// if not everyone could enter: strangers are told what is noted (XEP-0045 §14.4). On an error it is not destroyed, and must stay.
func (r *room) bury(reason string, venue wire.Addr) error {
	if r.set.guarded() {
		reason, venue = "", wire.Addr{}
	}
	if len(reason) > maxTombReason {
		reason = strings.ToValidUTF8(reason[:maxTombReason], "")
	}
	if len(venue.String()) > maxTombVenue {
		venue = wire.Addr{}
	}
	t := tomb{Room: r.addr.String(), Until: r.now().Add(time.Duration(r.s.o.Config().Rooms.Tombstone)), Reason: reason, Venue: venue.Bare().Clone()}
	for _, a := range r.affiliations {
		if a.Value == owner.String() && len(t.Owners) < maxTombOwners {
			t.Owners = append(t.Owners, a.Addr.String())
		}
	}
	ctx, cancel := r.ctx()
	defer cancel()
	if err := r.s.graves.add(ctx, t, r.now()); err != nil {
		return r.storageError("remember a destroyed room", err)
	}
	return nil
}

// buried refuses to bring a destroyed room back, but to its owners and the service's admins.
func (r *room) buried(bare wire.Addr) error {
	ctx, cancel := r.ctx()
	defer cancel()
	t, ok, err := r.s.graves.find(ctx, r.addr)
	if err != nil {
		return r.storageError("read the destroyed rooms", err)
	}
	if !ok || slices.Contains(t.Owners, bare.String()) || r.s.isAdmin(bare) || !r.now().Before(t.Until) {
		return nil
	}
	return t.refusal()
}

// refusal says that the room is gone, why, and where to go instead: for clients as an address (RFC 6120 §8.3.3.5), for people
// in words.
func (t tomb) refusal() error {
	text := "The room was destroyed."
	if !t.Venue.IsZero() {
		text += " Go to " + t.Venue.String() + " instead."
	}
	if t.Reason != "" {
		text += " Reason: " + t.Reason
	}
	gone := refusal(stanza.Cancel, stanza.Gone, text)
	if t.Venue.IsZero() {
		return gone
	}
	return router.DetailedError{Stanza: gone, Detail: wire.NewWriter().Elem(stanza.NSError, string(stanza.Gone), joinIRI(t.Venue)).Payload()}
}

// joinIRI is what a client opens to enter a room (XEP-0045 §16.7, RFC 5122 §2.2).
func joinIRI(room wire.Addr) string {
	return "xmpp:" + strings.ReplaceAll(url.PathEscape(room.String()), "%40", "@") + "?join"
}

// unbury notes that the room is back, or still there.
func (r *room) unbury() {
	ctx, cancel := r.ctx()
	defer cancel()
	if err := r.s.graves.remove(ctx, r.addr); err != nil {
		r.log.Warn("a room that is back counts as destroyed at the next start, until it is used", "err", err)
	}
}
