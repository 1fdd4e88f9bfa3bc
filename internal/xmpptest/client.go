package xmpptest

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"mellium.im/sasl"

	"salon.im/salon/wire"
)

// Client is a scripted client: it sends what the test writes, and receives one stanza after the other. It belongs to one
// goroutine.
type Client struct {
	s    *Server
	Addr wire.Addr // full once bound
	conn net.Conn
	scan *wire.Scanner
	buf  []byte
	got  []byte
	// Features are the children of the last stream features.
	Features wire.Stanza
}

// Dial logs a user in over STARTTLS with SCRAM and binds: the resource of addr, else one that the server makes. It makes
// the account if need be. It sends no presence.
func (s *Server) Dial(addr string) *Client {
	s.T.Helper()
	a := wire.MustAddr(addr)
	s.AddUser(a.Bare())
	c := s.Connect(a)
	c.StartTLS()
	c.Login("SCRAM-SHA-256", Password(a.Bare()))
	c.Bind(a.Resource())
	return c
}

// Online is Dial and an initial presence, with the server's echo of it awaited.
func (s *Server) Online(addr string) *Client {
	s.T.Helper()
	c := s.Dial(addr)
	c.Send(`<presence/>`)
	c.Barrier()
	return c
}

// Connect opens a connection and a stream to addr's host, and reads the features. Nothing is negotiated.
func (s *Server) Connect(addr wire.Addr) *Client {
	s.T.Helper()
	conn, err := net.Dial("tcp", s.Addr("c2s").String())
	if err != nil {
		s.T.Fatal(err)
	}
	c := &Client{s: s, Addr: addr, conn: conn}
	s.T.Cleanup(func() { c.conn.Close() })
	c.Open()
	return c
}

// limits are the client's: the server may send more than it takes.
var limits = wire.Limits{StanzaBytes: 4 << 20, Depth: 128, Attributes: 256, Namespaces: 256}

// Open writes a stream header and reads the server's, and the features.
func (c *Client) Open() {
	c.s.T.Helper()
	c.scan = wire.NewScanner(limits)
	c.Write(`<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="` + c.Addr.Domain() + `">`)
	if tok := c.next(); tok.Type != wire.TokenHeader {
		c.s.T.Fatalf("no stream header but %v", tok.Type)
	}
	c.Features = c.Recv()
	if c.Features.Name().Local != "features" {
		c.s.T.Fatalf("no features but %s", c.Features.Append(nil))
	}
}

// StartTLS negotiates TLS and opens the stream again. Certificates are not checked: the server made its own.
func (c *Client) StartTLS() {
	c.s.T.Helper()
	c.Write(`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`)
	if st := c.Recv(); st.Name().Local != "proceed" {
		c.s.T.Fatalf("no TLS: %s", st.Append(nil))
	}
	t := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true, ServerName: c.Addr.Domain()})
	if err := t.Handshake(); err != nil {
		c.s.T.Fatal(err)
	}
	c.conn = t
	c.Open()
}

var mechanisms = map[string]sasl.Mechanism{
	"PLAIN": sasl.Plain, "SCRAM-SHA-1": sasl.ScramSha1, "SCRAM-SHA-256": sasl.ScramSha256,
	"SCRAM-SHA-1-PLUS": sasl.ScramSha1Plus, "SCRAM-SHA-256-PLUS": sasl.ScramSha256Plus,
}

// Login authenticates with a mechanism of mellium.im/sasl and opens the stream again.
func (c *Client) Login(mechanism, password string) {
	c.s.T.Helper()
	opts := []sasl.Option{sasl.Credentials(func() ([]byte, []byte, []byte) { return []byte(c.Addr.Local()), []byte(password), nil })}
	if t, ok := c.conn.(*tls.Conn); ok {
		opts = append(opts, sasl.TLSState(t.ConnectionState()))
	}
	n := sasl.NewClient(mechanisms[mechanism], opts...)
	more, resp, err := n.Step(nil)
	if err != nil {
		c.s.T.Fatal(err)
	}
	c.Write(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="` + mechanism + `">` + encode(resp) + `</auth>`)
	for {
		st := c.Recv()
		data, _ := base64.StdEncoding.DecodeString(st.Text())
		switch st.Name().Local {
		case "success":
			if more {
				if _, _, err := n.Step(data); err != nil {
					c.s.T.Fatalf("the server's signature: %v", err)
				}
			}
			c.Open()
			return
		case "challenge":
			if more, resp, err = n.Step(data); err != nil {
				c.s.T.Fatal(err)
			}
			c.Write(`<response xmlns="urn:ietf:params:xml:ns:xmpp-sasl">` + encode(resp) + `</response>`)
		default:
			c.s.T.Fatalf("login failed: %s", st.Append(nil))
		}
	}
}

func encode(b []byte) string {
	if len(b) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(b)
}

// Bind binds a resource, "" for one that the server makes.
func (c *Client) Bind(resource string) {
	c.s.T.Helper()
	w := wire.NewWriter()
	w.Start("urn:ietf:params:xml:ns:xmpp-bind", "bind")
	if resource != "" {
		w.Elem("urn:ietf:params:xml:ns:xmpp-bind", "resource", resource)
	}
	w.End()
	c.Write(string(wire.New(wire.KindIQ, "set", "bind", wire.Addr{}, wire.Addr{}, w.Payload()).Append(nil)))
	st := c.Recv()
	kid, _ := st.Kid("urn:ietf:params:xml:ns:xmpp-bind", "bind")
	jid, ok := kid.Kid("urn:ietf:params:xml:ns:xmpp-bind", "jid")
	if st.Type() != "result" || !ok {
		c.s.T.Fatalf("bind: %s", st.Append(nil))
	}
	c.Addr = wire.MustAddr(jid.Text())
}

// Write sends raw bytes.
func (c *Client) Write(s string) {
	c.s.T.Helper()
	if _, err := io.WriteString(c.conn, s); err != nil {
		c.s.T.Fatalf("%s writes: %v", c.Addr, err)
	}
}

// Send sends a stanza.
func (c *Client) Send(xml string) { c.s.T.Helper(); c.Write(xml) }

// Recv returns the next element, and fails the test if none comes.
func (c *Client) Recv() wire.Stanza {
	c.s.T.Helper()
	tok := c.next()
	if tok.Type != wire.TokenStanza {
		c.s.T.Fatalf("%s: the stream ended", c.Addr)
	}
	return tok.Stanza()
}

// Barrier sends a ping and returns what came before its answer: when it returns, the server has handled everything that
// this client sent.
func (c *Client) Barrier() []wire.Stanza {
	c.s.T.Helper()
	id := wire.NewID()
	c.Send(`<iq type="get" id="` + id + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	var before []wire.Stanza
	for {
		st := c.Recv()
		if st.Kind() == wire.KindIQ && st.ID() == id {
			return before
		}
		before = append(before, st)
	}
}

// End returns the stream error that ends the stream, "" for an end without one. Stanzas before it are dropped.
func (c *Client) End() string {
	c.s.T.Helper()
	condition := ""
	for {
		tok, err := c.read()
		if err != nil || tok.Type == wire.TokenEnd {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.s.T.Fatalf("%s: the stream does not end", c.Addr)
			}
			return condition
		}
		if tok.Type != wire.TokenStanza {
			continue
		}
		if st := tok.Stanza(); st.Name().Local == "error" {
			for k := range st.Kids() {
				if k.Name().Local != "text" {
					condition = k.Name().Local
				}
			}
		}
	}
}

// Cut closes the connection without a word.
func (c *Client) Cut() { c.conn.Close() }

// Conn returns the connection, for tests that stop reading or write slowly.
func (c *Client) Conn() net.Conn { return c.conn }

func (c *Client) next() wire.Token {
	c.s.T.Helper()
	tok, err := c.read()
	if err != nil {
		c.s.T.Fatalf("%s waits: %v", c.Addr, err)
	}
	return tok
}

func (c *Client) read() (wire.Token, error) {
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
