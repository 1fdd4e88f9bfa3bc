package feature

import (
	"context"
	"encoding/xml"
	"errors"
	"log/slog"
	"slices"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsBlocking       = "urn:xmpp:blocking"
	nsBlockingErrors = "urn:xmpp:blocking:errors"

	// maxCachedBlocks bounds the block lists in memory: their entries, and one for each account, over all accounts.
	maxCachedBlocks = 1 << 17
)

// errBlocked refuses what a user sends to someone whom the user blocks (XEP-0191 §3.3).
var errBlocked error = router.DetailedError{
	Stanza: stanza.Error{Type: stanza.Cancel, Condition: stanza.NotAcceptable},
	Detail: wire.NewWriter().Elem(nsBlockingErrors, "blocked", "").Payload(),
}

// Blocks keeps the block lists and holds stanzas against them (XEP-0191). Safe for any goroutine.
type Blocks struct {
	r     *router.Router
	store storage.Blocklists
	cfg   func() *config.Config
	log   *slog.Logger
	turns turns
	cache *cache[*blocklist]
	// nowBlocked and unblocked are called when the entries have taken effect, outside of any turn. The presence feature
	// sets them.
	nowBlocked, unblocked func(ctx context.Context, owner wire.Addr, entries []wire.Addr)
}

// Blocking lets users block addresses. Its outcome goes to Presence. Register it before other features' checks.
func Blocking(r *router.Router, store storage.Blocklists, cfg func() *config.Config, log *slog.Logger) *Blocks {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Blocks{r: r, store: store, cfg: cfg, log: log}
	b.cache = newCache(maxCachedBlocks, func(l *blocklist) int { return l.len() + 1 })
	nobody := func(context.Context, wire.Addr, []wire.Addr) {}
	b.nowBlocked, b.unblocked = nobody, nobody
	r.HandleIQ(router.ToOwn, "get", xml.Name{Space: nsBlocking, Local: "blocklist"}, b.get)
	r.HandleIQ(router.ToOwn, "set", xml.Name{Space: nsBlocking, Local: "block"}, b.block)
	r.HandleIQ(router.ToOwn, "set", xml.Name{Space: nsBlocking, Local: "unblock"}, b.unblock)
	r.Check(b.check)
	r.OnBound(b.bound)
	r.Advertise(router.OnServer, router.XEP{Num: 191, Version: "1.3", Status: "complete"}, nsBlocking)
	return b
}

// bound puts the list into force for a new session.
func (b *Blocks) bound(ctx context.Context, res *router.Resource) {
	owner := res.Addr().Bare()
	defer b.turns.take(owner)()
	l, err := b.read(ctx, owner)
	if err != nil {
		b.log.Error("block list not read", "jid", owner.String(), "err", err)
		return // whoever reads it next puts it into force
	}
	b.filter(owner, l)
}

// load returns the owner's list.
func (b *Blocks) load(ctx context.Context, owner wire.Addr) (*blocklist, error) {
	if l, ok := b.cache.get(owner); ok {
		return l, nil
	}
	defer b.turns.take(owner)()
	return b.read(ctx, owner)
}

// read is load within the owner's turn. A list that was not in memory is put into force: if it could not be read when the
// owner's sessions began, it is not yet.
func (b *Blocks) read(ctx context.Context, owner wire.Addr) (*blocklist, error) {
	if l, ok := b.cache.get(owner); ok {
		return l, nil
	}
	addrs, err := b.store.Blocklist(ctx, owner)
	if err != nil {
		return nil, err
	}
	l := newBlocklist(owner, addrs)
	b.cache.put(owner, l)
	b.filter(owner, l)
	return l, nil
}

// list is load for callers that cannot refuse: without storage nobody is blocked, which is logged.
func (b *Blocks) list(ctx context.Context, owner wire.Addr) *blocklist {
	l, err := b.load(ctx, owner)
	if err != nil {
		b.log.Error("block list not read", "jid", owner.String(), "err", err)
	}
	return l
}

func (b *Blocks) blocked(ctx context.Context, owner, addr wire.Addr) bool {
	return b.list(ctx, owner).has(addr)
}

func (b *Blocks) forget(owner wire.Addr) { b.cache.forget(owner) }

// filter keeps what comes round the Check stage, such as a room's fan-out, from the owner's sessions. Our own refusals come in
// the name of the blocked address, and must pass.
func (b *Blocks) filter(owner wire.Addr, l *blocklist) {
	if l == nil {
		b.r.SetFilter(owner, nil)
		return
	}
	b.r.SetFilter(owner, func(st wire.Stanza) bool {
		return l.has(st.From()) && !refusal(st)
	})
}

func refusal(st wire.Stanza) bool {
	if st.Type() != "error" {
		return false
	}
	e, _ := st.Kid("", "error")
	_, ok := e.Kid(nsBlockingErrors, "blocked")
	return ok
}

// check refuses what a user sends to a blocked address and what a blocked address sends to the user (XEP-0191 §3.3).
func (b *Blocks) check(ctx context.Context, w *router.Walk) error {
	st := w.Stanza
	if w.From != nil {
		l, err := b.load(ctx, w.From.Addr().Bare())
		if err != nil {
			return err
		}
		if l.has(st.To()) {
			return errBlocked
		}
	}
	if !b.r.IsHost(st.To().Domain()) || st.To().IsHost() {
		return nil
	}
	l, err := b.load(ctx, st.To().Bare())
	if err != nil {
		return err
	}
	if !l.has(st.From()) {
		return nil
	}
	typ := st.Type()
	switch {
	case st.Kind() == wire.KindMessage && typ != "error", st.Kind() == wire.KindIQ && (typ == "get" || typ == "set"):
		return stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable}
	}
	return router.ErrDrop
}

// get sends the list, and makes the session one that gets its changes (XEP-0191 §3.2).
func (b *Blocks) get(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	owner := st.From().Bare()
	defer b.turns.take(owner)()
	if res := b.r.Resource(st.From()); res != nil {
		res.Set(router.FlagBlocklist, true)
	}
	addrs, err := b.store.Blocklist(ctx, owner)
	if err != nil {
		return nil, err
	}
	b.r.Send(ctx, st.Result(blockItems("blocklist", addrs))) // within the turn, so that no push overtakes it
	return nil, router.ErrAnswered
}

// block adds addresses (XEP-0191 §3.3).
func (b *Blocks) block(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	owner := st.From().Bare()
	addrs, err := blockEntries(st, "block")
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
	}
	if slices.ContainsFunc(addrs, func(a wire.Addr) bool { return a.Bare() == owner }) {
		return nil, stanza.Error{Type: stanza.Cancel, Condition: stanza.NotAllowed} // XEP-0191 §5: never one's own sessions
	}
	old, err := b.load(ctx, owner)
	if err != nil {
		return nil, err
	}
	fresh := slices.DeleteFunc(slices.Clone(addrs), func(a wire.Addr) bool { return old.has(a) })
	err = b.change(ctx, owner, "block", addrs, func() error {
		return b.add(ctx, owner, addrs)
	})
	if errors.Is(err, storage.ErrQuota) {
		return nil, stanza.Error{Type: stanza.Cancel, Condition: stanza.ResourceConstraint,
			Text: map[string]string{"en": "The block list is full."}}
	}
	if err == nil {
		b.nowBlocked(ctx, owner, fresh)
	}
	return nil, err
}

// unblock removes addresses, all of them when none is named (XEP-0191 §3.4, §3.5).
func (b *Blocks) unblock(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	owner := st.From().Bare()
	addrs, err := blockEntries(st, "unblock")
	if err != nil {
		return nil, err
	}
	var was []wire.Addr
	err = b.change(ctx, owner, "unblock", addrs, func() (err error) {
		was, err = b.drop(ctx, owner, addrs)
		return err
	})
	if err == nil {
		b.unblocked(ctx, owner, was)
	}
	return nil, err
}

// add stores what is not in the list yet, within the owner's turn. What cannot fit is refused before the storage sees it: a
// request may name ten thousand addresses, and all other writers would wait for them.
func (b *Blocks) add(ctx context.Context, owner wire.Addr, addrs []wire.Addr) error {
	l, err := b.read(ctx, owner)
	if err != nil {
		return err
	}
	_, others := l.split(addrs)
	limit := b.cfg().Limits.BlocklistItems
	if len(others) == 0 {
		return nil
	}
	if limit > 0 && l.len()+len(others) > limit {
		return storage.ErrQuota
	}
	return b.store.Block(ctx, owner, limit, others)
}

// drop removes what is in the list, within the owner's turn, and returns it. Without addrs it removes everything.
func (b *Blocks) drop(ctx context.Context, owner wire.Addr, addrs []wire.Addr) ([]wire.Addr, error) {
	l, err := b.read(ctx, owner)
	if err != nil {
		return nil, err
	}
	listed, _ := l.split(addrs)
	if len(addrs) > 0 && len(listed) == 0 {
		return nil, nil
	}
	return b.store.Unblock(ctx, owner, listed)
}

// change stores a change, puts it into force and pushes it to the sessions that asked for the list (XEP-0191 §3.3).
func (b *Blocks) change(ctx context.Context, owner wire.Addr, verb string, addrs []wire.Addr, store func() error) error {
	defer b.turns.take(owner)()
	if err := store(); err != nil {
		return err
	}
	b.cache.forget(owner)
	l, err := b.read(ctx, owner)
	if err != nil {
		return err
	}
	b.filter(owner, l)
	p := blockItems(verb, addrs)
	for _, res := range b.r.Resources(owner) {
		if res.Has(router.FlagBlocklist) {
			res.Send(wire.New(wire.KindIQ, "set", wire.NewID(), owner, res.Addr(), p), 0)
		}
	}
	return nil
}

// blockEntries reads the items of a request.
func blockEntries(st wire.Stanza, verb string) ([]wire.Addr, error) {
	var out []wire.Addr
	k, _ := st.Kid(nsBlocking, verb)
	for it := range k.Kids() {
		if !it.Is(nsBlocking, "item") {
			continue
		}
		a, err := wire.ParseAddr(it.Attr("jid"))
		if err != nil {
			return nil, stanza.Error{Type: stanza.Modify, Condition: stanza.JIDMalformed}
		}
		out = append(out, a)
	}
	return out, nil
}

// blockItems writes a list.
func blockItems(name string, addrs []wire.Addr) wire.Payload {
	w := wire.NewWriter()
	w.Start(nsBlocking, name)
	for _, a := range addrs {
		w.Start("", "item").Attr("jid", a.String()).End()
	}
	return w.End().Payload()
}
