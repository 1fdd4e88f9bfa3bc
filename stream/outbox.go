package stream

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"salon.im/salon/wire"
)

var (
	// ErrHandledTooHigh says that the client acknowledged more than was sent (XEP-0198 §6).
	ErrHandledTooHigh = errors.New("stream: handled count too high")
	// ErrEnded says that the outbox was closed, or does not count.
	ErrEnded = errors.New("stream: the session has ended")
)

// OutboxLimits bound what one session may have waiting, unacknowledged stanzas included. Over Bytes or Stanzas Overflow is
// called; over ResumeBytes or ResumeStanzas, and so while no connection is attached, Send refuses. 0 is no bound.
type OutboxLimits struct {
	Bytes, Stanzas             int
	ResumeBytes, ResumeStanzas int
	WriteTimeout               time.Duration // for 16 KiB; 0 means 20 s
	LastWords                  time.Duration // for a peer that does not read, in Depose; 0 means 1 s
}

// Events are what an Outbox tells its session. Each is called without a lock held, must not block, and may be nil.
type Events struct {
	// Delivered gets the marks of messages that the client has: acknowledged, or without XEP-0198 written to the socket.
	Delivered func(marks []int64)
	// Handled returns h, the count of the client's stanzas that are handled, for the <a/> being written. Needed with EnableAcks.
	// It is called with the outbox's lock held, and must not block. What is sent for a stanza is sent before it counts.
	Handled func() uint32
	// Overflow says that a bound is passed. It is called on a goroutine of its own, once for each connection, and once while
	// there is none.
	Overflow func()
}

// entry is a reference to a stanza on its way out.
type entry struct {
	st   wire.Stanza
	mark int64
}

// Outbox is a session's way out. Send is safe for any goroutine and never blocks. At most one worker renders it at a time.
// A connection that fails is detached at once and closed, so that its reader ends; what it did not take stays.
type Outbox struct {
	fl     *Flusher
	limits OutboxLimits
	events Events

	mu        sync.Mutex    // guards what follows; -> socket.mu in Resume, and let go before the Flusher is told
	queue     []entry       // not yet rendered; in one, in a chunk from the pool, or longer
	one       [1]entry      // room for a quiet session's queue
	stalled   []entry       // handed to a socket that has not taken them all; nil with XEP-0198, which keeps them itself
	uncounted int           // leading entries of queue that XEP-0198 does not count: sent before <enabled/>
	bytes     int           // of queue, what is being written, and unacked
	conn      *Conn         // nil: none attached
	last      []byte        // written before the connection closes
	sm        *acks         // nil until EnableAcks
	busy      bool          // in the ready list, being rendered, or draining
	closing   bool          // finish the connection when the queue is empty
	final     bool          // that flush is under way or done
	ended     bool          // take nothing more
	over      bool          // Overflow has been called for this connection
	budget    Budget        // of the account
	charged   int64         // of it
	backlog   bool          // resumed with more than the bounds of a connection: they do not hold before it is worked off
	ackDue    bool          // <a/> goes out with the next flush, or the next of those that empty the queue
	ackH      uint32        // its h, if ackBehind is not 0
	ackBehind int           // entries of the queue that it stands behind
	askDue    bool          // and <r/>
	paced     chan struct{} // closed when there is room again; nil while nobody waits in Pace
	landing   chan struct{} // closed when busy ends; nil while nobody waits in Depose

	next *Outbox // in the Flusher's ready list; its lock guards it
}

// NewOutbox returns an outbox without a connection.
func NewOutbox(fl *Flusher, l OutboxLimits, e Events) *Outbox {
	l.WriteTimeout = cmp.Or(l.WriteTimeout, 20*time.Second)
	l.LastWords = cmp.Or(l.LastWords, time.Second)
	return &Outbox{fl: fl, limits: l, events: e}
}

// Send queues a stanza, or a nonza, in order. mark is handed to Events.Delivered once the client has it, 0 for none. It
// reports false when the outbox has ended or is full.
func (o *Outbox) Send(st wire.Stanza, mark int64) bool {
	o.mu.Lock()
	ok := !o.ended && !o.refusesLocked()
	if ok {
		o.addLocked(entry{st, mark})
	}
	overflow := !o.ended && !o.over && (!ok || o.conn != nil && !o.backlog && o.fullLocked(o.limits.Bytes, o.limits.Stanzas))
	o.over = o.over || overflow
	o.unlock()
	if overflow && o.events.Overflow != nil {
		go o.events.Overflow()
	}
	return ok
}

// Replace puts f's result in the place of each stanza with that mark, not 0, that is not written yet or may be written again:
// what was retracted is not sent. It counts like the stanza before. f must not block.
func (o *Outbox) Replace(mark int64, f func(wire.Stanza) wire.Stanza) {
	o.mu.Lock()
	defer o.unlock()
	replace := func(e *entry) {
		if e.mark == mark {
			o.bytes -= e.st.Len()
			e.st = f(e.st)
			o.bytes += e.st.Len()
		}
	}
	for i := range o.queue {
		replace(&o.queue[i])
	}
	if o.sm != nil {
		for i := range o.sm.n {
			replace(&o.sm.ring[(o.sm.head+i)%len(o.sm.ring)])
		}
	}
}

// addLocked queues whatever the bounds say: they are the caller's.
func (o *Outbox) addLocked(e entry) {
	if len(o.queue) == cap(o.queue) && cap(o.queue) < chunk {
		o.growLocked()
	}
	o.queue = append(o.queue, e)
	o.bytes += e.st.Len()
}

// refusesLocked reports whether the bounds of Send are reached, the outbox's own or its account's.
func (o *Outbox) refusesLocked() bool { return o.fullLocked(o.hardLocked()) || o.overBudgetLocked() }

// hardLocked returns the bounds of Send. A session that resumed with a backlog may have as much again as a fresh one.
func (o *Outbox) hardLocked() (bytes, stanzas int) {
	bytes, stanzas = o.limits.ResumeBytes, o.limits.ResumeStanzas
	if o.backlog {
		bytes, stanzas = bytes+o.limits.Bytes, stanzas+o.limits.Stanzas
	}
	return bytes, stanzas
}

func (o *Outbox) fullLocked(bytes, stanzas int) bool {
	n := len(o.queue) + len(o.stalled)
	if o.sm != nil {
		n += o.sm.len()
	}
	return o.bytes >= bytes && bytes > 0 || n >= stanzas && stanzas > 0
}

// unlock ends a change, and tells a worker if the change left something to write.
func (o *Outbox) unlock() {
	if o.ended && o.conn == nil {
		o.queue = nil // nobody will write it
	}
	o.chargeLocked()
	o.paceLocked()
	push := !o.busy && o.workLocked()
	o.busy = o.busy || push
	o.mu.Unlock()
	if push {
		o.fl.push(o)
	}
}

func (o *Outbox) workLocked() bool {
	return o.conn != nil && (len(o.queue) > 0 || o.ackDue || o.askDue || o.closing && !o.final || o.sm != nil && o.sm.due())
}

// Attach gives the outbox a connection that has been negotiated, and lets the workers drive it from now on.
func (o *Outbox) Attach(c *Conn) {
	c.sock.setEager()
	o.mu.Lock()
	o.conn, o.over = c, false
	o.unlock()
}

// Detach takes the connection c away, if it is the one attached, and reports whether it was. What waits stays.
func (o *Outbox) Detach(c *Conn) bool {
	o.mu.Lock()
	defer o.unlock()
	if o.conn != c {
		return false
	}
	o.conn, o.over = nil, false
	if o.sm != nil {
		o.sm.asked = time.Time{}
	}
	o.paceLocked()
	return true
}

// Depose detaches c, writes last on it behind what is being written, and closes it. It may wait for a peer that does not
// read, for OutboxLimits.LastWords, and closes without last then.
func (o *Outbox) Depose(c *Conn, last []byte) {
	o.mu.Lock()
	ours := o.conn == c
	if ours {
		o.conn, o.over = nil, false
	}
	var landed chan struct{}
	if ours && o.busy {
		if o.landing == nil {
			o.landing = make(chan struct{})
		}
		landed = o.landing
	}
	o.unlock()
	if !ours || !within(landed, o.limits.LastWords) {
		c.Close()
		return
	}
	if _, err := c.nc.Write(last); err == nil && c.tls != nil {
		c.tls.CloseWrite()
	}
	if c.sock.stalled() {
		c.sock.drain(o.limits.LastWords)
	}
	c.Close()
}

// within waits until done is closed, and reports false if that takes longer than limit; nil is done.
func within(done <-chan struct{}, limit time.Duration) bool {
	if done == nil {
		return true
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// Stanza is one that a session leaves behind.
type Stanza struct {
	Stanza wire.Stanza
	Mark   int64
}

// Close takes no more stanzas. What is queued is still written, then last (a stream error, the stream's end), and the
// connection is finished; without a connection, or if drop says so, the queue is given up. It returns what the client
// has not acknowledged or been written, in order: with XEP-0198 the queue too, for nobody will acknowledge it any more.
// Only the first call has an effect.
func (o *Outbox) Close(last []byte, drop bool) []Stanza {
	o.mu.Lock()
	if o.ended {
		o.mu.Unlock()
		return nil
	}
	o.ended, o.closing, o.last = true, true, last
	rest := o.unackedLocked()
	if drop || o.conn == nil || o.sm != nil {
		rest = leave(rest, o.stalled)
		rest = leave(rest, o.queue)
	}
	if drop || o.conn == nil {
		o.queue, o.stalled = nil, nil
	}
	o.unlock()
	return rest
}

func leave(rest []Stanza, entries []entry) []Stanza {
	for _, e := range entries {
		if e.st.Kind() != wire.KindOther {
			rest = append(rest, Stanza{e.st, e.mark})
		}
	}
	return rest
}

func (o *Outbox) unackedLocked() []Stanza {
	if o.sm == nil {
		return nil
	}
	rest := leave(nil, o.sm.list())
	o.sm = &acks{acked: o.sm.acked + uint32(o.sm.len())} // goes on counting: what is written now clears no mark
	return rest
}

// Full reports whether Send refuses, connection or not. If it does no more, as another outbox of the account has made room
// since Overflow was called, then Overflow is called again once it does.
func (o *Outbox) Full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	full := o.refusesLocked()
	if !full && o.conn == nil {
		o.over = false
	}
	return full
}

// Waiting returns how many stanzas and bytes are queued or unacknowledged.
func (o *Outbox) Waiting() (stanzas, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	stanzas = len(o.queue) + len(o.stalled)
	if o.sm != nil {
		stanzas += o.sm.len()
	}
	return stanzas, o.bytes
}

// chunk is how many references a burst gets room for at once, from a pool: an idle session keeps room for one.
const chunk = 128

var chunks = sync.Pool{New: func() any { return new([chunk]entry) }}

func (o *Outbox) growLocked() {
	if cap(o.queue) == 0 {
		o.queue = o.one[:0]
		return
	}
	o.queue = append(chunks.Get().(*[chunk]entry)[:0], o.queue...)
	clear(o.one[:])
}
