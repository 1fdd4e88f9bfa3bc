package c2s

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"salon.im/salon/auth"
	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// Options are what a Server is built from. All are needed unless they say otherwise.
type Options struct {
	Config   func() *config.Config // the settings of the moment
	Router   *router.Router
	Accounts storage.Accounts
	Flusher  *stream.Flusher
	// DirectTLS serves direct TLS, StartTLS a stream to a host.
	DirectTLS *tls.Config
	StartTLS  func(host string) *tls.Config
	// Leaf returns the certificate that a handshake with that server name and host showed (tls-server-end-point).
	Leaf func(serverName, host string) *x509.Certificate
	// Secret makes the salts of unknown users.
	Secret []byte
	// Register creates an account (XEP-0077) where registration is open; nil closes it.
	Register func(ctx context.Context, addr wire.Addr, password string, from net.Addr) error
	// Caps returns the <c/> of a host, for the stream features (XEP-0115 §6.3); nil leaves it out.
	Caps func(host string) wire.Payload
	Log  *slog.Logger
}

// Server accepts client connections. Its methods are safe for any goroutine.
type Server struct {
	o        Options
	throttle throttle
	pool     *auth.Pool
	ctx      context.Context
	cancel   context.CancelFunc
	addrs    addrCounter
	failures failureLog
	closing  atomic.Bool // set under mu

	maxNegotiating atomic.Int64

	wg    sync.WaitGroup
	Stats Stats

	mu       sync.Mutex // a leaf; guards what follows
	sessions map[*Session]struct{}
	resume   map[string]*Session // by XEP-0198 id
	gone     gone
	conns    map[*stream.Conn]phase
	stopped  bool // wg is waited for: nothing may be added
}

// phase says how far a connection is.
type phase bool

const (
	negotiating phase = false
	hasSession  phase = true
)

// Stats counts since the start.
type Stats struct {
	AuthFailures                                                         AuthFailures
	Connections, Logins, TLSFailures, Resumes, ResumeFailures, Overflows atomic.Int64
	Negotiating, Panics                                                  atomic.Int64
}

// maxNegotiating bounds the connections that are not logged in.
const maxNegotiating = 10000

// New returns a server that listens nowhere yet.
func New(o Options) *Server {
	s := &Server{o: o, pool: auth.NewPool(0), sessions: map[*Session]struct{}{}, resume: map[string]*Session{}, conns: map[*stream.Conn]phase{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.addrs.m = map[netip.Prefix]int{}
	s.gone = gone{s, router.NewRecent[string, goneSession](maxGone)}
	s.maxNegotiating.Store(maxNegotiating)
	s.handlers()
	s.wg.Go(s.watch)
	return s
}

// Serve accepts connections until l is closed. direct says that TLS comes first (XEP-0368).
func (s *Server) Serve(l net.Listener, direct bool) error {
	backoff := 5 * time.Millisecond
	for {
		nc, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			// Out of files, most likely: wait for some to close (it ends by itself when connections do).
			s.o.Log.Warn("accept failed", "err", err)
			select {
			case <-time.After(backoff):
			case <-s.ctx.Done():
				return nil
			}
			backoff = min(2*backoff, time.Second)
			continue
		}
		backoff = 5 * time.Millisecond
		s.ServeConn(nc, direct)
	}
}

// ServeConn negotiates one accepted connection on a goroutine of its own and serves it.
func (s *Server) ServeConn(nc net.Conn, direct bool) {
	s.Stats.Connections.Add(1)
	release, ok := s.addrs.take(nc.RemoteAddr(), s.o.Config())
	if !ok {
		nc.Close()
		return
	}
	if s.Stats.Negotiating.Add(1) > s.maxNegotiating.Load() {
		s.Stats.Negotiating.Add(-1)
		release()
		nc.Close()
		return
	}
	l := s.o.Config().Limits
	c := stream.NewConn(nc, wire.Limits{StanzaBytes: int(l.StanzaBeforeLogin), Depth: l.DepthBeforeLogin, Attributes: l.Attributes, Namespaces: maxNamespaces})
	if !s.track(c) {
		s.Stats.Negotiating.Add(-1)
		release()
		nc.Close()
		return
	}
	go s.negotiate(c, direct, release)
}

// maxNamespaces bounds the live prefix declarations of a stanza.
const maxNamespaces = 64

// stackRoom is what TLS, SCRAM and the store below them use of a negotiation's stack.
const stackRoom = 12 << 10

// growStack grows the stack of a goroutine that has just begun, while there is next to nothing on it. Else it would grow
// in several steps in the depths of the negotiation, and each step copies and adjusts every frame.
//
//go:noinline
func growStack() {
	var room [stackRoom]byte
	runtime.KeepAlive(&room)
}

func (s *Server) negotiate(c *stream.Conn, direct bool, release func()) {
	defer s.wg.Done()
	growStack()
	n := newNegotiation(s, c, direct, release)
	bound := false
	defer func() {
		s.Stats.Negotiating.Add(-1)
		n.cancel()
		if !bound {
			s.untrack(c)
			c.Close()
			c.Free()
			release()
		}
	}()
	defer s.recovered("negotiation", func() { c.Close() })
	bound = n.run()
}

// recovered ends one unit after a panic, which is always a mistake of ours, and keeps the process alive.
func (s *Server) recovered(unit string, end func()) {
	if v := recover(); v != nil {
		s.Stats.Panics.Add(1)
		s.o.Log.Error("panic", "unit", unit, "value", v, "stack", string(debug.Stack()))
		end()
	}
}

// track notes a connection so that Shutdown finds it, and counts its goroutine.
func (s *Server) track(c *stream.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.conns[c] = negotiating
	s.wg.Add(1)
	return true
}

// bound notes that a connection has a session.
func (s *Server) bound(c *stream.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = hasSession
}

func (s *Server) untrack(c *stream.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// add notes a session, and reports whether the server is closing: then Shutdown may have missed it.
func (s *Server) add(x *Session) (closing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[x] = struct{}{}
	return s.closing.Load()
}

// remove forgets a session that ends, but for what was handled of it. Shutdown waits until done is called.
func (s *Server) remove(x *Session, resumeID string) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, x)
	if resumeID != "" {
		delete(s.resume, resumeID)
		s.gone.addLocked(resumeID, x)
	}
	if s.stopped {
		return func() {}
	}
	s.wg.Add(1)
	return s.wg.Done
}

func (s *Server) list() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Session, 0, len(s.sessions))
	for x := range s.sessions {
		out = append(out, x)
	}
	return out
}

// Shutdown takes nothing more from clients, handles what was received, closes every stream with system-shutdown (RFC 6120
// §4.9.3.20), and waits for the goroutines, or for ctx. Listeners must have been closed.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing.Store(true)
	s.mu.Unlock()
	s.interrupt()
	sessions := s.list()
	for _, x := range sessions {
		x.flow.Close()
	}
	quiet, cancel := context.WithTimeout(ctx, quiesceTime)
	defer cancel()
	for _, x := range sessions {
		x.flow.Quiesce(quiet)
	}
	for _, x := range s.list() {
		x.shutdown()
	}
	s.cancel()
	done := make(chan struct{})
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	go func() { s.wg.Wait(); close(done) }()
	s.closeConns(ctx, done)
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// interrupt ends the reads of connections that negotiate: they say system-shutdown and end.
func (s *Server) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, p := range s.conns {
		if p == negotiating {
			c.SetDeadline(time.Now())
		}
	}
}

// closeConns gives clients a moment to close their side, then closes what is left.
func (s *Server) closeConns(ctx context.Context, done <-chan struct{}) {
	grace := time.NewTimer(time.Second)
	defer grace.Stop()
	select {
	case <-done:
		return
	case <-grace.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}
