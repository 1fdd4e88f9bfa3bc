package c2s

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/stanza"
	xstream "mellium.im/xmpp/stream"

	"salon.im/salon/router"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// Session is a bound client. It outlives its connection while XEP-0198 may resume it. It implements router.Session.
//
// The reader goroutine of the connection feeds flow; out writes. mu guards the life cycle and is a leaf.
type Session struct {
	s    *Server
	addr wire.Addr
	out  *stream.Outbox
	res  *router.Resource // with flow, set by begin before started
	flow *router.Flow

	pinged atomic.Int64 // Unix seconds of the XEP-0199 ping that waits for an answer, 0 for none

	// Stanzas of the client: all that the flow took, all that are handled, and how many came before <enable/>.
	accepted, done, base atomic.Uint64
	owed                 atomic.Uint64 // an <a/> is due when done reaches it; notOwed for none
	counting             atomic.Bool   // XEP-0198 is on

	mu       sync.Mutex
	conn     *stream.Conn  // nil while hibernating
	reading  chan struct{} // closed when conn's reader has ended
	resumeID string        // "" when the session cannot be resumed
	wait     time.Duration // how long it can be
	timer    *time.Timer   // ends a hibernating session
	asleep   time.Time     // since when it hibernates
	early    []byte        // last words of a Close before begin
	started  bool          // begin is through
	resuming bool          // a new connection is taking over
	ended    bool
}

const notOwed = ^uint64(0)

func newSession(n *negotiation, addr wire.Addr) *Session {
	cfg := n.s.o.Config()
	x := &Session{s: n.s, addr: addr}
	x.owed.Store(notOwed)
	x.out = stream.NewOutbox(n.s.o.Flusher, stream.OutboxLimits{
		Bytes: int(cfg.Limits.OutboxBytes), Stanzas: cfg.Limits.OutboxStanzas,
		ResumeBytes:   int(cfg.Limits.OutboxBytes + cfg.Stream.ResumeBytes),
		ResumeStanzas: cfg.Limits.OutboxStanzas + cfg.Stream.ResumeStanzas,
		WriteTimeout:  cfg.Stream.WriteTimeout,
	}, stream.Events{
		Delivered: func(marks []int64) { x.s.o.Router.Delivered(x.addr, marks...) }, // not n: a session must not keep its negotiation
		Handled:   x.h,
		Overflow:  x.overflow,
	})
	return x
}

// begin starts a session that is in the router's table, on the connection that was negotiated.
func (x *Session) begin(n *negotiation, res *router.Resource) {
	x.res = res
	x.flow = x.s.o.Router.NewFlow(x.s.ctx, res, x.handled)
	x.share()
	n.promote()
	x.out.Attach(n.c)
	x.read(n.c, n.release)
	x.mu.Lock()
	x.started = true
	early := x.early
	x.mu.Unlock()
	switch closing := x.s.add(x); {
	case early != nil:
		x.finish(early, false)
	case closing:
		x.shutdown()
	}
}

// share counts what the session holds against the bound of its account, in which each possible session has an equal share.
func (x *Session) share() {
	l := x.s.o.Config().Limits
	most := int64(l.OutboxBytesPerUser)
	x.out.SetBudget(stream.Budget{Used: x.res.Held(), Max: most, Share: most / int64(l.ResourcesPerUser)})
}

// promote takes the login's deadline away and starts the connection's rates afresh.
func (n *negotiation) promote() {
	n.limitRate()
	n.c.SetDeadline(time.Time{})
	n.s.bound(n.c)
}

// limitRate holds the connection to the rates of one stream, before the login too: a stranger may not have more than a user.
func (n *negotiation) limitRate() {
	l := n.s.o.Config().Limits
	n.c.SetRate(stream.NewBucket(int(l.BytesPerSecond), int(l.BytesBurst)), stream.NewBucket(l.StanzasPerSecond, l.StanzasBurst))
}

// demote undoes promote for a resumption that failed at the last moment.
func (n *negotiation) demote() {
	deadline, _ := n.ctx.Deadline()
	n.c.SetDeadline(deadline)
}

// read starts the reader goroutine of a connection. release ends the address's count of it.
func (x *Session) read(c *stream.Conn, release func()) {
	reading := make(chan struct{})
	x.mu.Lock()
	x.conn, x.reading, x.resuming = c, reading, false
	x.mu.Unlock()
	x.pinged.Store(0)
	x.s.wg.Add(1) // the negotiation's goroutine is still counted
	go x.readLoop(c, reading, release)
}

// Addr implements router.Session.
func (x *Session) Addr() wire.Addr { return x.addr }

// Send implements router.Session.
func (x *Session) Send(st wire.Stanza, mark int64) bool { return x.out.Send(st, mark) }

// Replace implements router.Replacer.
func (x *Session) Replace(mark int64, f func(wire.Stanza) wire.Stanza) { x.out.Replace(mark, f) }

// Pace implements router.Pacer.
func (x *Session) Pace(ctx context.Context) (router.Allowance, error) {
	stanzas, bytes, err := x.out.Pace(ctx)
	if errors.Is(err, stream.ErrEnded) {
		err = router.ErrGone
	}
	return router.Allowance{Stanzas: stanzas, Bytes: bytes}, err
}

// Close implements router.Session: a stream error, then the end.
func (x *Session) Close(e xstream.Error) { x.finish(stream.AppendError(nil, e), false) }

// shutdown says goodbye to a client because the server stops (RFC 6120 §4.9.3.20).
func (x *Session) shutdown() { x.Close(stream.Error("system-shutdown", "")) }

// quiesceTime bounds the wait for what a client sent before its stream ended.
const quiesceTime = 10 * time.Second

// quiesce takes no more from the client and waits until what it sent is handled: its unavailable presence comes after.
func (x *Session) quiesce() {
	ctx, cancel := context.WithTimeout(x.s.ctx, quiesceTime)
	defer cancel()
	x.flow.Close()
	x.flow.Quiesce(ctx)
}

// overflow ends what a slow reader held up: a session with XEP-0198 lets go of its connection at once, whatever its reader
// waits for, and hibernates when that has ended. One that cannot, or has no room left even so, is closed.
func (x *Session) overflow() {
	defer x.s.recovered("overflow", func() {}) // on a goroutine of its own
	x.s.Stats.Overflows.Add(1)
	x.mu.Lock()
	c, resumable := x.conn, x.resumeID != ""
	x.mu.Unlock()
	if resumable && !x.out.Full() {
		if c != nil {
			x.out.Detach(c)
			c.Close()
		}
		return
	}
	x.finish(stream.AppendError(nil, stream.Error("resource-constraint", "the client does not read")), true) // RFC 6120 §4.9.3.17
}

// lost is called by the reader of a connection when it ends, whyever. A session that can be resumed hibernates.
func (x *Session) lost(c *stream.Conn) {
	x.out.Detach(c)
	x.mu.Lock()
	if x.conn != c {
		x.mu.Unlock()
		return
	}
	x.conn = nil
	if x.ended || x.resuming || x.resumeID != "" && !x.s.closing.Load() {
		x.hibernateLocked()
		x.mu.Unlock()
		return
	}
	x.mu.Unlock()
	x.quiesce()
	x.finish(nil, true)
}

func (x *Session) hibernateLocked() {
	if !x.ended && !x.resuming && x.timer == nil {
		x.asleep = time.Now()
		x.timer = time.AfterFunc(x.wait, func() { x.finish(nil, true) })
	}
}

// Asleep implements router.Sleeper.
func (x *Session) Asleep() (since time.Time, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.asleep, x.timer != nil && !x.ended
}

// finish ends the session, once: it leaves the table, and what the client did not get goes where it can still be of use.
// last is written to the client before the connection closes; drop says that the queue is not written any more. It may be
// called from any goroutine and at any time; before begin it is kept for begin.
func (x *Session) finish(last []byte, drop bool) {
	defer x.s.recovered("end of a session", func() {}) // it may run on a timer
	x.mu.Lock()
	if !x.started && x.early == nil {
		x.early = last
	}
	if x.ended || !x.started {
		x.mu.Unlock()
		return
	}
	x.ended = true
	if x.timer != nil {
		x.timer.Stop()
	}
	id := x.resumeID
	x.mu.Unlock()

	x.flow.Close()
	defer x.s.remove(x, id)()
	x.s.o.Router.Unbind(x.s.ctx, x.res)
	if x.counting.Load() {
		x.out.SendAck()
	}
	x.leave(x.out.Close(last, drop))
}

// leave finds a place for what the client did not get: archived messages stay undelivered, or go to the user's other
// sessions; what can carry an error is answered like any stanza to a resource that is not there (XEP-0198 §4, RFC 6121
// §8.5.3.2).
func (x *Session) leave(rest []stream.Stanza) {
	ctx, r := x.s.ctx, x.s.o.Router
	for _, e := range rest {
		switch t := e.Stanza.Type(); {
		case e.Mark != 0:
			r.Redeliver(ctx, e.Stanza, e.Mark)
		case e.Stanza.Kind() == wire.KindIQ && (t == "get" || t == "set"),
			e.Stanza.Kind() == wire.KindMessage && t != "groupchat" && t != "headline" && e.Stanza.Has("", "body"):
			r.Bounce(ctx, e.Stanza, stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable})
		default: // such as a lone chat state
			r.CountDrop(router.DropLeftBehind)
		}
	}
}
