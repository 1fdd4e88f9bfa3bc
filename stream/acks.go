package stream

import (
	"strconv"

	"salon.im/salon/wire"
)

const nsSM = "urn:xmpp:sm:3"

// acks is the outbound half of XEP-0198: stanzas sent and not acknowledged, oldest first. The Outbox's lock guards it.
type acks struct {
	acked     uint32 // the client's last h
	ring      []entry
	head, n   int
	requested bool // an <r/> is out
}

func (a *acks) len() int { return a.n }

func (a *acks) push(e entry) {
	if a.n == len(a.ring) {
		grown := make([]entry, max(4, 2*len(a.ring)))
		copy(grown, a.list())
		a.ring, a.head = grown, 0
	}
	a.ring[(a.head+a.n)%len(a.ring)] = e
	a.n++
}

func (a *acks) pop() entry {
	e := a.ring[a.head]
	a.ring[a.head] = entry{}
	a.head = (a.head + 1) % len(a.ring)
	a.n--
	if a.n == 0 && len(a.ring) > 16 {
		a.ring, a.head = nil, 0 // an idle session keeps no large ring
	}
	return e
}

func (a *acks) list() []entry {
	out := make([]entry, 0, a.n)
	for i := range a.n {
		out = append(out, a.ring[(a.head+i)%len(a.ring)])
	}
	return out
}

// EnableAcks starts counting behind the <enabled/> that it queues (XEP-0198 §3).
func (o *Outbox) EnableAcks(enabled wire.Payload) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sm = &acks{}
	st := wire.NewNonza(enabled)
	o.queue = append(o.queue, entry{st: st})
	o.bytes += st.Len()
	o.uncounted = len(o.queue)
	o.scheduleLocked()
}

// Acked takes the client's h: stanzas up to it are the client's (XEP-0198 §4). It returns ErrHandledTooHigh.
func (o *Outbox) Acked(h uint32) error {
	o.mu.Lock()
	marks, err := o.ackedLocked(h)
	if o.sm != nil {
		o.sm.requested = false
		if o.sm.len() > 0 {
			o.scheduleLocked() // asks again for what was sent meanwhile
		}
	}
	o.mu.Unlock()
	if len(marks) > 0 && o.events.Delivered != nil {
		o.events.Delivered(marks)
	}
	return err
}

func (o *Outbox) ackedLocked(h uint32) (marks []int64, err error) {
	if o.sm == nil {
		return nil, nil
	}
	n := h - o.sm.acked // modulo 2^32 (XEP-0198 §4)
	if n > uint32(o.sm.len()) {
		return nil, ErrHandledTooHigh
	}
	for range n {
		e := o.sm.pop()
		o.bytes -= e.st.Len()
		if e.mark != 0 {
			marks = append(marks, e.mark)
		}
	}
	o.sm.acked = h
	return marks, nil
}

// Sent returns how many stanzas were sent and counted, and how many of them the client acknowledged.
func (o *Outbox) Sent() (sent, acked uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sm == nil {
		return 0, 0
	}
	return o.sm.acked + uint32(o.sm.len()), o.sm.acked
}

// Resume puts a new connection in place of the last: the client has everything up to h, and gets first, then all that it
// has not, in the old order, before anything new (XEP-0198 §5). It returns ErrHandledTooHigh and changes nothing then.
func (o *Outbox) Resume(c *Conn, h uint32, first wire.Payload) error {
	c.sock.setEager()
	o.mu.Lock()
	marks, err := o.ackedLocked(h)
	if err == nil {
		o.requeueLocked(first)
		o.conn, o.over = c, false
		o.sm.requested = false
		o.scheduleLocked()
	}
	o.mu.Unlock()
	if len(marks) > 0 && o.events.Delivered != nil {
		o.events.Delivered(marks)
	}
	return err
}

func (o *Outbox) requeueLocked(first wire.Payload) {
	st := wire.NewNonza(first)
	queue := make([]entry, 0, 1+o.sm.len()+len(o.queue))
	queue = append(queue, entry{st: st})
	queue = append(queue, o.sm.list()...)
	o.queue = append(queue, o.queue...)
	o.uncounted = 1
	o.bytes += st.Len()
	o.sm = &acks{acked: o.sm.acked}
}

// SendAck puts an <a/> with the h of the moment of writing into the next flush (XEP-0198 §4).
func (o *Outbox) SendAck() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return
	}
	o.ackDue = true
	o.scheduleLocked()
}

var smRequest = []byte(`<r xmlns="` + nsSM + `"/>`)

func appendAck(dst []byte, h uint32) []byte {
	dst = append(dst, `<a xmlns="`+nsSM+`" h="`...)
	dst = strconv.AppendUint(dst, uint64(h), 10)
	return append(dst, `"/>`...)
}
