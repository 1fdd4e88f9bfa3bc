package muc

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// storeTimeout bounds one call to the store from a room: the room waits that long at most.
const storeTimeout = 5 * time.Second

// state says how far a room is.
type state uint8

const (
	unread state = iota // the store has not been asked
	absent              // there is no such room
	locked              // created, and waiting for its owner's configuration (XEP-0045 §10.1.1)
	open
)

// room is one room. Its goroutine owns every field but box; see run.
type room struct {
	s    *Service
	addr wire.Addr // bare
	box  mailbox
	log  *slog.Logger

	state   state
	stored  bool // persistent, and in the store
	created time.Time
	set     settings
	subject storage.Subject
	// subjectBy is who set the subject, bare, if that was since the room was read; zero if not.
	subjectBy wire.Addr
	// subjectRow is the archive's row of the subject, if that was set since the room was read; 0 if not: then its time must do, to the
	// millisecond.
	subjectRow int64

	affiliations map[wire.Addr]storage.Affiliation // by bare address, or host for a ban; without none
	occupants    map[string]*occupant              // by nick
	sessions     map[wire.Addr]*session            // by full address
	reserved     map[string]wire.Addr              // nicks, and the bare addresses of those they are kept for
	keptLooks    map[string][]wire.Addr            // the same by what the nicks look like; nil until it is needed
	all          []*session                        // the same, for fan-out; in no order

	users    atomic.Int32 // the number of occupants, for others to read
	line     line
	history  history
	relays   map[string]relay // by the id that the room gave
	spent    spent
	entered  rates                  // see joinrate.go
	asked    rates                  // for voice
	late     map[*occupant]struct{} // whose changed presence the others have not seen: see presencelimits.go
	lateAt   time.Time
	lockEnds time.Time // when the room ends if nobody configures it; zero if it is not locked
	pingAt   time.Time // when the silent are asked whether they are there; zero is never
	slow     slow
	invited  []invitation // the newest, oldest first
	step     *step        // the change of affiliation that is being told; nil for none
	closing  bool
}

func newRoom(s *Service, addr wire.Addr) *room {
	r := &room{s: s, addr: addr, log: s.o.Log.With("room", addr.String())}
	r.box.wake, r.box.started = make(chan struct{}, 1), &s.running
	r.reset()
	r.state = unread
	return r
}

// reset makes the room one that does not exist.
func (r *room) reset() {
	r.state, r.stored, r.created = absent, false, time.Time{}
	r.set, r.subject, r.subjectBy, r.subjectRow = settings{}, storage.Subject{}, wire.Addr{}, 0
	r.affiliations = map[wire.Addr]storage.Affiliation{}
	r.occupants = map[string]*occupant{}
	r.sessions = map[wire.Addr]*session{}
	r.reserved, r.keptLooks = map[string]wire.Addr{}, nil
	r.relays = map[string]relay{}
	r.spent, r.slow = spent{}, slow{}
	r.all, r.invited = nil, nil
	r.late, r.lateAt, r.pingAt = map[*occupant]struct{}{}, time.Time{}, time.Time{}
	r.lockEnds = time.Time{}
	r.history = history{}
}

// run is the room's goroutine. It ends when the room has been quiet for rooms.park_after.
func (r *room) run() {
	defer r.s.running.Done()
	quiet := time.NewTimer(r.s.o.Config().Rooms.ParkAfter)
	defer quiet.Stop()
	var events []*event
	for {
		events = r.box.take(events)
		for _, e := range events {
			r.handle(e)
		}
		if len(events) > 0 {
			continue
		}
		if !r.idle(quiet) {
			continue
		}
		end := r.forgettable()
		if r.box.rest(end) {
			if end {
				r.s.forget(r)
			}
			return
		}
	}
}

// idle waits for an event, and reports whether none came for long enough to end the goroutine. quiet is the timer for that.
func (r *room) idle(quiet *time.Timer) bool {
	if r.line.busy() {
		<-r.box.wake // the archive always answers
		return false
	}
	if r.closing || r.state <= absent {
		return true
	}
	wait, end := r.quietFor()
	quiet.Reset(wait)
	select {
	case <-r.box.wake:
		return false
	case <-quiet.C:
		r.tick()
		return end
	}
}

// quietFor is how long the room waits for an event, and whether its goroutine ends when none comes.
func (r *room) quietFor() (wait time.Duration, end bool) {
	if len(r.all) == 0 {
		return max(r.s.o.Config().Rooms.ParkAfter, r.slowLeft()), true
	}
	wait, end = r.s.o.Config().Rooms.ParkAfter, true
	for _, at := range []time.Time{r.set.RaidUntil, r.lateAt, r.pingAt, r.lockEnds} { // somebody is to be told or asked something then
		if at.IsZero() {
			continue
		}
		if left := max(0, at.Sub(r.s.o.Now())); end || left < wait {
			wait, end = left, false
		}
	}
	return wait, end
}

// forgettable reports whether nothing would be lost with the room's state: every change is stored before it is
// announced, and a room without occupants is either stored or over.
func (r *room) forgettable() bool {
	return r.closing || len(r.all) == 0 && (r.stored || r.state <= absent)
}

// handle takes one event into the line and moves what can move.
func (r *room) handle(e *event) {
	r.hear(e.st)
	r.tick() // what was due comes first
	if e.committed != nil {
		e.committed.ready = true
		r.box.release(e)
	} else {
		r.line.push(e)
	}
	r.advance()
	r.tick()
}

// tick does what its time has come for.
func (r *room) tick() {
	r.endLocked()
	r.endRaid()
	r.tellLate()
	r.pingSilent()
}

// guard runs one step of an event. A panic is our mistake, and ends that event alone.
func (r *room) guard(e *event, step func(*room, *event)) {
	defer func() {
		if p := recover(); p != nil {
			r.s.Stats.Panics.Add(1)
			e.sent = wire.Stanza{}
			r.log.Error("room failed on a stanza", "panic", p, "stack", string(debug.Stack()))
			if e.msg != nil {
				e.msg.ready, e.msg.refuse = true, errUnstored
			} else if !e.st.IsZero() {
				r.refuse(e.st, errUnstored)
			}
		}
	}()
	step(r, e)
}

// load reads the room from the store, once. On an error the room stays unread, and the next stanza tries again.
func (r *room) load() error {
	if r.state != unread {
		return nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	rec, err := r.s.o.Rooms.Room(ctx, r.addr)
	if errors.Is(err, storage.ErrNotFound) {
		r.reset()
		return nil
	}
	if err != nil {
		return r.storageError("read the room", err)
	}
	set, err := parseSettings(rec.Config)
	if err != nil {
		return r.storageError("read the room's configuration", err)
	}
	r.set, r.subject, r.created = set, rec.Subject, rec.Created
	if err := r.dropRetracted(); err != nil {
		return err
	}
	r.endRaid() // that was over meanwhile
	for _, a := range rec.Affiliations {
		r.affiliations[a.Addr] = a
		r.reserve(a)
	}
	r.state, r.stored = open, true
	r.dropHats() // of accounts that were deleted meanwhile
	r.dropTokens(wire.Addr{})
	r.checkVersions()
	return nil
}

// save stores the room with the settings given, and the affiliations if it was not stored before.
func (r *room) save(set settings) error { return r.saveWith(set, nil) }

// saveWith is save with changed affiliations, in one transaction.
func (r *room) saveWith(set settings, changes []storage.Affiliation) error {
	ctx, cancel := r.ctx()
	defer cancel()
	rec := storage.Room{Addr: r.addr, Created: r.created, Config: set.marshal(), Public: set.Public, Name: set.Name, Subject: r.subject}
	var affs []storage.Affiliation
	if !r.stored {
		for _, a := range r.affiliations {
			affs = append(affs, a)
		}
	}
	affs = append(affs, changes...)
	if err := r.s.o.Rooms.PutRoom(ctx, rec, affs); err != nil {
		return r.storageError("store the room", err)
	}
	r.stored = true
	return nil
}

// putSettings stores changed settings, then takes them over. On an error nothing has changed. Temporary rooms keep theirs in memory
// alone.
func (r *room) putSettings(set settings) error {
	if r.stored {
		if err := r.save(set); err != nil {
			return err
		}
	}
	r.set = set
	return nil
}

func (r *room) ctx() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), storeTimeout)
}

// storageError logs what the store said and returns what the sender sees.
func (r *room) storageError(what string, err error) stanza.Error {
	level := slog.LevelError
	if errors.Is(err, storage.ErrAway) {
		level = slog.LevelDebug // it was said once already
	}
	r.log.Log(context.Background(), level, "storage failed", "op", what, "err", err)
	return errUnstored
}

// send hands a stanza of the room's to its `to`.
func (r *room) send(st wire.Stanza) { r.s.o.Router.Send(context.Background(), st) }

// refuse tells a stanza's sender why it was not taken; an error or a result is never answered.
func (r *room) refuse(st wire.Stanza, err error) { r.s.refuse(st, err) }

func (r *room) now() time.Time { return r.s.o.Now().UTC() }
