package feature

import (
	"context"
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxRequestBytes bounds the request that is stored; of a longer one only its sender is kept.
const maxRequestBytes = 4 << 10

// ask takes a subscription stanza that a user sends (RFC 6121 §3.1.2, §3.1.5, §3.2.2, §3.3.2).
func (p *Presences) ask(ctx context.Context, st wire.Stanza) error {
	owner, contact := st.From().Bare(), st.To().Bare()
	if contact.IsZero() || contact == owner {
		return stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
	}
	if p.blocks.blocked(ctx, owner, contact) {
		return errBlocked
	}
	if st.Type() == "subscribe" && p.r.IsHost(contact.Domain()) {
		if ok, err := p.r.Exists(ctx, contact); err != nil {
			return err
		} else if !ok {
			return stanza.Error{Type: stanza.Cancel, Condition: stanza.ItemNotFound} // §3.1.2: what cannot be delivered
		}
	}
	if typ := st.Type(); typ == "subscribe" || typ == "subscribed" { // these list the contact
		if full, err := p.rosters.isFull(ctx, owner, contact); err != nil {
			return err
		} else if full {
			return errFull
		}
	}
	var was subState
	var to step
	err := p.rosters.change(ctx, owner, contact, func(it *storage.RosterItem) error {
		was = stateOf(it)
		to = outbound[st.Type()][was]
		to.next.put(it, nil)
		switch {
		case st.Type() == "subscribe", st.Type() == "subscribed" && to.pass:
			it.Listed = true // §3.1.2, §3.1.5
		case st.Type() == "subscribed" && !was.from():
			it.Approved, it.Listed = true, true // §3.4.2
		case st.Type() == "unsubscribed":
			it.Approved = false // §3.2.2: it cancels an approval in advance too
		}
		return nil
	}, nil)
	if errors.Is(err, storage.ErrQuota) {
		return errFull
	}
	if err != nil {
		return err
	}
	p.goOn(ctx, st.WithFrom(owner).WithTo(contact), to.pass, was, to.next) // from the bare address (§3.1.2)
	return nil
}

// goOn routes a subscription stanza, and shows or hides its sender: a contact is told that the user is away while it still
// may know (RFC 6121 §3.2.2), and that the user is here when it may know it (§3.1.5).
func (p *Presences) goOn(ctx context.Context, st wire.Stanza, pass bool, was, is subState) {
	owner, contact := st.From(), st.To()
	if was.from() && !is.from() {
		p.hide(ctx, owner, contact)
	}
	if pass {
		p.send(ctx, st)
	}
	if is.from() && !was.from() {
		p.show(ctx, owner, contact)
	}
}

// asked takes a subscription stanza for a local user (RFC 6121 §3.1.3, §3.1.6, §3.2.3, §3.3.3).
func (p *Presences) asked(ctx context.Context, st wire.Stanza) error {
	owner, contact := st.To().Bare(), st.From().Bare()
	if ok, err := p.r.Exists(ctx, owner); err != nil || !ok || owner == contact || contact.IsZero() {
		return err // §8.5.1: silence for who is not there
	}
	st = st.WithTo(owner).WithFrom(contact)
	if st.Type() == "subscribe" {
		if many, err := p.manyRequests(ctx, owner, contact); err != nil || many {
			return err
		}
	}
	var was, next subState
	var to step
	answer := false
	err := p.rosters.change(ctx, owner, contact, func(it *storage.RosterItem) error {
		was = stateOf(it)
		to = inbound[st.Type()][was]
		next = to.next
		if st.Type() == "subscribe" && (it.Approved || was.from()) {
			answer, to.pass, next = true, false, was.granted() // §3.1.3, §3.4.2
		}
		if next == was {
			return errUnchanged
		}
		next.put(it, storedRequest(st))
		return nil
	}, func() {
		if to.pass {
			p.deliverAsked(st)
		}
	})
	if errors.Is(err, storage.ErrQuota) {
		return nil // a stranger's request to a full roster
	}
	if err != nil {
		return err
	}
	p.goOn(ctx, wire.New(wire.KindPresence, "subscribed", st.ID(), owner, contact), answer, was, next)
	return nil
}

// manyRequests reports whether too many strangers wait for the owner's answer already.
func (p *Presences) manyRequests(ctx context.Context, owner, contact wire.Addr) (bool, error) {
	l, err := p.rosters.contacts(ctx, owner)
	if err != nil || l.get(contact).bits != 0 {
		return false, err
	}
	return l.count(asks) >= maxRequests, nil
}

// storedRequest returns what is stored of a request.
func storedRequest(st wire.Stanza) []byte {
	if st.Type() != "subscribe" {
		return nil
	}
	if st.Len() > maxRequestBytes {
		st = wire.New(wire.KindPresence, "subscribe", st.ID(), st.From(), st.To())
	}
	return st.AppendStandalone(nil)
}

// deliverAsked gives a request to the available sessions (RFC 6121 §3.1.3), and the other three to the interested ones
// (§3.1.6, §3.2.3, §3.3.3).
func (p *Presences) deliverAsked(st wire.Stanza) {
	for _, res := range p.r.Resources(st.To()) {
		if res.Presence() != nil || st.Type() != "subscribe" && res.Has(router.FlagInterested) {
			res.Send(st, 0)
		}
	}
}

// EndSubscriptions tells the contacts of an account that it is leaving, and ends its subscriptions in both directions. Call
// it before the account is deleted: afterwards nobody knows its contacts.
func (p *Presences) EndSubscriptions(ctx context.Context, bare wire.Addr) error {
	items, _, err := p.rosters.store.Roster(ctx, bare)
	if err != nil {
		return err
	}
	for i := range items {
		p.removed(ctx, bare, items[i])
	}
	return nil
}

// removed ends all subscriptions with a contact that the owner took out of the roster (RFC 6121 §2.5.2).
func (p *Presences) removed(ctx context.Context, owner wire.Addr, item storage.RosterItem) {
	was := stateOf(&item)
	if p.blocks.blocked(ctx, owner, item.Contact) {
		return // XEP-0191 §3.3: nothing goes to a blocked contact
	}
	if was.to() || was.pendingOut() {
		p.send(ctx, wire.New(wire.KindPresence, "unsubscribe", wire.NewID(), owner, item.Contact))
	}
	p.goOn(ctx, wire.New(wire.KindPresence, "unsubscribed", wire.NewID(), owner, item.Contact),
		was.from() || was.pendingIn(), was, subNone)
}

// sendRequests gives a session that became available the requests that still wait for an answer (RFC 6121 §3.1.3).
func (p *Presences) sendRequests(ctx context.Context, res *router.Resource, l contacts) error {
	if l.count(asks) == 0 {
		return nil
	}
	items, _, err := p.rosters.store.Roster(ctx, res.Addr().Bare())
	if err != nil {
		return err
	}
	for i := range items {
		if len(items[i].Request) == 0 {
			continue
		}
		if st, err := wire.Parse(items[i].Request); err == nil {
			res.Send(st, 0)
		}
	}
	return nil
}
