package feature

import (
	"context"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// sendProbes learns, for a session that became available, what its contacts are (RFC 6121 §4.3.1).
func (p *Presences) sendProbes(ctx context.Context, res *router.Resource, l contacts) {
	block := p.blocks.list(ctx, res.Addr().Bare())
	probe := wire.New(wire.KindPresence, "probe", wire.NewID(), res.Addr(), wire.Addr{})
	for _, c := range l {
		if c.is(weSee) && !block.has(c.addr) {
			p.probe(ctx, probe.WithTo(c.addr))
		}
	}
}

// probe asks for a contact's presence on behalf of a session: from the bare address (RFC 6121 §4.3), so that all sessions
// of the user hear the answer. A local contact answers the session alone, and one without sessions needs no answer: a
// contact is away until something else is heard.
func (p *Presences) probe(ctx context.Context, st wire.Stanza) {
	if !p.r.IsHost(st.To().Domain()) {
		st = st.WithFrom(st.From().Bare())
	} else if len(p.r.Resources(st.To())) == 0 {
		return
	}
	p.send(ctx, st)
}

// probed answers a probe for a local account (RFC 6121 §4.3.2).
func (p *Presences) probed(ctx context.Context, st wire.Stanza) error {
	may, err := p.answerProbe(ctx, st)
	if err == nil && !may {
		// The asker learns that there is no subscription, whether the account exists or not.
		p.send(ctx, wire.New(wire.KindPresence, "unsubscribed", st.ID(), st.To().Bare(), st.From().Bare()))
	}
	return err
}

// answerProbe sends what the asker may see. It reports false when that is nothing.
func (p *Presences) answerProbe(ctx context.Context, st wire.Stanza) (may bool, err error) {
	owner, from := st.To().Bare(), st.From()
	defer p.turns.take(owner)()
	if may = owner == from.Bare(); !may {
		if may, err = p.rosters.has(ctx, owner, from.Bare(), seesUs); err != nil {
			return false, err
		}
	}
	told := false
	for _, res := range p.r.Resources(owner) {
		pr := res.Presence()
		if pr == nil || st.To().IsFull() && st.To() != res.Addr() {
			continue
		}
		if may || res.HasDirected(from.Bare()) { // §4.6.5: the session showed itself to the asker
			told = true
			p.notify(ctx, pr.Stanza.WithTo(from))
		}
	}
	if may && !told && !p.r.IsHost(from.Domain()) {
		p.notify(ctx, wire.New(wire.KindPresence, "unavailable", st.ID(), owner, from))
	}
	return may || told, nil
}
