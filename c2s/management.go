package c2s

import (
	"strconv"
	"time"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// management answers the nonzas of XEP-0198 on a bound stream. It reports false when the stream must end.
func (x *Session) management(st wire.Stanza) bool {
	switch st.Name().Local {
	case "enable":
		x.enable(st)
		return true
	case "r":
		x.answerRequest()
		return true
	case "a":
		return x.acknowledged(st)
	case "resume":
		// XEP-0198 §5: resumption takes the place of bind.
		x.out.Send(wire.NewNonza(failed("unexpected-request", nil)), 0)
		return true
	}
	x.Close(stream.Error("unsupported-stanza-type", ""))
	return false
}

// acknowledged takes the client's <a/>.
func (x *Session) acknowledged(st wire.Stanza) bool {
	h, err := strconv.ParseUint(st.Attr("h"), 10, 32)
	if err != nil {
		x.Close(stream.Error("bad-format", "<a/> needs h, a number of 32 bits")) // RFC 6120 §4.9.3.1
		return false
	}
	if err := x.out.Acked(uint32(h)); err != nil {
		sent, _ := x.out.Sent()
		x.finish(tooHigh{uint32(h), sent}.append(nil), false)
		return false
	}
	return true
}

// tooHigh is the stream error of XEP-0198 §6 for an h beyond what was sent.
type tooHigh struct{ h, sent uint32 }

func (e tooHigh) Error() string { return "c2s: handled count too high" }

// append writes the error and the end of the stream.
func (e tooHigh) append(dst []byte) []byte {
	h, sent := strconv.FormatUint(uint64(e.h), 10), strconv.FormatUint(uint64(e.sent), 10)
	w := wire.NewWriter()
	w.Start(nsSM, "handled-count-too-high")
	w.Attr("h", h)
	w.Attr("send-count", sent)
	w.End()
	text := "You acknowledged " + h + " stanzas, but only " + sent + " were sent to you."
	return stream.AppendError(dst, stream.Error("undefined-condition", text), w.Payload())
}

// failed is the answer to an <enable/> or <resume/> that cannot be granted (XEP-0198 §6); h, unless nil, is what was
// handled of a session that has ended (§5).
func failed(condition string, h *uint32) wire.Payload {
	w := wire.NewWriter()
	w.Start(nsSM, "failed")
	if h != nil {
		w.Attr("h", strconv.FormatUint(uint64(*h), 10))
	}
	w.Elem("urn:ietf:params:xml:ns:xmpp-stanzas", condition, "")
	w.End()
	return w.Payload()
}

// enable starts counting (XEP-0198 §3) and makes the session resumable if the client asked for it (§5).
func (x *Session) enable(st wire.Stanza) {
	if x.counting.Load() {
		x.out.Send(wire.NewNonza(failed("unexpected-request", nil)), 0)
		return
	}
	w := wire.NewWriter()
	w.Start(nsSM, "enabled")
	if wait := resumeTime(st, x.s.o.Config().Stream.ResumeTime); wait > 0 {
		id := newID()
		x.makeResumable(id, wait)
		w.Attr("id", id)
		w.Attr("resume", "true")
		w.Attr("max", strconv.Itoa(int(wait.Seconds())))
	}
	w.End()
	x.base.Store(x.accepted.Load())
	x.counting.Store(true)
	x.out.EnableAcks(w.Payload())
}

// resumeTime is how long the client's session may be resumed: what it asks for, at most ours; 0 for not at all.
func resumeTime(st wire.Stanza, most time.Duration) time.Duration {
	if asked := st.Attr("resume"); asked != "true" && asked != "1" {
		return 0
	}
	if s, err := strconv.ParseUint(st.Attr("max"), 10, 31); err == nil && s > 0 {
		most = min(most, time.Duration(s)*time.Second)
	}
	return most
}

// makeResumable lets claim find the session by id.
func (x *Session) makeResumable(id string, wait time.Duration) {
	x.s.mu.Lock()
	x.s.resume[id] = x
	x.s.mu.Unlock()
	x.mu.Lock()
	x.resumeID, x.wait = id, wait
	ended := x.ended
	x.mu.Unlock()
	if ended { // finish did not see the id
		x.s.mu.Lock()
		delete(x.s.resume, id)
		x.s.mu.Unlock()
	}
}

// answerRequest answers <r/> at once with what is handled; if that is less than what was received, another <a/> follows
// when it is (XEP-0198 §4).
func (x *Session) answerRequest() {
	if !x.counting.Load() {
		return
	}
	owed := x.accepted.Load()
	x.owed.Store(owed)
	if x.done.Load() >= owed {
		x.owed.Store(notOwed)
	}
	x.out.SendAck()
}

// h counts the longest prefix of received stanzas that are all handled, modulo 2^32 (XEP-0198 §4).
func (x *Session) h() uint32 {
	done, base := x.done.Load(), x.base.Load()
	if done < base {
		return 0 // what came before <enable/> is still under way
	}
	return uint32(done - base)
}

// handled is told by the flow how many more stanzas are handled. It sends the <a/> that is due once all that was received
// before the last <r/> is.
func (x *Session) handled(n int) {
	done := x.done.Add(uint64(n))
	if owed := x.owed.Load(); owed != notOwed && done >= owed && x.owed.CompareAndSwap(owed, notOwed) {
		x.out.SendAck()
	}
}
