package router

import (
	"context"
	"sync"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// FlowLimits bound what one stream may have under way.
type FlowLimits struct {
	Stanzas int // waiting for the commit or for one that does; 0 means 256
	Bytes   int // of them; 0 means 1 MiB
}

// Flow keeps the order of one incoming stream from its reader to past the commit.
//
// Messages to people, and whatever goes to a service, begin their walk at once and may wait for the archive together;
// everything else (IQs, presence) begins when all before it has ended, and what follows it begins after it. So a ping is
// a barrier, and a chat state never overtakes the message before it. Router.Alone names messages that wait likewise.
//
// Exactly one goroutine runs a flow's stanzas at a time: the reader's own while nothing is slow, else a passing one.
type Flow struct {
	r       *Router
	from    *Resource
	handled func(n int)

	mu      sync.Mutex // a leaf; guards what follows
	room    sync.Cond  // signalled when the queue shrinks
	queue   []*entry   // in order of arrival; the first `begun` are under way
	begun   int
	bytes   int
	running bool
	closed  bool
	quiet   chan struct{} // closed when the queue empties; nil while nobody waits
	ctx     context.Context
}

// entry is one stanza in a Flow.
type entry struct {
	walk   Walk
	size   int  // of the stanza as it came
	ready  bool // its wait is over: it may end
	refuse error
	resend bool // the archive had it already
	done   func()
}

// NewFlow makes the flow of one stream. from is its session, nil for a stream of another domain. handled is called with
// the number of stanzas that have just been handled, in order; it must not block. ctx outlives the
// stream's session: what was accepted is still handled.
func (r *Router) NewFlow(ctx context.Context, from *Resource, handled func(n int)) *Flow {
	f := &Flow{r: r, from: from, handled: handled, ctx: ctx}
	f.room.L = &f.mu
	if f.handled == nil {
		f.handled = func(int) {}
	}
	return f
}

// Accept begins the walk of a stanza whose `from` is proven. It blocks while the flow's bounds are reached: that is the
// back-pressure on a reader. A closed flow drops the stanza, which is then never handled. Only one goroutine may call it.
func (f *Flow) Accept(st wire.Stanza) {
	f.mu.Lock()
	for !f.closed && f.full() {
		f.room.Wait()
	}
	if f.closed {
		f.mu.Unlock()
		return
	}
	// A handler may go deep into storage: not on the reader's small stack, which would stay large for the idle hours.
	f.push(st, nil, pipelined(f.r, st) && !f.r.isAlone(st))
}

// TryAccept is Accept for callers that must not block: it reports false when the bounds are reached or the flow is closed.
// done, unless nil, is called once the stanza is handled, and must not block. Safe for any goroutine.
func (f *Flow) TryAccept(st wire.Stanza, done func()) bool {
	f.mu.Lock()
	if f.closed || f.full() {
		f.mu.Unlock()
		return false
	}
	f.push(st, done, false)
	return true
}

func (f *Flow) full() bool {
	l := f.r.o.Flow
	if l.Stanzas == 0 {
		l.Stanzas = 256
	}
	if l.Bytes == 0 {
		l.Bytes = 1 << 20
	}
	return len(f.queue) >= l.Stanzas || (f.bytes >= l.Bytes && len(f.queue) > 0)
}

// push queues a stanza and has the flow run, inline or on a goroutine of its own. It is entered with the lock held, and
// releases it.
func (f *Flow) push(st wire.Stanza, done func(), inline bool) {
	f.queue = append(f.queue, &entry{walk: Walk{Stanza: st, From: f.from}, size: st.Len(), done: done})
	f.bytes += st.Len()
	if f.running || f.begun > 0 && !f.mayBegin() {
		f.mu.Unlock()
		return
	}
	f.running = true
	if inline {
		f.run()
		return
	}
	f.mu.Unlock()
	f.r.runners.run(f)
}

func (f *Flow) runLocked() {
	f.mu.Lock()
	f.run()
}

// Close lets nothing more in, and wakes a blocked Accept. What is under way ends as it would.
func (f *Flow) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.room.Broadcast()
}

// Quiesce waits until everything accepted has been handled, or ctx ends. Nothing may be accepted meanwhile.
func (f *Flow) Quiesce(ctx context.Context) error {
	f.mu.Lock()
	if len(f.queue) == 0 {
		f.mu.Unlock()
		return nil
	}
	if f.quiet == nil {
		f.quiet = make(chan struct{})
	}
	quiet := f.quiet
	f.mu.Unlock()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run ends what is ready and begins what may begin, until nothing moves. It is entered with the lock held and running
// set, and releases both.
func (f *Flow) run() {
	defer f.mu.Unlock()
	for {
		switch {
		case f.begun > 0 && f.queue[0].ready:
			e := f.queue[0]
			f.mu.Unlock()
			f.guard(e, f.end)
			f.handled(1)
			if e.done != nil {
				e.done()
			}
			f.mu.Lock()
			f.pop()
		case f.mayBegin():
			e := f.queue[f.begun]
			f.begun++
			f.mu.Unlock()
			f.guard(e, f.begin)
			f.mu.Lock()
		default:
			f.running = false
			return
		}
	}
}

// mayBegin reports whether the next stanza may begin: alone, or beside others that are under way if neither it nor the
// last of them is a barrier.
func (f *Flow) mayBegin() bool {
	i := f.begun
	if i == len(f.queue) {
		return false
	}
	return i == 0 || pipelined(f.r, f.queue[i].walk.Stanza) && pipelined(f.r, f.queue[i-1].walk.Stanza) && !f.r.isAlone(f.queue[i].walk.Stanza)
}

// guard runs a step of a stanza's walk. A panic in a handler is a mistake of ours: it is logged, the sender gets an error,
// and the stream goes on.
func (f *Flow) guard(e *entry, step func(*entry)) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		f.r.panicked("stanza", v)
		f.r.Bounce(f.ctx, e.walk.Stanza, stanza.Error{Type: stanza.Wait, Condition: stanza.InternalServerError})
		f.complete(e, ErrDrop, false)
	}()
	step(e)
}

func (f *Flow) pop() {
	f.bytes -= f.queue[0].size
	f.queue[0] = nil
	f.queue = f.queue[1:]
	f.begun--
	if len(f.queue) == 0 {
		f.queue = nil // an idle session keeps no queue
		if f.quiet != nil {
			close(f.quiet)
			f.quiet = nil
		}
	}
	f.room.Signal()
}

// pipelined reports whether a stanza may begin while those before it wait for their commit.
func pipelined(r *Router, st wire.Stanza) bool {
	return st.Kind() == wire.KindMessage || r.services[st.To().Domain()] != nil
}

// begin takes a stanza up to the point where it waits: for the archive, for a service, or for nothing.
func (f *Flow) begin(e *entry) {
	st, err := shape(e.walk.Stanza)
	if err != nil {
		f.complete(e, err, false)
		return
	}
	st = f.r.cleanse(st, f.from != nil)
	e.walk.Stanza = st
	if s := f.r.services[st.To().Domain()]; s != nil {
		if err := f.toService(&e.walk); err != nil {
			f.complete(e, err, false)
			return
		}
		f.r.count(st)
		s.Accept(f.ctx, st, func(sent wire.Stanza) { f.accepted(e, sent) })
		return
	}
	if st.Kind() != wire.KindMessage {
		f.complete(e, nil, false)
		return
	}
	f.beginMessage(e)
}

// toService checks what a local session sends to a service, and notes its presence there (RFC 6121 §4.6).
func (f *Flow) toService(w *Walk) error {
	if f.from == nil {
		return nil
	}
	if err := f.r.runCheck(f.ctx, w); err != nil {
		return err
	}
	if w.Stanza.Kind() != wire.KindPresence {
		return nil
	}
	to := w.Stanza.To()
	switch w.Stanza.Type() {
	case "unavailable":
		f.from.RemoveDirected(to)
	case "":
		f.from.forgetOthers(to) // a new nick replaces the old one
		if !f.from.AddDirected(to.Clone(), MaxDirected) {
			return ErrTooManyDirected
		}
	}
	return nil
}

// ErrTooManyDirected refuses directed presence over MaxDirected addresses.
var ErrTooManyDirected error = stanza.Error{Type: stanza.Cancel, Condition: stanza.ResourceConstraint,
	Text: map[string]string{"en": "This session has sent presence to too many addresses."}}

func (f *Flow) beginMessage(e *entry) {
	w := &e.walk
	err := f.r.runCheck(f.ctx, w)
	if err == nil && f.r.nobodyThere(w.Stanza) {
		err = stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable}
	}
	if err == nil {
		err = f.r.runAmend(f.ctx, w)
	}
	if err != nil || len(w.Rows)+len(w.Rewrites) == 0 {
		f.complete(e, err, false)
		return
	}
	err = f.r.o.Archive.Queue(f.ctx, w.Rows, func(dropped []bool, err error) {
		if err != nil {
			f.r.o.Log.Debug("archive failed", "err", err) // the archive says it once, not for each message
			f.complete(e, unstored, false)
			return
		}
		f.complete(e, nil, w.resent(dropped))
	}, w.Rewrites...)
	if err != nil {
		f.r.o.Log.Debug("archive refused", "err", err)
		f.complete(e, unstored, false)
	}
}

// unstored tells a sender that the archive is away (architecture: a storage error becomes a stanza error).
var unstored error = stanza.Error{Type: stanza.Wait, Condition: stanza.InternalServerError,
	Text: map[string]string{"en": "The message could not be stored; please send it again later."}}

// accepted says that a service has handled an entry.
func (f *Flow) accepted(e *entry, sent wire.Stanza) {
	f.mu.Lock()
	if !e.ready {
		e.walk.Sent = sent
	}
	f.mu.Unlock()
	f.complete(e, nil, false)
}

// complete says that an entry may end, once, and runs the flow on a goroutine of its own if nobody does: the caller may be
// the archive or a room, and must not be held up.
func (f *Flow) complete(e *entry, refuse error, resend bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.ready {
		return
	}
	e.ready, e.refuse, e.resend = true, refuse, resend
	if f.running || len(f.queue) == 0 || f.queue[0] != e {
		return
	}
	f.running = true
	f.r.runners.run(f)
}

// end consumes a stanza whose turn has come.
func (f *Flow) end(e *entry) {
	w := &e.walk
	st := w.Stanza
	switch {
	case e.refuse != nil:
		f.r.refuse(f.ctx, st, e.refuse)
	case e.resend:
	case f.r.services[st.To().Domain()] != nil:
		if st.Kind() == wire.KindMessage && !w.Sent.IsZero() {
			f.r.runObserve(f.ctx, w) // the sender's other sessions may get a copy (XEP-0280 §6.1)
		}
	case st.Kind() == wire.KindMessage:
		f.r.count(st)
		if w.Committed != nil {
			w.Committed(w)
		}
		f.r.deliverMessage(f.ctx, w)
	case st.Kind() == wire.KindPresence:
		f.r.count(st)
		f.r.routePresence(f.ctx, f.from, st)
	case st.Kind() == wire.KindIQ:
		f.r.count(st)
		f.r.routeIQ(f.ctx, w)
	}
}

// resent reports whether the archive had the message already: the recipient's row decides where there is one, else all
// rows must have been there.
func (w *Walk) resent(dropped []bool) bool {
	all := len(dropped) > 0
	for i, d := range dropped {
		if w.Rows[i].Owner == w.Stanza.To().Bare() && w.Rows[i].Owner != w.Stanza.From().Bare() {
			return d
		}
		all = all && d
	}
	return all
}

func (r *Router) count(st wire.Stanza) {
	switch st.Kind() {
	case wire.KindMessage:
		r.Stats.Messages.Add(1)
	case wire.KindPresence:
		r.Stats.Presences.Add(1)
	case wire.KindIQ:
		r.Stats.IQs.Add(1)
	}
}

// innerFlows is how many flows carry what enters by Route.
const innerFlows = 16

// Route begins the walk of a stanza that a service or a feature sends: Check, Amend, Deliver and Observe like any other.
// Stanzas to one bare address keep their order. It never blocks, and reports false when too many are under way.
//
// done, unless nil, is called once, on any goroutine, when the stanza is handled: committed or refused. Who passes on what a
// client sent tells the client's stream no earlier. It is not called after false, and must not block.
func (r *Router) Route(st wire.Stanza, done func()) bool {
	sh := r.table.shardIndex(st.To().Bare())
	return r.inner[sh%innerFlows].TryAccept(st, done)
}

// Quiesce takes nothing more by Route and waits until all that it took is handled, or ctx ends. Whoever calls Route must
// have ended.
func (r *Router) Quiesce(ctx context.Context) error {
	for _, f := range r.inner {
		f.Close()
	}
	for _, f := range r.inner {
		if err := f.Quiesce(ctx); err != nil {
			return err
		}
	}
	return nil
}
