package xmpptest

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
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
	raw  net.Conn // below TLS
	scan *wire.Scanner
	buf  []byte
	got  []byte
	// Features are the children of the last stream features.
	Features wire.Stanza

	inbox    []wire.Stanza // came while the test waited for something else
	dirty    bool          // has written since its last barrier
	bound    bool
	resumeID string // XEP-0198
	received uint32 // stanzas since <enabled/>
}

const nsSM = "urn:xmpp:sm:3"

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
	c.connect("c2s")
	c.Open()
	return c
}

// connect opens a connection to a listener; Open follows.
func (c *Client) connect(listener string) {
	c.s.T.Helper()
	c.Cut()
	conn, err := net.Dial("tcp", c.s.Addr(listener).String())
	if err != nil {
		c.s.T.Fatal(err)
	}
	c.conn, c.raw = conn, conn
	c.scan, c.got, c.inbox, c.bound, c.dirty = wire.NewScanner(limits), nil, nil, false, false
}

// reach connects, and goes as far as a script's stage.
func (c *Client) reach(stage string) error {
	if stage == "away" {
		return nil
	}
	if stage == "direct" {
		c.connect("c2s direct")
		c.handshake(&tls.Config{InsecureSkipVerify: true, ServerName: c.Addr.Domain(), NextProtos: []string{"xmpp-client"}})
		c.Open()
		return nil
	}
	c.connect("c2s")
	steps := map[string]int{"raw": 0, "open": 1, "secured": 2, "authenticated": 3, "bound": 4, "online": 5, "resumable": 5}[stage]
	if steps > 0 {
		c.Open()
	}
	if steps > 1 {
		c.StartTLS()
	}
	if steps > 2 {
		c.Login("SCRAM-SHA-256", Password(c.Addr.Bare()))
	}
	if steps > 3 {
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
func header(to string) string {
	return `<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="` + to + `">`
}

func (c *Client) open(to string) error {
	c.scan = wire.NewScanner(limits)
	if err := c.write(header(to)); err != nil {
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
	c.Write(`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`)
	if st := c.Recv(); st.Name().Local != "proceed" {
		c.s.T.Fatalf("no TLS: %s", st.Append(nil))
	}
	c.handshake(&tls.Config{InsecureSkipVerify: true, ServerName: c.Addr.Domain()})
	c.Open()
}

func (c *Client) handshake(cfg *tls.Config) {
	c.s.T.Helper()
	t := tls.Client(c.conn, cfg)
	if err := t.Handshake(); err != nil {
		c.s.T.Fatal(err)
	}
	c.conn = t
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

// At connects and goes as far as a script's stage: raw, open, direct, secured, authenticated, bound, online, resumable.
func (s *Server) At(addr, stage string) *Client {
	s.T.Helper()
	c := s.Client(addr)
	if err := c.reach(stage); err != nil {
		s.T.Fatalf("%s: %v", addr, err)
	}
	return c
}

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
