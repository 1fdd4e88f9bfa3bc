package c2s

import (
	"errors"
	"time"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// readLoop reads one connection of a session until it ends.
func (x *Session) readLoop(c *stream.Conn, reading chan struct{}) {
	defer x.s.wg.Done()
	goodbye := false
	defer func() {
		x.s.untrack(c)
		c.Free()
		close(reading)
		if !goodbye {
			x.lost(c)
		}
		x.releaseAddr()
	}()
	defer x.s.recovered("session", func() {
		goodbye = true
		x.finish(stream.AppendError(nil, stream.Error("internal-server-error", "")), true)
	})
	goodbye = x.readAll(c)
}

// readAll hands tokens on; it reports true when the stream ended by a word of either side, false when it was cut.
func (x *Session) readAll(c *stream.Conn) (goodbye bool) {
	for {
		tok, err := c.Next()
		if err != nil {
			var syntax *wire.SyntaxError
			if !errors.As(err, &syntax) {
				c.Close()
				return false
			}
			x.Close(stream.Error(syntax.Condition, syntax.Reason))
			x.waitEnd(c)
			return true
		}
		x.heard.Store(time.Now().Unix())
		x.pinged.Store(0)
		switch tok.Type {
		case wire.TokenEnd:
			// The client says goodbye: no resumption after that (XEP-0198 §5), and our side closes too (RFC 6120 §4.4).
			x.finish(stream.AppendEnd(nil), false)
			x.waitEnd(c)
			return true
		case wire.TokenHeader:
			x.Close(stream.Error("bad-format", "a second stream header")) // RFC 6120 §4.3.3 knows no restart after bind
			x.waitEnd(c)
			return true
		case wire.TokenStanza:
			if !x.take(tok.Stanza()) {
				x.waitEnd(c)
				return true
			}
		}
	}
}

// waitEnd keeps the connection open until our last words are out.
func (x *Session) waitEnd(c *stream.Conn) {
	t := time.NewTimer(x.s.o.Config().Stream.WriteTimeout)
	defer t.Stop()
	select {
	case <-c.Done():
	case <-t.C:
		c.Close()
	}
}

// take begins the walk of a stanza, or answers a nonza. It reports false when the stream must end.
func (x *Session) take(st wire.Stanza) bool {
	if st.Kind() == wire.KindOther {
		if st.Name().Space == nsSM {
			return x.management(st)
		}
		x.Close(stream.Error("unsupported-stanza-type", "")) // RFC 6120 §4.9.3.24
		return false
	}
	if st.Kind() == wire.KindIQ && st.Has(nsBind, "bind") {
		x.Close(stream.Error("policy-violation", "a resource is bound already"))
		return false
	}
	x.accepted.Add(1)
	// RFC 6120 §8.1.2.1: whatever the client wrote, `from` is the bound address.
	x.flow.Accept(st.WithFrom(x.addr))
	return true
}

func (x *Session) releaseAddr() {
	x.mu.Lock()
	release := x.release
	x.mu.Unlock()
	if release != nil {
		release()
	}
}
