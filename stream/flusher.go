package stream

import (
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// flushBytes is how much a worker renders before it writes: several TLS records, so that a burst costs one system call.
const flushBytes = 32 << 10

// Flusher owns the workers that write for all outboxes. Its writes never wait, so as many workers as processors are
// enough, and a stalled peer takes none of them.
type Flusher struct {
	mu         sync.Mutex // guards the list; held for a few instructions
	wake       sync.Cond
	head, tail *Outbox
	closed     bool
	workers    sync.WaitGroup
	drains     sync.WaitGroup
	Stats      FlusherStats
	// Panicked is told of mistakes of ours, which end one connection; nil for nobody. It is set before the first Attach.
	Panicked func(value any, stack []byte)
}

// FlusherStats counts since the start.
type FlusherStats struct {
	Writes, Stanzas, Bytes, Stalls, Panics atomic.Int64
}

// NewFlusher starts the workers.
func NewFlusher() *Flusher {
	f := &Flusher{}
	f.wake.L = &f.mu
	for range runtime.GOMAXPROCS(0) {
		f.workers.Go(f.work)
	}
	return f
}

// Close ends the workers once the list is empty, and waits for them and for stalled connections. Outboxes must have
// been closed.
func (f *Flusher) Close() {
	f.mu.Lock()
	f.closed = true
	f.wake.Broadcast()
	f.mu.Unlock()
	f.workers.Wait()
	f.drains.Wait()
}

func (f *Flusher) push(o *Outbox) {
	f.mu.Lock()
	o.next = nil
	if f.tail == nil {
		f.head = o
	} else {
		f.tail.next = o
	}
	f.tail = o
	f.mu.Unlock()
	f.wake.Signal()
}

func (f *Flusher) pop() *Outbox {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.head == nil && !f.closed {
		f.wake.Wait()
	}
	o := f.head
	if o == nil {
		return nil
	}
	f.head, o.next = o.next, nil
	if f.head == nil {
		f.tail = nil
	}
	return o
}

// worker is what one goroutine renders with; it lives as long as the goroutine, so that sessions need no buffers.
type worker struct {
	buf   []byte
	batch []entry
}

func (f *Flusher) work() {
	w := &worker{buf: make([]byte, 0, flushBytes+4096)}
	for {
		o := f.pop()
		if o == nil {
			return
		}
		f.flush(o, w)
	}
}

// flush renders what an outbox holds and writes it once. An outbox whose socket stalls stays busy, and so fills up to its
// bound, while a goroutine of that connection alone waits.
func (f *Flusher) flush(o *Outbox, w *worker) {
	fl := flight{batch: w.batch[:0]}
	defer f.recovered(o, &fl)
	o.take(&fl, flushBytes)
	if fl.conn == nil {
		o.landed(fl, nil)
		return
	}
	buf := w.render(fl)
	var err error
	if len(buf) > 0 {
		_, err = fl.conn.nc.Write(buf)
		f.Stats.Writes.Add(1)
		f.Stats.Stanzas.Add(int64(len(fl.batch)))
		f.Stats.Bytes.Add(int64(len(buf)))
	}
	if err == nil && fl.conn.sock.stalled() {
		f.Stats.Stalls.Add(1)
		w.batch = fl.batch
		f.drain(o, o.stall(fl))
	} else {
		o.landed(fl, err)
		w.batch = fl.batch
	}
	clear(w.batch)
	w.keep(buf)
}

// drain waits for a stalled connection. It is a function of its own so that only a stall costs an allocation.
func (f *Flusher) drain(o *Outbox, fl flight) {
	f.drains.Go(func() {
		defer f.recovered(o, &fl)
		o.landed(fl, fl.conn.sock.drain(o.limits.WriteTimeout))
	})
}

// finish ends a connection behind its last words.
func (f *Flusher) finish(c *Conn, timeout time.Duration) {
	f.drains.Go(func() {
		defer f.recovered(nil, &flight{conn: c})
		c.Finish(timeout)
	})
}

// errPanic is why a flush failed that panicked.
var errPanic = errors.New("stream: a flush failed by our own mistake")

// recovered ends one connection after a panic, as if its write had failed: its reader ends, and the worker goes on.
func (f *Flusher) recovered(o *Outbox, fl *flight) {
	v := recover()
	if v == nil {
		return
	}
	f.Stats.Panics.Add(1)
	if f.Panicked != nil {
		f.Panicked(v, debug.Stack())
	}
	switch {
	case fl.conn == nil:
	case o != nil && o.flying():
		fl.batch = slices.Clone(fl.batch)
		o.landed(*fl, errPanic)
	default:
		fl.conn.Close()
	}
}

// render appends what goes out in one write to the worker's buffer.
func (w *worker) render(fl flight) []byte {
	buf := w.buf[:0]
	for _, e := range fl.batch {
		buf = e.st.Append(buf)
	}
	if fl.ack {
		buf = appendAck(buf, fl.h)
	}
	if fl.ask {
		buf = append(buf, smRequest...)
	}
	return append(buf, fl.last...)
}

// keep keeps the grown buffer for the next flush, unless one large stanza made it huge.
func (w *worker) keep(buf []byte) {
	w.buf = buf
	if cap(buf) > 4*flushBytes {
		w.buf = make([]byte, 0, flushBytes+4096)
	}
	if cap(w.batch) > maxBatch {
		w.batch = nil
	}
}

// maxBatch bounds the references that a worker keeps room for.
const maxBatch = 4096
