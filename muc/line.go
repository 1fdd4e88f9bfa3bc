package muc

import (
	"errors"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// line keeps a room's events in order up to and past the archive's commit. Messages, and moderators' requests to retract
// some, may wait for their commits together, but what takes others back begins behind them;
// everything else begins when all before it has ended, and what follows it begins after it. So rights are judged by what
// was said before, and nobody sees a message after the kick that it came before.
type line struct {
	queue []*event // the first `begun` are messages under way
	begun int
}

func (l *line) push(e *event) { l.queue = append(l.queue, e) }

func (l *line) busy() bool { return len(l.queue) > 0 }

func (l *line) pop() *event {
	e := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	if len(l.queue) == 0 {
		l.queue = nil
	}
	return e
}

// message is a message under way: judged, and waiting for its commit or for those before it.
type message struct {
	out     wire.Stanza           // as it will be sent, from the sender's occupant address
	sent    wire.Stanza           // a private one, as its sender's archive has it
	rows    []storage.Row         // none if it is not kept
	unkept  bool                  // the live history has it, the archive not
	rewrite []storage.Rewrite     // what it takes back
	unset   bool                  // the room's subject is among it
	refuse  error                 // not taken: the sender is told in its turn
	deliver func(*room, *message) // after the commit
	result  archive.Result
	ready   bool
}

// advance ends what is ready and begins what may begin, until nothing moves.
func (r *room) advance() {
	l := &r.line
	for len(l.queue) > 0 {
		switch {
		case l.begun > 0 && l.queue[0].msg.ready:
			e := l.pop()
			l.begun--
			r.guard(e, (*room).endMessage)
			r.finish(e)
		case l.begun < len(l.queue) && overlaps(l.queue[l.begun]) && (l.begun == 0 || !takesBack(l.queue[l.begun].st)):
			e := l.queue[l.begun]
			l.begun++
			r.guard(e, (*room).beginMessage)
		case l.begun == 0:
			e := l.pop()
			r.guard(e, (*room).happen)
			r.finish(e)
		default:
			return
		}
	}
}

// finish tells the sender's stream that the room has handled the event.
func (r *room) finish(e *event) {
	r.box.release(e)
	e.handled()
}

// overlaps reports whether an event may begin while messages before it wait for their commit.
func overlaps(e *event) bool {
	st := e.st
	return st.Kind() == wire.KindMessage && st.Type() != "error" && !toRoomItself(st) || moderates(st)
}

// takesBack reports whether a message or request looks into the archive for others: it begins when all before it are there.
func takesBack(st wire.Stanza) bool {
	_, ok := archive.Retracts(st)
	return ok || moderates(st)
}

// toRoomItself reports whether a message is neither groupchat nor to an occupant: an invitation, a voice request.
func toRoomItself(st wire.Stanza) bool { return st.Type() != "groupchat" && !st.To().IsFull() }

// beginMessage judges a message and queues it to the archive.
func (r *room) beginMessage(e *event) {
	m := &message{ready: true}
	e.msg = m
	if r.closing {
		m.refuse = errClosing
		return
	}
	if m.refuse = r.load(); m.refuse != nil {
		return
	}
	switch {
	case e.st.Kind() == wire.KindIQ:
		m.refuse = r.judgeModeration(e.st, m)
	case isSubject(e.st):
		m.refuse = r.judgeSubject(e.st, m)
	case e.st.Type() == "groupchat":
		m.refuse = r.judgeGroupchat(e.st, m)
	default:
		m.refuse = r.judgePrivate(e.st, m)
	}
	if m.refuse != nil || len(m.rows)+len(m.rewrite) == 0 {
		return
	}
	m.ready = false
	err := r.s.o.Writer.TryAppend(m.rows, func(res archive.Result) {
		m.result = res
		r.s.post(r, &event{committed: m}, true)
	}, m.rewrite...)
	switch {
	case err == nil:
	case errors.Is(err, archive.ErrFull):
		m.ready, m.refuse = true, errBusy
	default:
		m.ready, m.refuse = true, errUnstored // the writer has logged why
	}
}

// endMessage sends a message whose turn has come, or refuses it. A resend that the archive held already is not sent
// again.
func (r *room) endMessage(e *event) {
	m := e.msg
	if !m.sent.IsZero() {
		e.sent = m.sent
	}
	switch {
	case m.refuse != nil:
		e.sent = wire.Stanza{}
		r.refuse(e.st, m.refuse)
	case m.result.Err != nil:
		e.sent = wire.Stanza{}
		r.refuse(e.st, errUnstored)
	case m.result.Dropped != 0:
		e.sent = wire.Stanza{}
		if isSubject(e.st) {
			r.repeatSubject(e.st, m)
		}
	default:
		m.deliver(r, m)
		for _, row := range m.rows {
			if row.Outgoing { // a copy has the id of its owner's archive
				e.sent = r.withStanzaID(m.sent, row.Owner, row.ID)
			}
		}
	}
}
