package c2s

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"time"

	xstream "mellium.im/xmpp/stream"

	"salon.im/salon/auth"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

const (
	nsTLS  = "urn:ietf:params:xml:ns:xmpp-tls"
	nsSASL = "urn:ietf:params:xml:ns:xmpp-sasl"
	nsBind = "urn:ietf:params:xml:ns:xmpp-bind"
	nsSM   = "urn:xmpp:sm:3"
)

// negotiation is one connection on its way to a session. It lives on one goroutine.
type negotiation struct {
	s       *Server
	c       *stream.Conn
	direct  bool
	release func()          // ends the address's count
	ctx     context.Context // ends with the connection, the login's time, or the negotiation
	cancel  context.CancelFunc

	host      string // the host that the stream is to; fixed by the first header
	client    wire.Addr
	opened    bool // our header is out since the last restart
	lang      string
	sasl      *auth.Exchange
	keys      keyLookup
	mechanism string // of the last try
	tries     int
	misfits   int
	user      wire.Addr // bare; set by SASL
}

// errEnd ends a negotiation that has said all there was to say.
var errEnd = errors.New("c2s: negotiation ended")

func newNegotiation(s *Server, c *stream.Conn, direct bool, release func()) *negotiation {
	n := &negotiation{s: s, c: c, direct: direct, release: release}
	n.ctx, n.cancel = context.WithTimeout(s.ctx, s.o.Config().Limits.LoginTime)
	return n
}

// run negotiates up to a session, which then owns the connection: true. Else the caller closes it.
func (n *negotiation) run() bool {
	deadline, _ := n.ctx.Deadline()
	if err := n.c.SetDeadline(deadline); err != nil {
		return false
	}
	n.limitRate()
	if n.s.closing.Load() {
		n.c.SetDeadline(time.Now()) // Shutdown may have come before the line above
	}
	if n.direct {
		if err := n.c.StartTLS(n.s.o.DirectTLS); err != nil {
			n.s.Stats.TLSFailures.Add(1)
			return false
		}
	}
	for {
		done, err := n.step()
		if err != nil {
			n.fail(err)
			return false
		}
		if done {
			return true
		}
	}
}

// step reads one token and answers it.
func (n *negotiation) step() (bound bool, err error) {
	tok, err := n.c.Next()
	if err != nil {
		return false, err
	}
	switch tok.Type {
	case wire.TokenHeader:
		return false, n.open(*tok.Header)
	case wire.TokenEnd:
		n.c.Write(stream.AppendEnd(nil))
		return false, errEnd
	}
	return n.element(tok.Stanza())
}

// open answers a stream header with ours and the features (RFC 6120 §4.2, §4.3).
func (n *negotiation) open(h wire.Header) error {
	if h.ToErr != nil || h.To.IsZero() && n.sni() == "" {
		return stream.Error("improper-addressing", "the stream header needs a `to` that names the host") // §4.9.3.7
	}
	host := h.To.Domain()
	if host == "" {
		host = n.sni()
	}
	if !n.s.o.Router.IsHost(host) {
		return stream.Error("host-unknown", "") // §4.9.3.6
	}
	if n.host != "" && host != n.host {
		// CVE-2018-10847: the identity that was proven belongs to one host.
		return stream.Error("not-authorized", "the stream was opened to another host")
	}
	n.host = host
	if h.ContentNS != wire.NSClient {
		return stream.Error("invalid-namespace", "") // §4.9.3.10, §4.8.2
	}
	if major, _, _ := strings.Cut(h.Version, "."); strings.Trim(major, "0") == "" {
		return stream.Error("unsupported-version", "") // §4.9.3.25; a higher one than ours gets ours (§4.7.5)
	}
	if !n.user.IsZero() && !h.From.IsZero() && h.From.Bare() != n.user {
		return stream.Error("invalid-from", "the stream belongs to another account") // §4.9.3.9
	}
	n.client, n.lang = h.From, h.Lang
	buf := n.header(make([]byte, 0, 1024))
	return n.c.Write(stream.AppendFeatures(buf, n.features()))
}

// header appends our stream header and notes that it is out. Before an error it may be for no host that is here: then it
// names the first one (RFC 6120 §4.9.1.2).
func (n *negotiation) header(dst []byte) []byte {
	n.opened = true
	from := n.host
	if from == "" {
		from = n.s.o.Router.Hosts()[0]
	}
	to := n.client
	if !n.user.IsZero() {
		to = n.user
	}
	return stream.AppendHeader(dst, stream.Open{ContentNS: wire.NSClient, From: from, To: to, ID: newID(), Lang: n.lang})
}

func (n *negotiation) sni() string {
	if t := n.c.TLS(); t != nil {
		return t.ConnectionState().ServerName
	}
	return ""
}

// restart expects a new header on the same connection (RFC 6120 §4.3.3).
func (n *negotiation) restart() {
	n.c.Restart()
	n.opened = false
}

// element answers one first-level element, by what has been negotiated so far.
func (n *negotiation) element(st wire.Stanza) (bound bool, err error) {
	name := st.Name()
	switch {
	case name.Space == nsTLS && name.Local == "starttls":
		return false, n.starttls()
	case n.needsTLS():
		return false, notAuthorized("negotiate TLS first")
	case name.Space == nsSASL:
		return false, n.authenticate(st)
	case name.Space == nsSM:
		return n.management(st)
	case st.Kind() == wire.KindIQ:
		return n.earlyIQ(st)
	case st.Kind() != wire.KindOther:
		return false, notAuthorized("") // RFC 6120 §4.9.3.12
	}
	return false, stream.Error("unsupported-stanza-type", "") // §4.9.3.24
}

func notAuthorized(text string) error { return stream.Error("not-authorized", text) }

func (n *negotiation) needsTLS() bool {
	return n.c.TLS() == nil && n.s.o.Config().TLS.Require
}

// starttls switches to TLS (RFC 6120 §5.4).
func (n *negotiation) starttls() error {
	if n.c.TLS() != nil || !n.user.IsZero() {
		n.c.Write([]byte(`<failure xmlns="` + nsTLS + `"/>`)) // §5.4.2.2
		return stream.Error("policy-violation", "TLS is in place already")
	}
	if n.c.Buffered() {
		// §5.4.2.1 forbids bytes behind <starttls/>: they would be read as if they came through TLS.
		return stream.Error("policy-violation", "data behind <starttls/>")
	}
	if err := n.c.Write([]byte(`<proceed xmlns="` + nsTLS + `"/>`)); err != nil {
		return err
	}
	if err := n.c.StartTLS(n.s.o.StartTLS(n.host)); err != nil {
		n.s.Stats.TLSFailures.Add(1)
		return errEnd
	}
	n.opened = false
	n.sasl = nil // it offered what a stream in the clear may have
	return nil
}

// fail says why a negotiation ends: a stream error, behind a stream header in any case (RFC 6120 §4.9.1.2).
func (n *negotiation) fail(err error) {
	var se xstream.Error
	var syntax *wire.SyntaxError
	var high tooHigh
	switch {
	case errors.Is(err, errEnd):
		n.part()
		return
	case errors.Is(err, io.EOF):
		return
	case errors.As(err, &se):
	case errors.As(err, &syntax):
		se = syntax.Stream()
	case errors.As(err, &high):
		n.lastWords(high.append(nil))
		return
	case isTimeout(err) && n.s.closing.Load():
		se = stream.Error("system-shutdown", "") // §4.9.3.20
	case isTimeout(err):
		se = stream.Error("connection-timeout", "the login took too long") // §4.9.3.4
	default:
		return
	}
	n.s.o.Log.Debug("negotiation failed", "addr", n.c.RemoteAddr().String(), "condition", se.Err, "err", err)
	n.lastWords(stream.AppendError(nil, se))
}

// lastWords ends the stream, behind a header in any case (RFC 6120 §4.9.1.2).
func (n *negotiation) lastWords(words []byte) {
	var buf []byte
	if !n.opened {
		buf = n.header(buf)
	}
	n.c.SetDeadline(time.Now().Add(partTime))
	if n.c.Write(append(buf, words...)) == nil {
		n.part()
	}
}

// partTime is how long a client has to take our last words.
const partTime = 5 * time.Second

// part ends the connection so that the client gets what was written.
func (n *negotiation) part() {
	n.c.Finish(partTime)
	n.c.Discard(partTime)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// tlsState returns the handshake's state, nil in the clear.
func (n *negotiation) tlsState() *tls.ConnectionState {
	if t := n.c.TLS(); t != nil {
		cs := t.ConnectionState()
		return &cs
	}
	return nil
}

// newID returns 128 random bits for stream and resumption ids.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
