package stream

import (
	"slices"
	"time"

	"salon.im/salon/wire"
)

// flight is what one flush carries.
type flight struct {
	batch   []entry
	bytes   int    // that go off the books when it has landed
	conn    *Conn  // nil: nothing to do
	counted bool   // XEP-0198 keeps the stanzas
	ack     bool   // with an <a/>
	h       uint32 // in it
	ask     bool   // with an <r/>
	final   bool   // finish the connection
	last    []byte // behind everything, when final
}

// take moves up to maxBytes of entries out of the queue, into f, whose batch it appends to.
func (o *Outbox) take(f *flight, maxBytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.conn = o.conn; f.conn == nil {
		return
	}
	n, size := 0, 0
	for n < len(o.queue) && (n == 0 || size+o.queue[n].st.Len() <= maxBytes) {
		size += o.queue[n].st.Len()
		n++
	}
	if o.ackDue {
		o.takeAck(f, n)
	}
	f.batch, f.counted = append(f.batch, o.queue[:n]...), o.sm != nil
	f.bytes = o.book(f.batch)
	o.shrink(n)
	if o.closing && len(o.queue) == 0 {
		f.final, f.last, o.final = true, o.last, true
	}
	if o.sm != nil {
		f.ask = o.askDue || o.sm.due()
		if f.ask {
			o.sm.asked, o.sm.urgent = time.Now(), false
		}
	}
	o.askDue = false
}

// takeAck decides whether a flight of n entries carries the <a/> that is due, and with which h: what is refused counts as
// handled, and its error stands before the <a/>. It is in the queue by the time it counts. So h is asked for under the lock,
// and goes out once all that was queued by then does.
func (o *Outbox) takeAck(f *flight, n int) {
	switch rest := len(o.queue) - n; {
	case rest == 0:
		f.ack, f.h = true, o.events.Handled()
		o.ackDue, o.ackBehind = false, 0
	case o.ackBehind > n:
		o.ackBehind -= n
	default: // still due: for what has been handled since
		f.ack, f.h = o.ackBehind > 0, o.ackH
		o.ackH, o.ackBehind = o.events.Handled(), rest
	}
}

// book moves counted stanzas to the unacknowledged ones, and returns the bytes of the others.
func (o *Outbox) book(batch []entry) (bytes int) {
	for _, e := range batch {
		if o.uncounted > 0 {
			o.uncounted--
		} else if o.sm != nil && e.st.Kind() != wire.KindOther {
			o.sm.push(e)
			continue
		}
		bytes += e.st.Len()
	}
	return bytes
}

// shrink drops the first n entries of the queue, and the memory that a quiet session does not need.
func (o *Outbox) shrink(n int) {
	clear(o.queue[:n])
	switch {
	case n < len(o.queue):
		o.queue = o.queue[n:]
	case cap(o.queue) == chunk:
		chunks.Put((*[chunk]entry)(o.queue[:chunk]))
		o.queue = nil
	case cap(o.queue) > chunk:
		o.queue = nil
	default:
		o.queue = o.queue[:0]
	}
}

// stall notes what a socket has not taken yet, and returns the flight with a batch of its own.
func (o *Outbox) stall(f flight) flight {
	o.mu.Lock()
	defer o.mu.Unlock()
	f.batch = slices.Clone(f.batch)
	if !f.counted && !o.ended {
		o.stalled = f.batch
	}
	return f
}

// landed ends a flush: it settles what was written, and hands the outbox back to the list or rests it.
func (o *Outbox) landed(f flight, err error) {
	var marks []int64
	o.mu.Lock()
	o.stalled = nil
	if err == nil || f.counted {
		o.bytes -= f.bytes
	}
	switch {
	case err != nil && o.conn == f.conn:
		o.conn, o.over = nil, false
		fallthrough
	case err != nil:
		if !f.counted && !o.ended {
			o.queue = append(slices.Clone(f.batch), o.queue...)
		}
	case !f.counted:
		marks = marksOf(f.batch)
	}
	if len(marks) > 0 { // told before the next flush: what the client says after a later stanza finds it told
		o.mu.Unlock()
		o.delivered(marks)
		o.mu.Lock()
	}
	o.busy = false
	if o.landing != nil {
		close(o.landing)
		o.landing = nil
	}
	o.unlock()
	switch {
	case err != nil:
		f.conn.Close()
	case f.final:
		o.fl.finish(f.conn, o.limits.WriteTimeout)
	}
}

// flying reports whether a flush is under way.
func (o *Outbox) flying() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.busy
}

func marksOf(batch []entry) (marks []int64) {
	for _, e := range batch {
		if e.mark != 0 {
			marks = append(marks, e.mark)
		}
	}
	return marks
}

func (o *Outbox) delivered(marks []int64) {
	if len(marks) > 0 && o.events.Delivered != nil {
		o.events.Delivered(marks)
	}
}
