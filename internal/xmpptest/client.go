package xmpptest

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strconv"

	"mellium.im/sasl"

	"salon.im/salon/wire"
)

// Client is a scripted client: it sends what the test writes, and receives one stanza after the other. It belongs to one
// goroutine.
type Client struct {
	s    *Server
	Addr wire.Addr // full once bound
	conn net.Conn
	raw  net.Conn // below TLS
	scan *wire.Scanner
	buf  []byte
	got  []byte
	// Declares is what its stream headers declare beside the usual: ` xmlns:p="urn:example"`.
	Declares string
	// Features are the children of the last stream features.
	Features wire.Stanza

	inbox    []wire.Stanza // came while the test waited for something else
	dirty    bool          // has written since its last barrier
	bound    bool
	resumeID string // XEP-0198
	received uint32 // stanzas since <enabled/>
}

const nsSM = "urn:xmpp:sm:3"

// Dial logs a user in over the server's transport with SCRAM and binds: the resource of addr, else one that the server
// makes. It makes the account if need be. It sends no presence.
func (s *Server) Dial(addr string) *Client {
	s.T.Helper()
	return s.At(addr, "bound")
}

// Online is Dial and an initial presence, with the server's echo of it awaited.
func (s *Server) Online(addr string) *Client {
	s.T.Helper()
	c := s.Dial(addr)
	c.Send(`<presence/>`)
	c.Barrier()
	return c
}

// Client returns a client that has not connected, and makes its account if need be.
func (s *Server) Client(addr string) *Client {
	s.T.Helper()
	a := wire.MustAddr(addr)
	s.AddUser(a.Bare())
	c := &Client{s: s, Addr: a}
	s.T.Cleanup(c.Cut)
	return c
}

// Connect opens a connection and a stream to addr's host, and reads the features. Nothing is negotiated.
func (s *Server) Connect(addr wire.Addr) *Client {
	s.T.Helper()
	c := &Client{s: s, Addr: addr}
	s.T.Cleanup(c.Cut)
	c.connect(s.over)
	c.Open()
	return c
}

// connect opens a connection; Open follows. Direct TLS is there before the first byte.
func (c *Client) connect(over Transport) {
	c.s.T.Helper()
	c.Cut()
	listener := "c2s"
	if over == DirectTLS {
		listener = "c2s direct"
	}
	conn, err := net.Dial("tcp", c.s.Addr(listener).String())
	if err != nil {
		c.s.T.Fatal(err)
	}
	c.conn, c.raw = conn, conn
	c.scan, c.got, c.inbox, c.bound, c.dirty = wire.NewScanner(limits), nil, nil, false, false
	if over == DirectTLS {
		c.handshake(&tls.Config{InsecureSkipVerify: true, ServerName: c.Addr.Domain(), NextProtos: []string{"xmpp-client"}})
	}
}

// reach connects, and goes as far as a script's stage.
func (c *Client) reach(stage string) error {
	switch stage {
	case "away":
		return nil
	case "direct":
		c.connect(DirectTLS)
		c.Open()
		return nil
	}
	c.connect(c.s.over)
	steps := map[string]int{"raw": 0, "open": 1, "encrypted": 2, "secured": 3, "authenticated": 4, "bound": 5, "online": 6, "resumable": 6}[stage]
	starts := c.s.over == STARTTLS && steps > 1 // else TLS is there already, or nowhere
	if steps == 1 || starts {
		c.Open()
	}
	if starts {
		c.startTLS()
	}
	if steps > 2 {
		c.Open()
	}
	if steps > 3 {
		c.Login("SCRAM-SHA-256", Password(c.Addr.Bare()))
	}
	if steps > 4 {
		c.Bind(c.Addr.Resource())
	}
	switch stage {
	case "online":
		c.Send(`<presence/>`)
		c.Barrier()
	case "resumable":
		return c.enable()
	}
	return nil
}

// At connects and goes as far as a script's stage: raw, open, direct, encrypted, secured, authenticated, bound, online, resumable.
func (s *Server) At(addr, stage string) *Client {
	s.T.Helper()
	c := s.Client(addr)
	c.Reach(stage)
	return c
}

// Reach connects and goes as far as a script's stage.
func (c *Client) Reach(stage string) {
	c.s.T.Helper()
	if err := c.reach(stage); err != nil {
		c.s.T.Fatalf("%s: %v", c.Addr, err)
	}
}

// enable turns on resumption (XEP-0198 §3).
func (c *Client) enable() error {
	if err := c.write(`<enable xmlns="urn:xmpp:sm:3" resume="true"/>`); err != nil {
		return err
	}
	st, err := c.recv()
	c.dirty = false // it is answered
	if err == nil && c.resumeID == "" {
		err = fmt.Errorf("not resumable: %s", st.Append(nil))
	}
	return err
}

// resume connects and resumes with what was received (XEP-0198 §5).
func (c *Client) resume() error {
	if err := c.reach("authenticated"); err != nil {
		return err
	}
	if err := c.write(`<resume xmlns="urn:xmpp:sm:3" previd="` + c.resumeID + `" h="` + strconv.Itoa(int(c.received)) + `"/>`); err != nil {
		return err
	}
	st, err := c.recv()
	if err == nil && st.Name().Local != "resumed" {
		err = fmt.Errorf("not resumed: %s", st.Append(nil))
	}
	return err
}

// limits are the client's: the server may send more than it takes.
var limits = wire.Limits{StanzaBytes: 4 << 20, Depth: 128, Attributes: 256, Namespaces: 256}

// Open writes a stream header and reads the server's, and the features.
func (c *Client) Open() {
	c.s.T.Helper()
	if err := c.open(c.Addr.Domain()); err != nil {
		c.s.T.Fatal(err)
	}
}

// header is a stream header to a domain.
func (c *Client) header(to string) string {
	return `<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams"` + c.Declares + ` version="1.0" to="` + to + `">`
}

func (c *Client) open(to string) error {
	c.scan = wire.NewScanner(limits)
	if err := c.write(c.header(to)); err != nil {
		return err
	}
	tok, err := c.read()
	if err != nil {
		return err
	}
	if tok.Type != wire.TokenHeader {
		return fmt.Errorf("no stream header but %v", tok.Type)
	}
	if c.Features, err = c.recv(); err == nil && c.Features.Name().Local != "features" {
		return fmt.Errorf("no features but %s", c.Features.Append(nil))
	}
	return err
}

// StartTLS negotiates TLS and opens the stream again. Certificates are not checked: the server made its own.
func (c *Client) StartTLS() {
	c.s.T.Helper()
	c.startTLS()
	c.Open()
}

// startTLS is StartTLS up to where a header must follow.
func (c *Client) startTLS() {
	c.s.T.Helper()
	c.Write(`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`)
	if st := c.Recv(); st.Name().Local != "proceed" {
		c.s.T.Fatalf("no TLS: %s", st.Append(nil))
	}
	c.handshake(&tls.Config{InsecureSkipVerify: true, ServerName: c.Addr.Domain()})
}

func (c *Client) handshake(cfg *tls.Config) {
	c.s.T.Helper()
	t := tls.Client(c.conn, cfg)
	if err := t.Handshake(); err != nil {
		c.s.T.Fatal(err)
	}
	c.conn = t
	c.scan = wire.NewScanner(limits)
}

var mechanisms = map[string]sasl.Mechanism{
	"PLAIN": sasl.Plain, "SCRAM-SHA-1": sasl.ScramSha1, "SCRAM-SHA-256": sasl.ScramSha256,
	"SCRAM-SHA-1-PLUS": sasl.ScramSha1Plus, "SCRAM-SHA-256-PLUS": sasl.ScramSha256Plus,
}

// Login authenticates with a mechanism of mellium.im/sasl and opens the stream again.
func (c *Client) Login(mechanism, password string) {
	c.s.T.Helper()
	opts := []sasl.Option{sasl.Credentials(func() ([]byte, []byte, []byte) { return []byte(c.Addr.Local()), []byte(password), nil })}
	if offered, ok := c.Features.Kid("urn:ietf:params:xml:ns:xmpp-sasl", "mechanisms"); ok {
		var names []string
		for k := range offered.Kids() {
			names = append(names, k.Text())
		}
		opts = append(opts, sasl.RemoteMechanisms(names...))
	}
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
