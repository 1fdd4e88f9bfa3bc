package router

import (
	"sync"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/stream"

	"salon.im/salon/wire"
)

// Session is one bound client stream, whatever carries it. Package c2s implements it; it outlives a cut connection
// while XEP-0198 may resume it.
type Session interface {
	// Addr returns the full JID. It never changes.
	Addr() wire.Addr
	// Send queues a stanza towards the client, in order. It never blocks. mark is the archive id of a row to clear once
	// the client has the stanza, 0 for none. It reports whether the session took the stanza: false means that the session
	// is gone, or that its queue is full and it is about to go.
	Send(st wire.Stanza, mark int64) bool
	// Close ends the stream with a stream error (RFC 6120 §4.9). It returns at once; Unbind follows.
	Close(e stream.Error)
}

// Sleeper is a Session that may be without a connection. One whose sessions need more room than the account has is ended.
type Sleeper interface {
	Session
	// Asleep reports whether the session waits for its client to resume it, and since when.
	Asleep() (since time.Time, ok bool)
}

// Replacer is a Session that can take back what its client does not have yet.
type Replacer interface {
	// Replace puts f's result in the place of each stanza sent with that mark that waits. It never blocks; nor must f.
	Replace(mark int64, f func(wire.Stanza) wire.Stanza)
}

// Flag is a bit that a feature keeps for a session.
type Flag uint32

// The flags of a Resource.
const (
	FlagInterested Flag = 1 << iota // asked for the roster: gets roster pushes (RFC 6121 §2.2)
	FlagCarbons                     // XEP-0280 §4
	FlagBlocklist                   // asked for the block list: gets pushes (XEP-0191 §3.3)
)

// Presence is a session's last broadcast presence. It is immutable.
type Presence struct {
	Stanza   wire.Stanza // from the full JID, without `to`
	Priority int8
}

// Resource is a session in the table, with what presence and the features know of it.
// Its methods are safe for any goroutine.
type Resource struct {
	Session
	account  *account
	presence atomic.Pointer[Presence] // nil: not available
	flags    atomic.Uint32
	holding  atomic.Bool

	mu       sync.Mutex // held during Session.Send, which never blocks: -> stream.Outbox.mu, -> stream.Flusher.mu
	directed map[wire.Addr]struct{}
	held     []heldMessage
	overflow bool  // a message did not fit into held
	flushed  int64 // messages marked up to this id were sent from the archive
	live     int64 // the highest mark that was sent as it came
}

type heldMessage struct {
	st   wire.Stanza
	mark int64
}

// MaxDirected bounds the addresses of a session's directed presence, rooms included.
const MaxDirected = 2000

// maxHeld bounds the messages that wait while the archive's undelivered ones are sent.
const maxHeld = 1000

// Held counts the bytes that all sessions of the account hold towards their clients; the sessions do so themselves.
func (r *Resource) Held() *atomic.Int64 { return &r.account.held }

// Presence returns the last broadcast presence; nil means that the session is not available.
func (r *Resource) Presence() *Presence { return r.presence.Load() }

// SetPresence makes the session available with p, or unavailable with nil. Only the presence feature calls it.
func (r *Resource) SetPresence(p *Presence) { r.presence.Store(p) }

// Has reports whether the flag is set.
func (r *Resource) Has(f Flag) bool { return r.flags.Load()&uint32(f) != 0 }

// Set sets or clears the flag.
func (r *Resource) Set(f Flag, on bool) {
	if on {
		r.flags.Or(uint32(f))
	} else {
		r.flags.And(^uint32(f))
	}
}

// Send passes the account's filter (blocking), waits behind Hold, and queues the stanza to the session.
func (r *Resource) Send(st wire.Stanza, mark int64) bool {
	if r.Filters(st) {
		return true // XEP-0191 §3.2: what a blocked contact sends is dropped here
	}
	if st.Kind() == wire.KindMessage && (mark != 0 || r.holding.Load()) {
		return r.sendOrdered(st, mark)
	}
	return r.Session.Send(st, mark)
}

// Replace puts f's result in the place of each message with that mark, not 0, that waits for the client. f must not block.
func (r *Resource) Replace(mark int64, f func(wire.Stanza) wire.Stanza) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.held {
		if r.held[i].mark == mark {
			r.held[i].st = f(r.held[i].st)
		}
	}
	if s, ok := r.Session.(Replacer); ok {
		s.Replace(mark, f)
	}
}

// Filters reports whether the account's filter (blocking) drops the stanza.
func (r *Resource) Filters(st wire.Stanza) bool {
	f := r.account.filter.Load()
	return f != nil && (*f)(st)
}

// sendOrdered keeps live messages behind those that Hold's owner sends from the archive, each once.
func (r *Resource) sendOrdered(st wire.Stanza, mark int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if mark != 0 && mark <= r.flushed {
		return true
	}
	if !r.holding.Load() {
		if p := r.Presence(); p != nil && p.Priority >= 0 { // else what is kept for the account passes the session by
			r.live = max(r.live, mark)
		}
		return r.Session.Send(st, mark)
	}
	if len(r.held) >= maxHeld {
		r.overflow = true
		return false
	}
	r.held = append(r.held, heldMessage{st, mark})
	return true
}

// Reached returns the mark up to which the session was sent what its account was kept, live or from the archive. A session
// that becomes available again is sent what came after it.
func (r *Resource) Reached() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.flushed, r.live)
}

// Hold makes live messages wait until Release, so that the undelivered ones of the archive come first. The presence feature
// calls it before it makes a session available with a priority of 0 or more, then runs the Available hooks: the one that
// sends the undelivered ones releases, now or later. Without hooks Router.Available does.
func (r *Resource) Hold() { r.holding.Store(true) }

// Overflowed reports whether a live message found no room behind Hold, and was not taken.
func (r *Resource) Overflowed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.overflow
}

// Release ends Hold: live messages marked up to id are dropped as sent already, the others go out in order.
func (r *Resource) Release(upTo int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flushed = max(r.flushed, upTo)
	for _, h := range r.held {
		if h.mark == 0 || h.mark > r.flushed {
			r.live = max(r.live, h.mark)
			r.Session.Send(h.st, h.mark)
		}
	}
	r.held, r.overflow = nil, false
	r.holding.Store(false)
}

// AddDirected notes that the session sent available presence to addr (RFC 6121 §4.6.3). It reports false when max
// addresses are noted already.
func (r *Resource) AddDirected(addr wire.Addr, max int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.directed[addr]; ok {
		return true
	}
	if len(r.directed) >= max {
		return false
	}
	if r.directed == nil {
		r.directed = make(map[wire.Addr]struct{})
	}
	r.directed[addr] = struct{}{}
	return true
}

// forgetOthers forgets the other resources of addr's bare address.
func (r *Resource) forgetOthers(addr wire.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range r.directed {
		if a != addr && a.Bare() == addr.Bare() {
			delete(r.directed, a)
		}
	}
}

// RemoveDirected forgets addr and reports whether it was noted.
func (r *Resource) RemoveDirected(addr wire.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.directed[addr]
	delete(r.directed, addr)
	return ok
}

// HasDirected reports whether directed presence to addr, or to any resource of a bare addr, is noted.
func (r *Resource) HasDirected(addr wire.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.directed[addr]; ok || addr.IsFull() {
		return ok
	}
	for a := range r.directed {
		if a.Bare() == addr {
			return true
		}
	}
	return false
}

// TakeDirected returns the noted addresses and forgets them.
func (r *Resource) TakeDirected() []wire.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	addrs := make([]wire.Addr, 0, len(r.directed))
	for a := range r.directed {
		addrs = append(addrs, a)
	}
	r.directed = nil
	return addrs
}
