package stream

import (
	"runtime"
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
}

// FlusherStats counts since the start.
type FlusherStats struct {
	Writes, Stanzas, Bytes, Stalls atomic.Int64
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
	marks []int64
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

// flush renders what an outbox holds and writes it once.
func (f *Flusher) flush(o *Outbox, w *worker) {
	fl := o.take(w.batch[:0], flushBytes)
	w.batch = fl.batch
	if fl.conn == nil {
		o.done(nil)
		return
	}
	buf := w.buf[:0]
	w.marks = w.marks[:0]
	for _, e := range fl.batch {
		buf = e.st.Append(buf)
		if e.mark != 0 {
			w.marks = append(w.marks, e.mark)
		}
	}
	if fl.ack {
		buf = appendAck(buf, o.events.Handled())
	}
	if fl.request {
		buf = append(buf, smRequest...)
	}
	buf = append(buf, fl.last...)
	f.write(o, fl.conn, buf, len(fl.batch))
	if len(w.marks) > 0 && o.events.Delivered != nil && !o.counts() {
		o.events.Delivered(w.marks)
	}
	clear(w.batch)
	w.buf = buf
	if cap(buf) > 4*flushBytes {
		w.buf = make([]byte, 0, flushBytes+4096)
	}
}

// counts reports whether XEP-0198 is on: then marks wait for the client's <a/>.
func (o *Outbox) counts() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sm != nil
}

func (f *Flusher) write(o *Outbox, c *Conn, buf []byte, stanzas int) {
	var err error
	if len(buf) > 0 {
		_, err = c.nc.Write(buf)
		f.Stats.Writes.Add(1)
		f.Stats.Stanzas.Add(int64(stanzas))
		f.Stats.Bytes.Add(int64(len(buf)))
	}
	if err == nil && c.sock.stalled() {
		f.Stats.Stalls.Add(1)
		f.drains.Go(func() { f.drain(o, c) })
		return
	}
	f.settle(o, c, err)
}

// drain waits for one stalled connection; its outbox stays busy meanwhile, and so fills up to its bound.
func (f *Flusher) drain(o *Outbox, c *Conn) {
	timeout := o.limits.WriteTimeout
	if timeout == 0 {
		timeout = 20 * time.Second
	}
	f.settle(o, c, c.sock.drain(timeout))
}

func (f *Flusher) settle(o *Outbox, c *Conn, err error) {
	if err != nil {
		c.Close()
		if o.events.Broken != nil {
			o.events.Broken(c, err)
		}
	}
	o.done(c)
}

// finish closes a connection politely: TLS's close_notify, the rest of the bytes, then the socket.
func (c *Conn) finish(timeout time.Duration) {
	if timeout == 0 {
		timeout = 20 * time.Second
	}
	if c.tls != nil {
		c.tls.CloseWrite()
	}
	if c.sock.stalled() {
		c.sock.drain(timeout)
	}
	c.Close()
}
