package c2s

import (
	"context"
	"strconv"
	"time"

	xstream "mellium.im/xmpp/stream"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// management answers the nonzas of XEP-0198 on a bound stream.
func (x *Session) management(st wire.Stanza) bool {
	switch st.Name().Local {
	case "enable":
		return x.enable(st)
	case "r":
		x.answerRequest()
		return true
	case "a":
		h, err := strconv.ParseUint(st.Attr("h"), 10, 32)
		if err != nil {
			x.Close(stream.Error("policy-violation", "<a/> needs h, a number"))
			return false
		}
		if err := x.out.Acked(uint32(h)); err != nil {
			sent, _ := x.out.Sent()
			x.Close(handledTooHigh(uint32(h), sent))
			return false
		}
		return true
	case "resume":
		// XEP-0198 §5: resumption takes the place of bind.
		x.out.Send(wire.NewNonza(failed("unexpected-request")), 0)
		return true
	}
	x.Close(stream.Error("unsupported-stanza-type", ""))
	return false
}

// handledTooHigh is the stream error of XEP-0198 §6 for an h beyond what was sent.
func handledTooHigh(h, sent uint32) xstream.Error {
	return stream.Error("undefined-condition", "You acknowledged "+strconv.FormatUint(uint64(h), 10)+" stanzas, but only "+
		strconv.FormatUint(uint64(sent), 10)+" were sent to you.")
}

// failed is the answer to an <enable/> or <resume/> that cannot be granted (XEP-0198 §6).
func failed(condition string) wire.Payload {
	w := wire.NewWriter()
	w.Start(nsSM, "failed")
	w.Elem("urn:ietf:params:xml:ns:xmpp-stanzas", condition, "")
	w.End()
	return w.Payload()
}

// enable starts counting (XEP-0198 §3) and makes the session resumable if the client asked for it (§5).
func (x *Session) enable(st wire.Stanza) bool {
	if x.counting.Load() {
		x.out.Send(wire.NewNonza(failed("unexpected-request")), 0)
		return true
	}
	w := wire.NewWriter()
	w.Start(nsSM, "enabled")
	wait := x.s.o.Config().Stream.ResumeTime
	if asked := st.Attr("resume"); (asked == "true" || asked == "1") && wait > 0 {
		id := newID()
		x.mu.Lock()
		ended := x.ended
		x.resumeID = id
		x.mu.Unlock()
		if !ended {
			x.s.mu.Lock()
			x.s.resume[id] = x
			x.s.mu.Unlock()
		}
		w.Attr("id", id)
		w.Attr("resume", "true")
		w.Attr("max", strconv.Itoa(int(wait.Seconds())))
	}
	w.End()
	x.base.Store(x.accepted.Load())
	x.counting.Store(true)
	x.out.EnableAcks(w.Payload())
	return true
}

// answerRequest answers <r/> at once with what is handled; if that is less than what was received, another <a/> follows
// when it is (XEP-0198 §4).
func (x *Session) answerRequest() {
	if !x.counting.Load() {
		return
	}
	owed := x.accepted.Load() - x.base.Load()
	x.owed.Store(int64(owed))
	if h := x.h(); int32(h-owed) >= 0 {
		x.owed.Store(-1)
	}
	x.out.SendAck()
}

// h counts the longest prefix of received stanzas that are all handled.
func (x *Session) h() uint32 {
	h := x.done.Load() - x.base.Load()
	if int32(h) < 0 {
		return 0 // what came before <enable/> is still under way
	}
	return h
}

// handled is told by the flow how many more stanzas are handled. It sends the <a/> that is due once h has reached what
// was received at the last <r/>.
func (x *Session) handled(n int) {
	x.done.Add(uint32(n))
	if owed := x.owed.Load(); owed >= 0 && int32(x.h()-uint32(owed)) >= 0 && x.owed.CompareAndSwap(owed, -1) {
		x.out.SendAck()
	}
}

// management answers XEP-0198 before a session exists: only resumption makes sense here.
func (n *negotiation) management(st wire.Stanza) (bound bool, err error) {
	if st.Name().Local != "resume" {
		return false, n.c.Write(failed("unexpected-request"))
	}
	h, err := strconv.ParseUint(st.Attr("h"), 10, 32)
	if err != nil {
		return false, n.c.Write(failed("bad-request"))
	}
	x := n.s.claim(st.Attr("previd"), n.user)
	if x == nil {
		n.s.Stats.ResumeFailures.Add(1)
		return false, n.c.Write(failed("item-not-found"))
	}
	return n.resume(x, uint32(h))
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
	if x.ended || x.resuming {
		return nil
	}
	x.resuming = true
	if x.timer != nil {
		x.timer.Stop()
		x.timer = nil
	}
	return x
}

// resumeWait bounds the wait for what the old connection received to be handled: its h must not promise less than what
// will be stored, else the client would send it twice.
const resumeWait = 10 * time.Second

// resume hands a session over to this connection (XEP-0198 §5).
func (n *negotiation) resume(x *Session, h uint32) (bool, error) {
	if !x.handover() {
		x.giveUp(true)
		n.s.Stats.ResumeFailures.Add(1)
		return false, n.c.Write(failed("item-not-found"))
	}
	n.promote()
	w := wire.NewWriter()
	w.Start(nsSM, "resumed")
	w.Attr("previd", x.resumeID)
	w.Attr("h", strconv.FormatUint(uint64(x.h()), 10))
	w.End()
	if err := x.out.Resume(n.c, h, w.Payload()); err != nil {
		sent, _ := x.out.Sent()
		x.giveUp(false)
		return false, handledTooHigh(h, sent)
	}
	x.mu.Lock()
	x.resuming = false
	ended := x.ended
	x.mu.Unlock()
	n.s.Stats.Resumes.Add(1)
	x.read(n.c, n.release)
	if ended {
		n.c.Close()
	}
	return true, nil
}

// handover ends the old connection and waits until all that it received is handled.
func (x *Session) handover() bool {
	x.mu.Lock()
	old, reading := x.conn, x.reading
	x.mu.Unlock()
	ctx, cancel := context.WithTimeout(x.s.ctx, resumeWait)
	defer cancel()
	if old != nil {
		x.out.Detach(old)
		old.Close()
	}
	select {
	case <-reading:
	case <-ctx.Done():
		return false
	}
	return x.flow.Quiesce(ctx) == nil
}

// giveUp gives up a takeover: the session hibernates again, or ends.
func (x *Session) giveUp(end bool) {
	x.mu.Lock()
	x.resuming = false
	x.timer = time.AfterFunc(x.s.o.Config().Stream.ResumeTime, func() { x.finish(nil, true) })
	x.mu.Unlock()
	if end {
		x.finish(nil, true)
	}
}
