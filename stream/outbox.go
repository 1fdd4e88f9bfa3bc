package stream

import (
	"errors"
	"sync"
	"time"

	"salon.im/salon/wire"
)

// OutboxLimits bound what one session may have waiting.
type OutboxLimits struct {
	Bytes, Stanzas             int // while connected
	ResumeBytes, ResumeStanzas int // while no connection is attached (XEP-0198)
	WriteTimeout               time.Duration
}

// Events are what an Outbox tells its session. Each is called without a lock held, must not block, and may be nil.
type Events struct {
	// Delivered gets the marks of messages that the client has: acknowledged, or without XEP-0198 written to the socket.
	Delivered func(marks []int64)
	// Handled returns h, the count of the client's stanzas that are handled, for the <a/> being written. Needed with EnableAcks.
	Handled func() uint32
	// Overflow says that the bounds are passed. It is called on a goroutine of its own, once for each connection.
	Overflow func()
	// Broken says that the connection failed while writing.
	Broken func(c *Conn, err error)
}

// entry is a reference to a stanza on its way out.
type entry struct {
	st   wire.Stanza
	mark int64
}

// Outbox is a session's way out. Send is safe for any goroutine and never blocks. At most one worker renders it at a time.
type Outbox struct {
	fl     *Flusher
	limits OutboxLimits
	events Events

	mu        sync.Mutex // a leaf; guards what follows
	queue     []entry    // not yet rendered
	uncounted int        // leading entries of queue that XEP-0198 does not count: sent before <enabled/>
	bytes     int        // of queue and unacked
	conn      *Conn      // nil: none attached
	busy      bool       // in the ready list, being rendered, or draining
	closing   bool       // close the connection when the queue is empty
	last      []byte     // written before that
	ended     bool       // take nothing more
	over      bool       // Overflow has been called for this connection
	sm        *acks      // nil until EnableAcks

	ackDue bool    // <a/> goes out with the next flush
	next   *Outbox // in the Flusher's ready list; its lock guards it
}

// NewOutbox returns an outbox without a connection.
func NewOutbox(fl *Flusher, l OutboxLimits, e Events) *Outbox {
	return &Outbox{fl: fl, limits: l, events: e}
}

// Send queues a stanza, or a nonza, in order. mark is handed to Events.Delivered once the client has it, 0 for none. It
// reports false when the outbox has ended or, without a connection, is full.
func (o *Outbox) Send(st wire.Stanza, mark int64) bool {
	o.mu.Lock()
	if o.ended || o.conn == nil && o.fullLocked(o.limits.ResumeBytes, o.limits.ResumeStanzas) {
		o.mu.Unlock()
		return false
	}
	o.queue = append(o.queue, entry{st, mark})
	o.bytes += st.Len()
	overflow := o.conn != nil && !o.over && o.fullLocked(o.limits.Bytes, o.limits.Stanzas)
	if overflow {
		o.over = true
	}
	o.scheduleLocked()
	o.mu.Unlock()
	if overflow && o.events.Overflow != nil {
		go o.events.Overflow()
	}
	return true
}

func (o *Outbox) fullLocked(bytes, stanzas int) bool {
	n := len(o.queue)
	if o.sm != nil {
		n += o.sm.len()
	}
	return o.bytes >= bytes && bytes > 0 || n >= stanzas && stanzas > 0
}

func (o *Outbox) scheduleLocked() {
	if o.busy || o.conn == nil {
		return
	}
	o.busy = true
	o.fl.push(o)
}

// Attach gives the outbox a connection that has been negotiated, and lets the workers drive it from now on.
func (o *Outbox) Attach(c *Conn) {
	c.sock.setEager()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conn, o.over = c, false
	if len(o.queue) > 0 {
		o.scheduleLocked()
	}
}

// Detach takes the connection c away, if it is the one attached, and reports whether it was. What waits stays.
func (o *Outbox) Detach(c *Conn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn != c {
		return false
	}
	o.conn = nil
	if o.sm != nil {
		o.sm.requested = false
	}
	return true
}

// CloseWith takes no more stanzas, writes last (a stream error, the stream's end) behind what is queued, and then closes
// the connection.
func (o *Outbox) CloseWith(last []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return
	}
	o.ended, o.closing, o.last = true, true, last
	o.scheduleLocked()
}

// Stanza is one that a session leaves behind.
type Stanza struct {
	Stanza wire.Stanza
	Mark   int64
}

// End takes no more stanzas, drops what is queued, writes last (nil is nothing) and closes the connection. It returns what
// the client did not get, in order: unacknowledged first.
func (o *Outbox) End(last []byte) []Stanza {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := o.unackedLocked()
	for _, e := range o.queue {
		if e.st.Kind() != wire.KindOther {
			rest = append(rest, Stanza{e.st, e.mark})
		}
	}
	o.queue, o.bytes = nil, 0
	if !o.closing {
		o.closing, o.last = true, last
		o.scheduleLocked()
	}
	o.ended = true
	return rest
}

// Unacked returns and forgets what was sent and never acknowledged.
func (o *Outbox) Unacked() []Stanza {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.unackedLocked()
}

func (o *Outbox) unackedLocked() []Stanza {
	if o.sm == nil {
		return nil
	}
	var rest []Stanza
	for _, e := range o.sm.list() {
		rest = append(rest, Stanza{e.st, e.mark})
	}
	o.sm = nil
	return rest
}

// Waiting returns how many stanzas and bytes are queued or unacknowledged.
func (o *Outbox) Waiting() (stanzas, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	stanzas = len(o.queue)
	if o.sm != nil {
		stanzas += o.sm.len()
	}
	return stanzas, o.bytes
}

// keepCap is how much of an emptied queue's memory an idle session keeps: enough that a quiet room allocates nothing.
const keepCap = 4

// flight is what one flush carries.
type flight struct {
	batch   []entry
	conn    *Conn  // nil: nothing to do
	ack     bool   // with an <a/>
	request bool   // with an <r/>
	last    []byte // behind everything, when the outbox closes
}

// take moves up to maxBytes of entries out of the queue, into dst.
func (o *Outbox) take(dst []entry, maxBytes int) flight {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn == nil {
		return flight{batch: dst}
	}
	n, size := 0, 0
	for n < len(o.queue) && (n == 0 || size+o.queue[n].st.Len() <= maxBytes) {
		size += o.queue[n].st.Len()
		n++
	}
	f := flight{batch: append(dst, o.queue[:n]...), conn: o.conn, ack: o.ackDue}
	o.ackDue = false
	o.settle(f.batch)
	o.shrink(n)
	if o.closing && len(o.queue) == 0 {
		f.last, o.last = o.last, nil
	}
	if o.sm != nil && !o.sm.requested && o.sm.len() > 0 && !o.closing {
		f.request, o.sm.requested = true, true
	}
	return f
}

// shrink drops the first n entries of the queue, and the memory that a quiet session does not need.
func (o *Outbox) shrink(n int) {
	clear(o.queue[:n])
	switch {
	case n < len(o.queue):
		o.queue = o.queue[n:]
	case cap(o.queue) > keepCap:
		o.queue = make([]entry, 0, keepCap)
	default:
		o.queue = o.queue[:0]
	}
}

// settle moves counted stanzas to the unacknowledged ones, and takes the others off the books.
func (o *Outbox) settle(batch []entry) {
	for _, e := range batch {
		if o.uncounted > 0 {
			o.uncounted--
		} else if o.sm != nil && e.st.Kind() != wire.KindOther {
			o.sm.push(e)
			continue
		}
		o.bytes -= e.st.Len()
	}
}

// done ends a flush: it hands the outbox back to the list, or rests it.
func (o *Outbox) done(c *Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.conn != nil && (len(o.queue) > 0 || o.ackDue || o.last != nil):
		o.fl.push(o) // stays busy; at the tail, so that others get their turn
	case o.closing && o.conn == c && c != nil:
		o.busy = false
		go c.finish(o.limits.WriteTimeout)
	default:
		o.busy = false
	}
}

// ErrHandledTooHigh says that the client acknowledged more than was sent (XEP-0198 §6).
var ErrHandledTooHigh = errors.New("stream: handled count too high")
