package c2s

import (
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
	res  *router.Resource
	flow *router.Flow
	out  *stream.Outbox

	heard  atomic.Int64 // Unix seconds of the last bytes from the client
	pinged atomic.Int64 // Unix seconds of the ping that waits for an answer, 0 for none

	// Stanzas of the client, modulo 2^32: all that the flow took, all that are handled, and how many came before <enable/>.
	accepted, done, base atomic.Uint32
	owed                 atomic.Int64 // an <a/> is due when h reaches it; -1 for none
	counting             atomic.Bool  // XEP-0198 is on

	mu       sync.Mutex
	conn     *stream.Conn  // nil while hibernating
	reading  chan struct{} // closed when conn's reader has ended
	release  func()        // ends the address's count of conn
	resumeID string        // "" when the session cannot be resumed
	resuming bool          // a new connection is taking over
	ended    bool
	timer    *time.Timer // ends a hibernating session
}

func newSession(n *negotiation, addr wire.Addr) *Session {
	cfg := n.s.o.Config()
	x, r := &Session{s: n.s, addr: addr}, n.s.o.Router
	x.owed.Store(-1)
	x.out = stream.NewOutbox(n.s.o.Flusher, stream.OutboxLimits{
		Bytes: int(cfg.Limits.OutboxBytes), Stanzas: cfg.Limits.OutboxStanzas,
		ResumeBytes:   int(cfg.Limits.OutboxBytes + cfg.Stream.ResumeBytes),
		ResumeStanzas: cfg.Limits.OutboxStanzas + cfg.Stream.ResumeStanzas,
		WriteTimeout:  cfg.Stream.WriteTimeout,
	}, stream.Events{
		Delivered: func(marks []int64) { r.Delivered(addr, marks...) },
		Handled:   x.h,
		Overflow:  x.overflow,
	})
	return x
}

// begin starts a session that is in the router's table, on the connection that was negotiated.
func (x *Session) begin(n *negotiation, res *router.Resource) {
	x.res = res
	x.flow = x.s.o.Router.NewFlow(x.s.ctx, res, x.handled)
	x.s.mu.Lock()
	x.s.sessions[x] = struct{}{}
	closing := x.s.closing
	x.s.mu.Unlock()
	n.promote()
	x.out.Attach(n.c)
	x.read(n.c, n.release)
	if closing {
		x.shutdown()
	}
}

// promote gives the connection the limits of an account.
func (n *negotiation) promote() {
	l := n.s.o.Config().Limits
	n.c.SetLimits(wire.Limits{StanzaBytes: int(l.Stanza), Depth: l.Depth, Attributes: l.Attributes, Namespaces: maxNamespaces})
	n.c.SetRate(stream.NewBucket(int(l.BytesPerSecond), int(l.BytesBurst)), stream.NewBucket(l.StanzasPerSecond, l.StanzasBurst))
	n.c.SetDeadline(time.Time{})
}

// read starts the reader goroutine of a connection.
func (x *Session) read(c *stream.Conn, release func()) {
	x.mu.Lock()
	x.conn, x.release, x.reading = c, release, make(chan struct{})
	reading := x.reading
	x.mu.Unlock()
	x.heard.Store(time.Now().Unix())
	x.pinged.Store(0)
	x.s.wg.Add(1)
	go x.readLoop(c, reading)
}

// Addr implements router.Session.
func (x *Session) Addr() wire.Addr { return x.addr }

// Send implements router.Session.
func (x *Session) Send(st wire.Stanza, mark int64) bool { return x.out.Send(st, mark) }

// Close implements router.Session: a stream error, then the end.
func (x *Session) Close(e xstream.Error) {
	x.finish(stream.AppendError(nil, e), false)
}

// shutdown says goodbye to a client because the server stops.
func (x *Session) shutdown() {
	x.flow.Close()
	x.Close(stream.Error("system-shutdown", ""))
}

// overflow ends what a slow reader held up: a session with XEP-0198 hibernates, any other is closed.
func (x *Session) overflow() {
	x.s.Stats.Overflows.Add(1)
	x.mu.Lock()
	c, resumable := x.conn, x.resumeID != ""
	x.mu.Unlock()
	if resumable && c != nil {
		c.Close() // the reader ends, and the session hibernates
		return
	}
	x.finish(stream.AppendError(nil, stream.Error("resource-constraint", "the client does not read")), true) // RFC 6120 §4.9.3.17
	if c != nil {
		c.Close()
	}
}

// lost is called by the reader of a connection when it ends without a goodbye.
func (x *Session) lost(c *stream.Conn) {
	x.mu.Lock()
	if x.conn != c {
		x.mu.Unlock()
		return
	}
	x.conn = nil
	wait := x.s.o.Config().Stream.ResumeTime
	if x.resuming || !x.ended && x.resumeID != "" && wait > 0 && !x.s.isClosing() {
		x.out.Detach(c)
		if !x.resuming {
			x.timer = time.AfterFunc(wait, func() { x.finish(nil, true) })
		}
		x.mu.Unlock()
		return
	}
	x.mu.Unlock()
	x.finish(nil, true)
}

// finish ends the session, once: it leaves the table, and what the client did not get goes where it can still be of use.
// last is written to the client before the connection closes; drop says that the queue is not written any more.
func (x *Session) finish(last []byte, drop bool) {
	x.mu.Lock()
	if x.ended {
		x.mu.Unlock()
		return
	}
	x.ended = true
	if x.timer != nil {
		x.timer.Stop()
	}
	id, attached := x.resumeID, x.conn != nil
	x.mu.Unlock()

	x.s.mu.Lock()
	delete(x.s.sessions, x)
	if id != "" {
		delete(x.s.resume, id)
	}
	x.s.mu.Unlock()

	x.flow.Close()
	x.s.o.Router.Unbind(x.s.ctx, x.res)
	var rest []stream.Stanza
	if drop || !attached {
		rest = x.out.End(last)
	} else {
		rest = x.out.Unacked()
		x.out.CloseWith(last)
	}
	x.leave(rest)
}

// leave finds a place for what the client did not get: archived messages stay undelivered, or go to the user's other
// sessions; what can carry an error bounces (XEP-0198 §5, RFC 6120 §10.5.4).
func (x *Session) leave(rest []stream.Stanza) {
	ctx, r := x.s.ctx, x.s.o.Router
	for _, e := range rest {
		switch t := e.Stanza.Type(); {
		case e.Mark != 0:
			r.Redeliver(ctx, e.Stanza.WithTo(x.addr.Bare()), e.Mark)
		case e.Stanza.Kind() == wire.KindIQ && (t == "get" || t == "set"),
			e.Stanza.Kind() == wire.KindMessage && t != "groupchat" && t != "headline" && e.Stanza.Has("", "body"):
			r.Bounce(ctx, e.Stanza, stanza.Error{Type: stanza.Wait, Condition: stanza.RecipientUnavailable})
		}
	}
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}
