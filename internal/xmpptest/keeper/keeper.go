package keeper

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"context"

	"salon.im/salon/wire"
)

// Stanza is what a client sends. One with a key is sent again on a new session, before anything else, if it was not
// acknowledged on the old one; others (a join, an answer) belong to their session.
type Stanza struct{ Key, XML string }

// Client is such a client. Its fields are set before the first Connect.
type Client struct {
	Addr     wire.Addr // full
	Password string
	// Dial reaches a listener for direct TLS.
	Dial func(context.Context) (net.Conn, error)
	// Resume asks for sessions that can be resumed.
	Resume bool
	// Piece, if not 0, is how many bytes go into a TLS record: a cut then falls inside a stanza.
	Piece int
	// Begin is sent on each new session: presence, joins.
	Begin []string
	// Receive takes each message, presence and iq, in order. May be nil.
	Receive func(wire.Stanza)
	// Acked is told the key of each stanza that is acknowledged, in order. May be nil.
	Acked func(key string)

	mu       sync.Mutex
	conn     *conn    // nil when away
	unacked  []Stanza // sent, or to be sent once there is a connection, in order
	acked    uint32   // the server's last h
	received uint32
	resumeID string
}

// patience is how long an answer may take: only a broken server spends it.
const patience = 30 * time.Second

// Connect opens a connection, and resumes the session or begins another. It sends again what was not acknowledged.
func (c *Client) Connect(ctx context.Context) (resumed bool, err error) {
	x, err := c.login(ctx)
	if err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { _ = x.raw.Close() })
	defer stop()
	if c.resumeID != "" {
		if resumed, err = c.resume(x); err != nil {
			_ = x.raw.Close()
			return false, err
		}
	}
	if !resumed {
		if err = c.begin(x); err != nil {
			_ = x.raw.Close()
		}
	}
	return resumed, err
}

// resume asks for the old session. If that is gone it takes what is left of it: how much was handled.
func (c *Client) resume(x *conn) (bool, error) {
	st, err := x.ask(`<resume xmlns="urn:xmpp:sm:3" previd="` + c.resumeID + `" h="` + strconv.Itoa(int(c.received)) + `"/>`)
	if err != nil {
		return false, err
	}
	if h := st.Attr("h"); h != "" {
		if err := c.handled(h); err != nil {
			return false, err
		}
	}
	if st.Name().Local != "resumed" {
		c.resumeID = ""
		return false, nil
	}
	return true, c.attach(x)
}

// begin binds and begins to count.
func (c *Client) begin(x *conn) error {
	st, err := x.ask(`<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>` + c.Addr.Resource() + `</resource></bind></iq>`)
	if err == nil && st.Type() != "result" {
		err = fmt.Errorf("not bound: %s", st.Append(nil))
	}
	if err != nil {
		return err
	}
	enable := `<enable xmlns="urn:xmpp:sm:3"/>`
	if c.Resume {
		enable = `<enable xmlns="urn:xmpp:sm:3" resume="true"/>`
	}
	if st, err = x.ask(enable); err != nil {
		return err
	}
	if st.Name().Local != "enabled" {
		return fmt.Errorf("no XEP-0198: %s", st.Append(nil))
	}
	c.mu.Lock()
	c.resumeID, c.acked, c.received = st.Attr("id"), 0, 0
	again := c.unacked
	c.unacked = nil
	for _, s := range c.Begin {
		c.unacked = append(c.unacked, Stanza{XML: s})
	}
	for _, s := range again {
		if s.Key != "" {
			c.unacked = append(c.unacked, s)
		}
	}
	c.mu.Unlock()
	return c.attach(x)
}

// attach lets Send use the connection, once all that is not acknowledged went out.
func (c *Client) attach(x *conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = x
	return x.write(xmlOf(c.unacked))
}

const request = `<r xmlns="urn:xmpp:sm:3"/>`

// xmlOf is stanzas and the request for their acknowledgement.
func xmlOf(stanzas []Stanza) string {
	var b strings.Builder
	for _, s := range stanzas {
		b.WriteString(s.XML)
	}
	b.WriteString(request)
	return b.String()
}

// Send sends stanzas, at the latest on the next connection.
func (c *Client) Send(stanzas ...Stanza) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unacked = append(c.unacked, stanzas...)
	if c.conn != nil {
		_ = c.conn.write(xmlOf(stanzas)) // Serve sees the end
	}
}

// Unacked returns how many stanzas are not acknowledged.
func (c *Client) Unacked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.unacked)
}

// Ask asks for an acknowledgement of all that was sent.
func (c *Client) Ask() { c.Send() }

// Cut ends the connection without a word: with a reset if hard.
func (c *Client) Cut(hard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.cut(hard)
	}
}

// Leave ends the stream in order.
func (c *Client) Leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		_ = c.conn.write(`</stream:stream>`)
	}
	c.resumeID = ""
}

// Serve reads until the connection ends, and returns why; io.EOF after the end of the stream.
func (c *Client) Serve() error {
	c.mu.Lock()
	x := c.conn
	c.mu.Unlock()
	if x == nil {
		return io.EOF
	}
	for {
		st, err := x.read()
		if err == nil {
			err = c.take(x, st)
		}
		if err != nil {
			c.mu.Lock()
			c.conn = nil
			c.mu.Unlock()
			_ = x.raw.Close()
			return err
		}
	}
}

func (c *Client) take(x *conn, st wire.Stanza) error {
	switch name := st.Name(); {
	case st.Kind() != wire.KindOther:
		c.mu.Lock()
		c.received++
		c.mu.Unlock()
		if st.Kind() == wire.KindIQ && (st.Type() == "get" || st.Type() == "set") {
			c.Send(Stanza{XML: `<iq type="result" to="` + st.From().String() + `" id="` + st.ID() + `"/>`}) // a ping
		}
		if c.Receive != nil {
			c.Receive(st)
		}
	case name.Local == "r":
		c.mu.Lock()
		defer c.mu.Unlock()
		return x.write(`<a xmlns="urn:xmpp:sm:3" h="` + strconv.Itoa(int(c.received)) + `"/>`)
	case name.Local == "a":
		return c.handled(st.Attr("h"))
	case name.Local == "error":
		return fmt.Errorf("stream error %s", st.Append(nil))
	}
	return nil
}

// handled takes the server's h.
func (c *Client) handled(h string) error {
	n, err := strconv.ParseUint(h, 10, 32)
	if err != nil {
		return fmt.Errorf("h: %w", err)
	}
	c.mu.Lock()
	more := uint32(n) - c.acked // modulo 2^32 (XEP-0198 §4)
	if int(more) > len(c.unacked) {
		c.mu.Unlock()
		return fmt.Errorf("h is %d after %d, and %d stanzas are not acknowledged", n, c.acked, len(c.unacked))
	}
	acked := c.unacked[:more]
	c.unacked, c.acked = c.unacked[more:], uint32(n)
	c.mu.Unlock()
	for _, s := range acked {
		if s.Key != "" && c.Acked != nil {
			c.Acked(s.Key)
		}
	}
	return nil
}
