package feature

import (
	"context"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// direct passes a presence on to one address, and notes who has seen it, to be told when the session leaves
// (RFC 6121 §4.6). What goes to services does not come here: the router notes it.
func (p *Presences) direct(ctx context.Context, res *router.Resource, st wire.Stanza) error {
	owner, to := res.Addr().Bare(), st.To()
	if p.blocks.blocked(ctx, owner, to) {
		return errBlocked
	}
	switch st.Type() {
	case "":
		if _, err := priority(st); err != nil {
			return err
		}
		if !res.AddDirected(to.Clone(), router.MaxDirected) {
			return router.ErrTooManyDirected
		}
	case "unavailable":
		res.RemoveDirected(to) // §4.6.3
	}
	if err := p.r.SendPresence(ctx, st); err != nil && err != router.ErrDrop {
		return err
	}
	return nil
}
