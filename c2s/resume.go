package c2s

import (
	"context"
	"errors"
	"strconv"

	xstream "mellium.im/xmpp/stream"

	"salon.im/salon/router"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// management answers XEP-0198 before a session exists: only resumption makes sense here.
func (n *negotiation) management(st wire.Stanza) (bound bool, err error) {
	if st.Name().Local != "resume" {
		return false, n.c.Write(failed("unexpected-request", nil))
	}
	h, err := strconv.ParseUint(st.Attr("h"), 10, 32)
	if err != nil {
		return false, n.c.Write(failed("bad-request", nil))
	}
	return n.resume(st.Attr("previd"), uint32(h))
}

// resume hands a session over to this connection (XEP-0198 §5). A client that is refused may bind instead.
func (n *negotiation) resume(id string, h uint32) (bound bool, err error) {
	x := n.s.claim(id, n.user)
	if x == nil {
		return false, n.notResumed(id)
	}
	if !x.handover() {
		x.unclaim()
		x.finish(nil, true)
		return false, n.notResumed(id)
	}
	n.promote()
	w := wire.NewWriter()
	w.Start(nsSM, "resumed")
	w.Attr("previd", id)
	w.Attr("h", strconv.FormatUint(uint64(x.h()), 10))
	w.End()
	switch err := x.out.Resume(n.c, h, w.Payload()); {
	case errors.Is(err, stream.ErrHandledTooHigh):
		sent, _ := x.out.Sent()
		x.unclaim()
		return false, tooHigh{h, sent}
	case err != nil:
		x.unclaim()
		n.demote()
		return false, n.notResumed(id)
	}
	n.s.Stats.Resumes.Add(1)
	x.read(n.c, n.release)
	return true, nil
}

// notResumed says that there is no such session, and how much of it was handled if it is remembered.
func (n *negotiation) notResumed(id string) error {
	n.s.Stats.ResumeFailures.Add(1)
	return n.c.Write(failed("item-not-found", n.s.gone.find(id, n.user)))
}

// claim finds a session that the user may resume, and takes it: only one connection at a time resumes it.
func (s *Server) claim(id string, user wire.Addr) *Session {
	s.mu.Lock()
	x := s.resume[id]
	s.mu.Unlock()
	if x == nil || x.addr.Bare() != user {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended || x.resuming || !x.started {
		return nil
	}
	x.resuming = true
	if x.timer != nil {
		x.timer.Stop()
		x.timer = nil
	}
	return x
}

// unclaim gives up a takeover: the session hibernates again.
func (x *Session) unclaim() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.resuming = false
	x.hibernateLocked()
}

// handover ends the old connection and waits until all that it received is handled: our h must not promise less than what
// will be stored, else the client would send it twice. It reports false if that takes too long.
func (x *Session) handover() bool {
	x.mu.Lock()
	old, reading := x.conn, x.reading
	x.mu.Unlock()
	ctx, cancel := context.WithTimeout(x.s.ctx, quiesceTime)
	defer cancel()
	if old != nil {
		x.out.Depose(old, stream.AppendError(nil, xstream.Conflict)) // XEP-0198 §5
	}
	select {
	case <-reading:
	case <-ctx.Done():
		return false
	}
	return x.flow.Quiesce(ctx) == nil
}

// maxGone bounds the ended sessions that are remembered.
const maxGone = 10000

// gone remembers how much was handled of sessions that could have been resumed, so that a client that comes too late
// knows what to send again (XEP-0198 §5). The oldest are forgotten first. The Server's lock guards it.
type gone struct {
	s *Server
	h *router.Recent[string, goneSession]
}

type goneSession struct {
	user wire.Addr
	h    uint32
}

// addLocked remembers a session.
func (g *gone) addLocked(id string, x *Session) {
	g.h.Put(id, goneSession{x.addr.Bare(), x.h()})
}

// find returns the h of a session that the user had, nil if it is not remembered.
func (g *gone) find(id string, user wire.Addr) *uint32 {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if e, ok := g.h.Get(id); ok && e.user == user {
		return &e.h
	}
	return nil
}
