package xmpptest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"salon.im/salon/wire"
)

// Write sends raw bytes.
func (c *Client) Write(s string) {
	c.s.T.Helper()
	if err := c.write(s); err != nil {
		c.s.T.Fatalf("%s writes: %v", c.Addr, err)
	}
}

func (c *Client) write(s string) error {
	if c.conn == nil {
		return errors.New("not connected")
	}
	c.dirty = true
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c.conn, s)
	return err
}

// Send sends a stanza.
func (c *Client) Send(xml string) { c.s.T.Helper(); c.Write(xml) }

// TrySend is Send for goroutines that must not fail the test, and for streams that may end.
func (c *Client) TrySend(xml string) error { return c.write(xml) }

// TryRecv is Recv for goroutines that must not fail the test.
func (c *Client) TryRecv() (wire.Stanza, error) { return c.recv() }

// TryEnd is End for streams of which a test does not know whether they end well.
func (c *Client) TryEnd() (condition string, err error) { return c.end() }

// Recv returns the next element, and fails the test if none comes.
func (c *Client) Recv() wire.Stanza {
	c.s.T.Helper()
	st, err := c.recv()
	if err != nil {
		c.s.T.Fatalf("%s: %v", c.Addr, err)
	}
	return st
}

func (c *Client) recv() (wire.Stanza, error) {
	if len(c.inbox) > 0 {
		st := c.inbox[0]
		c.inbox = c.inbox[1:]
		return st, nil
	}
	return c.fresh()
}

// fresh reads the next element from the connection.
func (c *Client) fresh() (wire.Stanza, error) {
	tok, err := c.read()
	if err == nil && tok.Type == wire.TokenHeader { // of a stream that the script opened itself
		tok, err = c.read()
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return wire.Stanza{}, errors.New("nothing came")
	case err != nil:
		return wire.Stanza{}, fmt.Errorf("waiting: %w", err)
	case tok.Type != wire.TokenStanza:
		return wire.Stanza{}, errStreamEnded
	}
	st := tok.Stanza()
	c.note(st)
	return st, nil
}

// note keeps what the client must know of its session.
func (c *Client) note(st wire.Stanza) {
	if st.Kind() != wire.KindOther {
		c.received++
	}
	switch name := st.Name(); {
	case name.Space == nsSM && name.Local == "enabled":
		c.resumeID, c.received = st.Attr("id"), 0
	case name.Space == "urn:ietf:params:xml:ns:xmpp-sasl" && name.Local == "success":
		c.scan = wire.NewScanner(limits) // RFC 6120 §6.4.6: a new stream follows
	case name.Space == nsSM && name.Local == "resumed":
		c.bound = true
	case st.Kind() == wire.KindIQ && !c.bound:
		kid, _ := st.Kid("urn:ietf:params:xml:ns:xmpp-bind", "bind")
		if jid, ok := kid.Kid("", "jid"); ok && st.Type() == "result" {
			c.Addr, c.bound = wire.MustAddr(jid.Text()), true
		}
	}
}

// Barrier sends a ping and returns what came before its answer: when it returns, the server has handled everything that
// this client sent.
func (c *Client) Barrier() []wire.Stanza {
	c.s.T.Helper()
	if err := c.barrier(); err != nil {
		c.s.T.Fatalf("%s: %v", c.Addr, err)
	}
	before := c.inbox
	c.inbox = nil
	return before
}

func (c *Client) barrier() error {
	id := wire.NewID()
	if err := c.write(`<iq type="get" id="` + id + `"><ping xmlns="urn:xmpp:ping"/></iq>`); err != nil {
		return err
	}
	for {
		st, err := c.fresh()
		if err != nil {
			return err
		}
		if st.Kind() == wire.KindIQ && st.ID() == id {
			c.dirty = false
			return nil
		}
		c.inbox = append(c.inbox, st)
	}
}

// untilSubject drops what a room sends to who enters, up to the subject, which comes last (XEP-0045 §7.2.15).
func (c *Client) untilSubject(room string) error {
	for {
		st, err := c.recv()
		if err != nil {
			return err
		}
		switch {
		case st.From().Bare().String() != room:
		case st.Type() == "error":
			return fmt.Errorf("not let in: %s", st.Append(nil))
		case st.Kind() == wire.KindMessage && st.Has("", "subject") && !st.Has("", "body"):
			return nil
		}
	}
}

// End returns the stream error that ends the stream, "" for an end without one, and fails the test if it does not end.
// Stanzas before it are dropped.
func (c *Client) End() string {
	c.s.T.Helper()
	condition, err := c.end()
	if err != nil {
		c.s.T.Fatalf("%s: %v", c.Addr, err)
	}
	return condition
}

// end reads up to the end of the connection, which the server must close.
func (c *Client) end() (condition string, err error) {
	c.inbox, c.bound = nil, false
	for {
		tok, err := c.read()
		if err != nil || tok.Type == wire.TokenEnd {
			if err == nil {
				err = c.drain()
			}
			if syntax := new(wire.SyntaxError); errors.As(err, &syntax) {
				return condition, err
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return condition, errors.New("the connection is not closed")
			}
			c.Cut()
			return condition, nil
		}
		if tok.Type != wire.TokenStanza {
			continue
		}
		if st := tok.Stanza(); st.Name().Local == "error" {
			condition = conditionOf(st)
		}
	}
}

// conditionOf returns a stream error's condition, and behind it the application's, if there is one (RFC 6120 §4.9.4).
func conditionOf(st wire.Stanza) string {
	defined, own := "", ""
	for k := range st.Kids() {
		switch n := k.Name(); {
		case n.Space != "urn:ietf:params:xml:ns:xmpp-streams":
			own = " " + n.Local
		case n.Local != "text":
			defined = n.Local
		}
	}
	return defined + own
}

// drain reads what is behind the stream's end.
func (c *Client) drain() error {
	c.conn.SetReadDeadline(time.Now().Add(patience))
	_, err := io.Copy(io.Discard, c.conn)
	return err
}

// Cut closes the connection without a word, not even one of TLS.
func (c *Client) Cut() {
	if c.raw != nil {
		c.raw.Close()
	}
	c.bound = false
}

// Conn returns the connection, for tests that stop reading or write slowly.
func (c *Client) Conn() net.Conn { return c.conn }

func (c *Client) read() (wire.Token, error) {
	if c.conn == nil {
		return wire.Token{}, errors.New("not connected")
	}
	c.conn.SetReadDeadline(time.Now().Add(patience))
	defer c.conn.SetReadDeadline(time.Time{})
	for {
		if len(c.got) > 0 {
			tok, n, err := c.scan.Next(c.got)
			if err != nil {
				return tok, fmt.Errorf("the server wrote what the scanner refuses: %w: %q", err, c.got)
			}
			c.got = c.got[n:]
			if tok.Type != wire.TokenMore {
				return tok, nil
			}
		}
		if c.buf == nil {
			c.buf = make([]byte, 64<<10)
		}
		n, err := c.conn.Read(c.buf)
		c.got = append(c.got, c.buf[:n]...)
		if err != nil && n == 0 {
			return wire.Token{}, err
		}
	}
}
