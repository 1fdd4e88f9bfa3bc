package feature

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// available takes a broadcast presence: the initial one (RFC 6121 §4.2.2) or a later one (§4.4.2).
func (p *Presences) available(ctx context.Context, res *router.Resource, st wire.Stanza) error {
	prio, err := priority(st)
	if err != nil {
		return err
	}
	if st.Len() > maxPresenceBytes {
		return stanza.Error{Type: stanza.Modify, Condition: stanza.PolicyViolation,
			Text: map[string]string{"en": "The presence is too long."}}
	}
	was := res.Presence()
	awake := prio >= 0 && (was == nil || was.Priority < 0)
	l, err := p.setAvailable(ctx, res, &router.Presence{Stanza: st, Priority: prio}, awake)
	if err == errGone {
		return nil
	}
	if err != nil {
		return err
	}
	if was == nil {
		p.sendProbes(ctx, res, l)
		err = p.sendRequests(ctx, res, l)
	}
	if awake {
		p.r.Available(ctx, res)
	}
	return err
}

// errGone says that the session has ended meanwhile.
var errGone = errors.New("feature: the session has ended")

// setAvailable makes the session available and tells everyone who may know, in one turn. It returns errGone.
func (p *Presences) setAvailable(ctx context.Context, res *router.Resource, now *router.Presence, hold bool) (contacts, error) {
	bare := res.Addr().Bare()
	defer p.turns.take(bare)()
	l, err := p.rosters.contacts(ctx, bare)
	if err != nil {
		return nil, err
	}
	if _, err := p.blocks.load(ctx, bare); err != nil { // tell must know whom it would show the session to
		return nil, err
	}
	if p.r.Resource(res.Addr()) != res {
		return nil, errGone
	}
	first := res.Presence() == nil
	if hold {
		res.Hold()
	}
	res.SetPresence(now)
	p.tell(ctx, bare, l, now.Stanza)
	if !first {
		return l, nil
	}
	for _, other := range p.r.Resources(bare) { // §4.2.2: and what the user's other sessions are
		if pr := other.Presence(); pr != nil && other != res {
			res.Send(pr.Stanza.WithTo(res.Addr()), 0)
		}
	}
	return l, nil
}

// tell sends a presence to the contacts that may see it, and to the user's own available sessions, the one that it is
// from included (RFC 6121 §4.2.2, §4.4.2, §4.5.2). Call it within the user's turn.
func (p *Presences) tell(ctx context.Context, bare wire.Addr, l contacts, st wire.Stanza) {
	block := p.blocks.list(ctx, bare)
	for _, c := range l {
		if c.is(seesUs) && !block.has(c.addr) {
			p.notify(ctx, st.WithTo(c.addr))
		}
	}
	for _, own := range p.r.Resources(bare) {
		if own.Presence() != nil {
			own.Send(st.WithTo(own.Addr()), 0)
		}
	}
}

// unavailable takes a goodbye: the session stays, and may become available again (RFC 6121 §4.5).
func (p *Presences) unavailable(ctx context.Context, res *router.Resource, st wire.Stanza) error {
	was := res.Presence()
	if err := p.leave(ctx, res, st, was != nil); err != nil {
		return err
	}
	if was != nil {
		status := ""
		if k, ok := st.Kid("", "status"); ok {
			status = k.Text()
		}
		p.seen.put(res.Addr().Bare(), time.Now(), status)
	}
	return nil
}

// leave tells everyone who saw the session that it is away, and makes it so: contacts if it was available, and whoever
// got its presence directly (RFC 6121 §4.5.2, §4.6.3).
func (p *Presences) leave(ctx context.Context, res *router.Resource, bye wire.Stanza, told bool) error {
	bare := res.Addr().Bare()
	defer p.turns.take(bare)()
	l, err := p.rosters.contacts(ctx, bare)
	// A session that ends while its presence is on the way becomes available after the router took it for unavailable.
	if told = told || res.Presence() != nil; told {
		p.tell(ctx, bare, l, bye)
	}
	res.SetPresence(nil)
	for _, addr := range res.TakeDirected() {
		if !told || !l.get(addr.Bare()).is(seesUs) {
			p.notify(ctx, bye.WithTo(addr))
		}
	}
	return err
}

// show sends the presence of each available session of the owner to a contact.
func (p *Presences) show(ctx context.Context, owner, to wire.Addr) {
	defer p.turns.take(owner)()
	for _, res := range p.r.Resources(owner) {
		if pr := res.Presence(); pr != nil {
			p.notify(ctx, pr.Stanza.WithTo(to))
		}
	}
}

// hide sends unavailable presence of each available session of the owner to a contact.
func (p *Presences) hide(ctx context.Context, owner, to wire.Addr) {
	defer p.turns.take(owner)()
	for _, res := range p.r.Resources(owner) {
		if res.Presence() != nil {
			p.notify(ctx, wire.New(wire.KindPresence, "unavailable", "", res.Addr(), to))
		}
	}
}
