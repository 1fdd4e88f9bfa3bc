package feature

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxPresenceBytes bounds a broadcast presence, which stays in memory as long as its session.
const maxPresenceBytes = 16 << 10

// Presences consumes every presence of local users (RFC 6121 §3, §4). It implements router.Presences. Safe for any goroutine.
type Presences struct {
	r       *router.Router
	rosters *Rosters
	blocks  *Blocks
	log     *slog.Logger
	turns   turns // of whose presence is told
	seen    *seen
}

// Presence broadcasts, probes, directs and subscribes. Call Close after the last session has gone, and before the store
// is closed.
func Presence(r *router.Router, rosters *Rosters, blocks *Blocks, accounts storage.Accounts, log *slog.Logger) *Presences {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Presences{r: r, rosters: rosters, blocks: blocks, log: log, seen: newSeen(accounts, log, &r.Stats.Panics)}
	rosters.removed = p.removed
	blocks.nowBlocked, blocks.unblocked = p.nowBlocked, p.unblocked
	r.HandlePresence(p)
	r.OnGone(p.gone)
	return p
}

// Close waits until the last sessions' ends are stored, or ctx ends.
func (p *Presences) Close(ctx context.Context) error { return p.seen.close(ctx) }

// Forget drops what is kept in memory of an account. Call it when the account is deleted.
func (p *Presences) Forget(bare wire.Addr) {
	p.rosters.cache.forget(bare)
	p.blocks.forget(bare)
}

// Outbound implements router.Presences.
func (p *Presences) Outbound(ctx context.Context, res *router.Resource, st wire.Stanza) error {
	switch typ := st.Type(); {
	case isSubscription(typ):
		return p.ask(ctx, st)
	case typ != "" && typ != "unavailable" && typ != "probe" && typ != "error":
		return stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest} // RFC 6121 §4.7.1
	case !st.To().IsZero():
		return p.direct(ctx, res, st)
	case typ == "":
		return p.available(ctx, res, st)
	case typ == "unavailable":
		return p.unavailable(ctx, res, st)
	}
	return stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest} // a probe or an error to nobody
}

// Inbound implements router.Presences.
func (p *Presences) Inbound(ctx context.Context, st wire.Stanza) error {
	if err := p.r.CheckTo(ctx, st); err != nil {
		return err
	}
	switch typ := st.Type(); {
	case isSubscription(typ):
		return p.asked(ctx, st)
	case typ == "probe":
		return p.probed(ctx, st)
	case typ != "" && typ != "unavailable" && typ != "error":
		return stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest} // RFC 6121 §4.7.1
	}
	p.deliver(st)
	return nil
}

// deliver gives a presence to the session that it names, or to all available ones (RFC 6121 §8.5.2.1.2, §8.5.3.1).
// Nobody there is no error.
func (p *Presences) deliver(st wire.Stanza) {
	if st.To().IsFull() {
		if res := p.r.Resource(st.To()); res != nil {
			res.Send(st, 0)
		}
		return
	}
	for _, res := range p.r.Resources(st.To()) {
		if res.Presence() != nil {
			res.Send(st, 0)
		}
	}
}

// send passes a presence on to whoever its `to` names. What they refuse concerns no client of ours.
func (p *Presences) send(ctx context.Context, st wire.Stanza) {
	if err := p.r.SendPresence(ctx, st); err != nil && err != router.ErrDrop {
		p.failed(ctx, err, "to", st.To().String(), "type", st.Type())
	}
}

// failed logs what went wrong. When the server stops, ctx has ended, and it is no error: who would be told is being sent home.
func (p *Presences) failed(ctx context.Context, err error, about ...any) {
	level := slog.LevelError
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		level = slog.LevelDebug
	}
	p.log.Log(ctx, level, "presence failed", append(about, "err", err)...)
}

// notify passes a notification on: for a local contact it is a look at the session table.
func (p *Presences) notify(ctx context.Context, st wire.Stanza) {
	if p.r.IsHost(st.To().Domain()) {
		p.deliver(st)
		return
	}
	p.send(ctx, st)
}

// priority reads the priority, 0 where there is none (RFC 6121 §4.7.2.3).
func priority(st wire.Stanza) (int8, error) {
	found, value := 0, int64(0)
	for k := range st.Kids() {
		if !k.Is("", "priority") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(k.Text()), 10, 8)
		if found++; err != nil || found > 1 {
			return 0, stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
		}
		value = n
	}
	return int8(value), nil
}

// gone hides a session that ended, whether it said goodbye or not (RFC 6121 §4.5.2).
func (p *Presences) gone(ctx context.Context, res *router.Resource, last *router.Presence) {
	bare := res.Addr().Bare()
	bye := wire.New(wire.KindPresence, "unavailable", "", res.Addr(), wire.Addr{})
	if err := p.leave(ctx, res, bye, last != nil); err != nil {
		p.failed(ctx, err, "from", res.Addr().String())
	}
	if last != nil {
		p.seen.put(bare, time.Now(), "")
	}
	if len(p.r.Resources(bare)) == 0 {
		p.Forget(bare)
	}
}
