package muc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Writer queues messages for the archive; *archive.Writer is one. See its TryAppend for the contract.
type Writer interface {
	TryAppend(rows []storage.Row, done func(archive.Result), rewrites ...storage.Rewrite) error
}

// Options are what a Service is built from. All fields but Documents, Keeps, Held, Log and Now are needed.
type Options struct {
	Router *router.Router
	Rooms  storage.Rooms
	// Documents has the service's own: the rooms that were destroyed. nil keeps them in memory.
	Documents storage.Documents
	Archive   storage.Archive // to read from, and to empty
	IDs       archive.IDs     // of the archives, in stanzas
	Writer    Writer
	Config    func() *config.Config // the configuration in force; asked again and again
	Key       []byte                // seals the passwords of rooms: 16, 24 or 32 bytes, kept outside of the database
	// Keeps reports whether a local user wants private messages to or from an occupant archived (XEP-0441); nil: all do.
	Keeps func(ctx context.Context, owner, occupant wire.Addr) (bool, error)
	// OccupantKey is what the occupants' ids are made with (XEP-0421): OccupantKeyBytes, always the same, kept outside of the
	// database.
	OccupantKey []byte
	Domain      string // of the rooms
	Host        string // whose rooms they are: its admins, its users
	// Held says whether the archive of a room or a user is under hold: nothing of it is deleted, and what is retracted is kept
	// for the administrator. nil holds nothing.
	Held func(owner wire.Addr) bool
	Log  *slog.Logger
	Now  func() time.Time
}

// Stats counts what a Service did since its start.
type Stats struct {
	Rooms     atomic.Int64 // in memory now
	Occupants atomic.Int64 // sessions in rooms now
	Messages  atomic.Int64 // broadcast
	Delivered atomic.Int64 // copies of them
	Refused   atomic.Int64 // stanzas refused
	Busy      atomic.Int64 // of those, because a mailbox was full
	Panics    atomic.Int64
}

// Service answers for one conference domain. Its methods are safe for any goroutine.
type Service struct {
	o         Options
	addr      wire.Addr
	seal      sealer
	ledger    ledger
	joins     rates // see joinrate.go
	graves    *graveyard
	reader    *archive.Reader
	activity  activity
	ctx       context.Context // of requests to archives; ends with Close
	cancel    context.CancelFunc
	Stats     Stats
	directory directory
	searching chan struct{} // a slot for each search under way

	mu    sync.Mutex // a leaf; guards what follows
	rooms map[wire.Addr]*room
	// temporary has the names of the public rooms that are not stored.
	temporary map[wire.Addr]string
	turns     turns
	closed    bool
	running   sync.WaitGroup // goroutines of rooms (Add under their mailbox.mu) and of the service itself (under mu, while not closed)
	asking    chan struct{}  // a slot for each request to the service itself that is under way
}

var _ router.Service = (*Service)(nil)

// serviceRequests bounds the requests to the service itself that wait for the store.
const serviceRequests = 64

// New builds the service of o.Domain and announces it to the router. Call it before the first session binds, then
// router.HandleService, then EnsureRoom. It fails on a bad domain or key.
func New(o Options) (*Service, error) {
	if o.Log == nil {
		o.Log = discard()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	addr, err := wire.NewAddr("", o.Domain, "")
	if err != nil {
		return nil, err
	}
	seal, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	if len(o.OccupantKey) != OccupantKeyBytes {
		return nil, fmt.Errorf("muc: the key of the occupants' ids has %d bytes: it needs %d", len(o.OccupantKey), OccupantKeyBytes)
	}
	if o.IDs == (archive.IDs{}) {
		return nil, errors.New("muc: archives need ids: make them with archive.NewIDs")
	}
	s := &Service{o: o, addr: addr, seal: seal, rooms: map[wire.Addr]*room{}, temporary: map[wire.Addr]string{}, asking: make(chan struct{}, serviceRequests),
		reader: archive.NewReader(o.Archive, o.IDs), turns: turns{}, graves: newGraveyard(o.Documents, addr),
		activity: activity{since: o.Now()}, searching: make(chan struct{}, maxSearches)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.advertise()
	o.Router.OnGone(s.sessionGone)
	return s, nil
}

// Accept implements router.Service.
func (s *Service) Accept(ctx context.Context, st wire.Stanza, done func(sent wire.Stanza)) {
	switch {
	case st.From().IsZero() || st.Malformed() != nil:
		s.refuse(st, refusal(stanza.Modify, stanza.JIDMalformed, ""))
		done(wire.Stanza{})
	case st.To().Local() == "":
		s.acceptOwn(st, func() { done(wire.Stanza{}) })
	case idleTalk(st) && !s.inMemory(st.To().Bare()):
		done(wire.Stanza{})
	default:
		e := &event{st: st, sent: st, done: done, cost: st.Len()}
		p := s.postTo(st.To().Bare(), e, departs(st))
		if p == taken {
			return
		}
		if p == full {
			s.Stats.Busy.Add(1)
			s.refuse(st, errBusy)
		} else {
			s.refuse(st, errClosing)
		}
		done(wire.Stanza{})
	}
}

// departs reports whether a stanza takes a session out of a room: it may never be refused.
func departs(st wire.Stanza) bool {
	return st.Type() == "error" && st.Kind() != wire.KindIQ || st.Kind() == wire.KindPresence && st.Type() == "unavailable"
}

// idleTalk reports whether a stanza means nothing to a room that is not in memory: nobody is in it, and it asked nothing.
func idleTalk(st wire.Stanza) bool {
	return departs(st) || st.Kind() == wire.KindIQ && !request(st)
}

func (s *Service) inMemory(room wire.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms[room] != nil
}

// postTo posts to the room of an address, which it starts if need be. dead says that the service is closed.
func (s *Service) postTo(addr wire.Addr, e *event, always bool) posted {
	for {
		r := s.room(addr)
		if r == nil {
			return dead
		}
		if p := s.post(r, e, always); p != dead {
			return p
		}
		s.forget(r)
	}
}

// room returns the room in memory, or a new one that has not been read; nil once the service is closed.
func (s *Service) room(addr wire.Addr) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[addr]
	if s.closed {
		return nil
	}
	if r == nil {
		r = newRoom(s, addr)
		s.rooms[addr] = r
		s.Stats.Rooms.Add(1)
	}
	return r
}

// post posts to a room and starts its goroutine if none runs.
func (s *Service) post(r *room, e *event, always bool) posted {
	p, start := r.box.post(e, always)
	if start {
		go r.run()
	}
	return p
}

// forget drops a dead room.
func (s *Service) forget(r *room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rooms[r.addr] == r {
		delete(s.rooms, r.addr)
		s.Stats.Rooms.Add(-1)
	}
}

// refuse tells a stanza's sender why it was not taken. An error or a result is never answered (RFC 6120 §8.3.1).
func (s *Service) refuse(st wire.Stanza, err error) {
	var e stanza.Error
	if !errors.As(err, &e) {
		if !errors.Is(err, storage.ErrAway) { // that was said once already
			s.o.Log.Error("room failed", "err", err)
		}
		e = errUnstored
	}
	s.Stats.Refused.Add(1)
	e.By = st.To().Bare().JID() // §7.2.1, Example 19: by the room
	var d router.DetailedError
	if errors.As(err, &d) {
		s.o.Router.Bounce(context.Background(), st, e, d.Detail)
		return
	}
	s.o.Router.Bounce(context.Background(), st, e)
}

// callAll calls f on the goroutine of every room in memory. It does not wait.
func (s *Service) callAll(f func(*room)) {
	s.mu.Lock()
	rooms := make([]*room, 0, len(s.rooms))
	for _, r := range s.rooms {
		rooms = append(rooms, r)
	}
	s.mu.Unlock()
	for _, r := range rooms {
		s.post(r, &event{call: f}, true)
	}
}

// sessionGone takes a dead session out of its rooms; it is the router's Gone hook.
func (s *Service) sessionGone(_ context.Context, res *router.Resource, _ *router.Presence) {
	for _, addr := range s.ledger.rooms(res.Addr()) {
		s.postTo(addr, &event{gone: res.Addr()}, true)
	}
}

// Close ends every room: occupants are told (status 332, XEP-0045 §11.2), messages under way are awaited, goroutines end.
// It returns ctx's error if that takes too long. Close the archive's writer after it.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.callAll((*room).shutDown)
	ended := make(chan struct{})
	go func() { s.running.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
