package feature

import (
	"context"
	"slices"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// nowBlocked makes the owner look away to whom the owner has just blocked, if they could see the owner (XEP-0191 §3.3).
func (p *Presences) nowBlocked(ctx context.Context, owner wire.Addr, entries []wire.Addr) {
	defer p.turns.take(owner)()
	l, err := p.rosters.contacts(ctx, owner)
	if err != nil {
		p.failed(ctx, err, "from", owner.String())
	}
	for _, res := range p.r.Resources(owner) {
		bye := wire.New(wire.KindPresence, "unavailable", "", res.Addr(), wire.Addr{})
		for _, c := range l {
			if to := covered(entries, c.addr); res.Presence() != nil && c.is(seesUs) && !to.IsZero() {
				p.notify(ctx, bye.WithTo(to))
			}
		}
		p.endDirected(ctx, res, bye, func(addr wire.Addr) bool {
			return slices.ContainsFunc(entries, func(e wire.Addr) bool { return matches(e, addr) })
		})
	}
}

// endDirected sends bye to those who were sent presence directly and are among the ones named.
func (p *Presences) endDirected(ctx context.Context, res *router.Resource, bye wire.Stanza, among func(wire.Addr) bool) {
	for _, addr := range res.TakeDirected() {
		if among(addr) {
			p.notify(ctx, bye.WithTo(addr))
		} else {
			res.AddDirected(addr, router.MaxDirected)
		}
	}
}

// unblocked shows the owner again to whom the owner does not block any more (XEP-0191 §3.4), and asks after them.
func (p *Presences) unblocked(ctx context.Context, owner wire.Addr, entries []wire.Addr) {
	l, err := p.rosters.contacts(ctx, owner)
	if err != nil {
		p.failed(ctx, err, "from", owner.String())
	}
	for _, c := range l {
		to := covered(entries, c.addr)
		if to.IsZero() || p.blocks.blocked(ctx, owner, to) {
			continue
		}
		if c.is(seesUs) {
			p.show(ctx, owner, to)
		}
		for _, res := range p.r.Resources(owner) {
			if c.is(weSee) && res.Presence() != nil {
				p.probe(ctx, wire.New(wire.KindPresence, "probe", wire.NewID(), res.Addr(), c.addr))
			}
		}
	}
}

// covered returns the address that one of the entries means of a contact: the contact's own, or the full one named. It
// is zero if none does.
func covered(entries []wire.Addr, contact wire.Addr) wire.Addr {
	var full wire.Addr
	for _, e := range entries {
		switch {
		case !matches(e, contact):
		case e.IsFull():
			full = e
		default:
			return contact
		}
	}
	return full
}
