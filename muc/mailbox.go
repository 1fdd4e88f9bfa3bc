package muc

import (
	"sync"
	"sync/atomic"

	"salon.im/salon/wire"
)

// Bounds of what a room has taken in and not handled. A join storm of thousands fits; a flood does not.
const (
	mailboxEvents = 8192
	mailboxBytes  = 8 << 20
)

// event is something that happens to a room: a stanza, the end of a commit, or a call from the service.
type event struct {
	st   wire.Stanza
	done func(sent wire.Stanza) // of the stanza's sender; never nil for a stanza
	// sent is what the sender's other sessions may see of a message: as it came, or as the sender's archive has it; zero once
	// it is refused.
	sent wire.Stanza
	cost int // bytes, counted against the mailbox's bound while the event is held
	// routed counts what the stanza caused and the router has not handled: the sender is told no earlier.
	routed atomic.Int32

	msg       *message    // set once a message has begun
	committed *message    // this event is the end of that message's commit
	call      func(*room) // this event is a call on the room's goroutine
	gone      wire.Addr   // this event is the end of that session
}

// handled is called once by the room and once for each stanza routed, on any goroutine; the last call tells the sender.
func (e *event) handled() {
	if e.routed.Add(-1) < 0 && e.done != nil {
		e.done(e.sent)
	}
}

// mailbox holds a room's events until its goroutine takes them. Posting never blocks.
type mailbox struct {
	mu      sync.Mutex // a leaf; guards what follows
	queue   []*event
	held    int             // events posted and not released
	bytes   int             // of them
	running bool            // a goroutine takes events
	dead    bool            // the room has ended: a new one must be started
	started *sync.WaitGroup // counts the goroutines, Add under mu
	wake    chan struct{}
}

// posted says what became of an event.
type posted uint8

const (
	taken posted = iota
	full         // the bound is reached
	dead         // the room has ended
)

// post queues an event. always is for what may not be refused: departures, commits, calls. start says that the caller
// must start the room's goroutine.
func (b *mailbox) post(e *event, always bool) (p posted, start bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.dead:
		return dead, false
	case !always && (b.held >= mailboxEvents || b.bytes+e.cost > mailboxBytes && b.held > 0):
		return full, false
	}
	b.queue = append(b.queue, e)
	b.held++
	b.bytes += e.cost
	if start = !b.running; start {
		b.started.Add(1)
	}
	b.running = true
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return taken, start
}

// take returns the events posted since the last take, in order. They are valid until the next take.
func (b *mailbox) take(last []*event) []*event {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(last)
	out := b.queue
	b.queue = last[:0]
	return out
}

// release makes room for others: e has been handled.
func (b *mailbox) release(e *event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held--
	b.bytes -= e.cost
}

// rest ends the goroutine's turn if nothing is queued; end makes the room dead as well.
func (b *mailbox) rest(end bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 {
		return false
	}
	b.running, b.dead = false, end
	b.queue = nil
	return true
}
