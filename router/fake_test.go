package router_test

import (
	"context"
	"encoding/xml"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"mellium.im/xmpp/stream"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const patience = 10 * time.Second

var (
	alice = wire.MustAddr("alice@example.test/a")
	bob   = wire.MustAddr("bob@example.test/b")
	room  = wire.MustAddr("room@rooms.example.test")
)

// session is a fake router.Session that keeps what it gets.
type session struct {
	addr wire.Addr
	mu   sync.Mutex
	got  []wire.Stanza
	full bool // refuses everything
	end  stream.Error
	see  func(wire.Stanza) // called for each stanza
}

func (s *session) Addr() wire.Addr { return s.addr }

func (s *session) Send(st wire.Stanza, _ int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	s.got = append(s.got, st)
	if s.see != nil {
		s.see(st)
	}
	return true
}

func (s *session) Close(e stream.Error) { s.mu.Lock(); s.end = e; s.mu.Unlock() }

func (s *session) take() []wire.Stanza {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// archiver is a fake router.Archiver. Its done functions run in order, in bursts at random times, on a goroutine of its own.
type archiver struct {
	mu    sync.Mutex
	queue []func()
	wake  chan struct{}
	marks []storage.Mark
	fail  func(rows []storage.Row) (dropped []bool, err error)
	last  int64
}

func newArchiver(t testing.TB, rnd *rand.Rand) *archiver {
	a := &archiver{wake: make(chan struct{}, 1), fail: func([]storage.Row) ([]bool, error) { return nil, nil }}
	stop, ended := make(chan struct{}), make(chan struct{})
	pause := rnd.IntN(4)
	go func() {
		defer close(ended)
		for {
			select {
			case <-a.wake:
			case <-stop:
				return
			}
			for range pause * 10 {
				runtime.Gosched()
			}
			a.mu.Lock()
			batch := a.queue
			a.queue = nil
			a.mu.Unlock()
			for _, done := range batch {
				done()
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
	return a
}

func (a *archiver) Queue(_ context.Context, rows []storage.Row, done func([]bool, error), _ ...storage.Rewrite) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range rows {
		a.last++
		rows[i].ID = a.last
	}
	dropped, err := a.fail(rows)
	a.queue = append(a.queue, func() { done(dropped, err); done(dropped, err) }) // the second call must do no harm
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return nil
}

func (a *archiver) Delivered(marks ...storage.Mark) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.marks = append(a.marks, marks...)
}

// service is a fake router.Service that hands its stanzas to take.
type service struct {
	take func(st wire.Stanza, done func())
}

func (s service) Accept(_ context.Context, st wire.Stanza, done func(wire.Stanza)) {
	s.take(st, func() { done(st) })
}

func newRouter(a router.Archiver, l router.FlowLimits) *router.Router {
	return router.New(router.Options{
		Hosts: []string{"example.test"}, Archive: a, Flow: l,
		Exists: func(_ context.Context, bare wire.Addr) (bool, error) { return bare.Local() != "nobody", nil },
	})
}

func bind(t testing.TB, r *router.Router, addr wire.Addr, priority int) (*session, *router.Resource) {
	t.Helper()
	s := &session{addr: addr}
	res, err := r.Bind(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if priority > -200 {
		res.SetPresence(&router.Presence{Stanza: wire.New(wire.KindPresence, "", "", addr, wire.Addr{}), Priority: int8(priority)})
	}
	return s, res
}

// unavailable is a priority of bind for a session that sent no presence.
const unavailable = -200

func message(typ, id string, from, to wire.Addr) wire.Stanza {
	w := wire.NewWriter()
	w.Elem("", "body", id)
	return wire.New(wire.KindMessage, typ, id, from, to, w.Payload())
}

func request(id string, from, to wire.Addr) wire.Stanza {
	w := wire.NewWriter()
	w.Elem("urn:xmpp:ping", "ping", "")
	return wire.New(wire.KindIQ, "get", id, from, to, w.Payload())
}

var ping = xml.Name{Space: "urn:xmpp:ping", Local: "ping"}
