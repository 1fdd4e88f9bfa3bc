package c2s

import (
	"errors"
	"time"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// readLoop reads one connection of a session until it ends. release ends its address's count.
func (x *Session) readLoop(c *stream.Conn, reading chan struct{}, release func()) {
	defer x.s.wg.Done()
	defer func() {
		c.Free()
		x.s.untrack(c)
		release()
		x.lost(c)
		close(reading)
	}()
	defer x.s.recovered("session", func() {
		x.Close(stream.Error("internal-server-error", ""))
		x.waitEnd(c)
	})
	x.readAll(c)
}

// readAll hands tokens on. When it returns, the connection is closed.
func (x *Session) readAll(c *stream.Conn) {
	for {
		tok, err := c.Next()
		var syntax *wire.SyntaxError
		switch {
		case errors.As(err, &syntax):
			x.s.o.Log.Debug("stream refused", "jid", x.addr.String(), "err", err)
			x.Close(syntax.Stream())
			x.waitEnd(c)
			return
		case err != nil:
			c.Close()
			return
		}
		x.pinged.Store(0)
		switch tok.Type {
		case wire.TokenEnd:
			// The client says goodbye: no resumption after that (XEP-0198 §5), and our side closes too (RFC 6120 §4.4).
			x.quiesce()
			x.finish(stream.AppendEnd(nil), false)
			x.waitEnd(c)
			return
		case wire.TokenHeader:
			x.Close(stream.Error("bad-format", "a second stream header")) // RFC 6120 §4.3.3 knows no restart after bind
			x.waitEnd(c)
			return
		case wire.TokenStanza:
			if !x.take(tok.Stanza()) {
				x.waitEnd(c)
				return
			}
		}
	}
}

// waitEnd keeps the connection until our last words are out and the client has closed its side. A client that does not
// read gets the time of a few writes.
func (x *Session) waitEnd(c *stream.Conn) {
	c.Discard(x.s.o.Config().Stream.WriteTimeout + 5*time.Second)
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
	x.accepted.Add(1)
	// RFC 6120 §8.1.2.1: whatever the client wrote, `from` is the bound address.
	x.flow.Accept(st.WithFrom(x.addr))
	return true
}
