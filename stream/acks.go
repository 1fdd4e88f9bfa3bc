package stream

import (
	"strconv"
	"time"

	"salon.im/salon/wire"
)

const nsSM = "urn:xmpp:sm:3"

// askAfter is how many stanzas go unacknowledged before an <r/> asks for them. What somebody waits for asks at once; the
// rest within Outbox.Ask's interval. So a busy room does not cost an <a/> for each message.
const askAfter = 16

// acks is the outbound half of XEP-0198: stanzas sent and not acknowledged, oldest first. The Outbox's lock guards it.
type acks struct {
	acked   uint32 // the client's last h
	ring    []entry
	head, n int
	urgent  bool      // something under way must not wait for its acknowledgement
	asked   time.Time // when the <r/> went out that waits for its <a/>; zero: none
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
	a.urgent = a.urgent || e.urgent()
}

func (a *acks) pop() entry {
	e := a.ring[a.head]
	a.ring[a.head] = entry{}
	a.head = (a.head + 1) % len(a.ring)
	a.n--
	if a.n == 0 && len(a.ring) > 2*askAfter {
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

// due reports whether an <r/> should go out: none is out, and enough or something urgent is unacknowledged.
func (a *acks) due() bool {
	return a.asked.IsZero() && a.n > 0 && (a.urgent || a.n >= askAfter)
}

// urgent reports whether a stanza that gets lost costs somebody something: a row to mark, an answer to wait for, a person's
// message. Presence and a room's messages come again.
func (e entry) urgent() bool {
	switch e.st.Kind() {
	case wire.KindIQ:
		return true
	case wire.KindMessage:
		return e.mark != 0 || e.st.Type() != "groupchat"
	}
	return false
}

// EnableAcks starts counting behind the <enabled/> that it queues (XEP-0198 §3).
func (o *Outbox) EnableAcks(enabled wire.Payload) {
	o.mu.Lock()
	o.sm = &acks{}
	o.addLocked(entry{st: wire.NewNonza(enabled)})
	o.uncounted = len(o.queue)
	o.unlock()
}

// Acked takes the client's h: stanzas up to it are the client's (XEP-0198 §4). It returns ErrHandledTooHigh.
func (o *Outbox) Acked(h uint32) error {
	o.mu.Lock()
	marks, err := o.ackedLocked(h)
	if o.sm != nil {
		o.sm.asked = time.Time{}
		if o.backlog && !o.fullLocked(o.limits.Bytes/2, o.limits.Stanzas/2) {
			o.backlog = false
		}
	}
	o.unlock()
	o.delivered(marks)
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
	if o.sm.len() == 0 {
		o.sm.urgent = false
	}
	return marks, nil
}

// Ask asks the client to acknowledge what it has not (XEP-0198 §4), unless it was asked already. always asks even if
// nothing is unacknowledged: a ping. It returns since when the client owes an answer, zero if it does not.
func (o *Outbox) Ask(always bool) (owed time.Time) {
	o.mu.Lock()
	if o.sm != nil && o.conn != nil && !o.ended && (always || o.sm.len() > 0) {
		owed = o.sm.asked
		o.askDue = o.askDue || owed.IsZero() || always
	}
	o.unlock()
	return owed
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
// has not, in the old order, before anything new (XEP-0198 §5). It returns ErrHandledTooHigh or ErrEnded, and changes
// nothing then.
func (o *Outbox) Resume(c *Conn, h uint32, first wire.Payload) error {
	o.mu.Lock()
	if o.ended || o.sm == nil {
		o.mu.Unlock()
		return ErrEnded
	}
	marks, err := o.ackedLocked(h)
	if err == nil {
		c.sock.setEager()
		o.requeueLocked(first)
		o.conn, o.over = c, false
		o.backlog = o.fullLocked(o.limits.Bytes/2, o.limits.Stanzas/2)
	}
	o.unlock()
	o.delivered(marks)
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
	o.ackDue, o.ackBehind, o.askDue = false, 0, false
}

// SendAck puts an <a/> with the h of the moment into the next flush, or behind what is queued by now (XEP-0198 §4).
func (o *Outbox) SendAck() {
	o.mu.Lock()
	o.ackDue = !o.ended
	o.unlock()
}

var smRequest = []byte(`<r xmlns="` + nsSM + `"/>`)

func appendAck(dst []byte, h uint32) []byte {
	dst = append(dst, `<a xmlns="`+nsSM+`" h="`...)
	dst = strconv.AppendUint(dst, uint64(h), 10)
	return append(dst, `"/>`...)
}
