package main_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"mellium.im/sasl"

	"salon.im/salon/wire"
)

// guestPatience is how long a guest waits for an answer: only a broken or drowned server spends it.
const guestPatience = 60 * time.Second

// guest is a client of which a test can have thousands: it keeps no more than its connection, and it searches in what the
// server sends instead of parsing it. It belongs to one goroutine.
type guest struct {
	*tls.Conn
	name string
	rest []byte // came behind what until looked for
}

// connect opens a stream over direct TLS 1.3 with X25519, logs in with SCRAM and opens the stream again.
func (g *guest) connect(addr, mechanism string) error {
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	g.rest = nil
	g.Conn = tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "a.test", NextProtos: []string{"xmpp-client"},
		MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}})
	if err := g.SetDeadline(time.Now().Add(guestPatience)); err != nil {
		return err
	}
	if err := g.authenticate(mechanism); err != nil {
		_ = raw.Close()
		return fmt.Errorf("%s: %w", g.name, err)
	}
	return g.SetDeadline(time.Time{})
}

const streamHeader = `<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="a.test">`

func (g *guest) authenticate(mechanism string) error {
	if _, err := g.ask(streamHeader, "</stream:features>"); err != nil {
		return err
	}
	n := sasl.NewClient(map[string]sasl.Mechanism{"SCRAM-SHA-1": sasl.ScramSha1, "SCRAM-SHA-256": sasl.ScramSha256}[mechanism],
		sasl.Credentials(func() ([]byte, []byte, []byte) { return []byte(g.name), []byte("secret"), nil }))
	_, resp, err := n.Step(nil)
	if err != nil {
		return err
	}
	got, err := g.ask(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="`+mechanism+`">`+base64.StdEncoding.EncodeToString(resp)+`</auth>`, "</challenge>", "</failure>")
	if err != nil {
		return err
	}
	challenge, err := base64.StdEncoding.DecodeString(between(got, ">", "</challenge>"))
	if err != nil {
		return fmt.Errorf("%w in %s", err, got)
	}
	if _, resp, err = n.Step(challenge); err != nil {
		return err
	}
	got, err = g.ask(`<response xmlns="urn:ietf:params:xml:ns:xmpp-sasl">`+base64.StdEncoding.EncodeToString(resp)+`</response>`, "</success>", "</failure>")
	if err == nil && strings.Contains(got, "failure") {
		err = fmt.Errorf("no login: %s", got)
	}
	if err == nil {
		_, err = g.ask(streamHeader, "</stream:features>")
	}
	return err
}

// Requests that a client makes when it has logged in.
const (
	bindRequest   = `<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>r</resource></bind></iq>`
	rosterRequest = `<iq type="get" id="r"><query xmlns="jabber:iq:roster"/></iq>`
	carbonsOn     = `<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>`
	acksOn        = `<enable xmlns="urn:xmpp:sm:3" resume="true"/>`
)

// login connects, binds, sends what a client begins with and then its presence, and waits for the echo of that.
func (g *guest) login(addr, mechanism, begin string) error {
	if err := g.connect(addr, mechanism); err != nil {
		return err
	}
	_, err := g.ask(bindRequest, "</jid>")
	if err == nil {
		_, err = g.ask(begin+`<presence/>`, "<presence")
	}
	if err == nil {
		_, err = g.until(">")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", g.name, err)
	}
	return nil
}

// ask sends and waits.
func (g *guest) ask(text string, answers ...string) (string, error) {
	if _, err := io.WriteString(g, text); err != nil {
		return "", err
	}
	return g.until(answers...)
}

// until reads until one of the texts has come, and returns everything up to its end.
func (g *guest) until(texts ...string) (string, error) {
	var chunk [4096]byte
	for {
		for _, text := range texts {
			if i := strings.Index(string(g.rest), text); i >= 0 {
				got := string(g.rest[:i+len(text)])
				g.rest = append([]byte(nil), g.rest[i+len(text):]...)
				return got, nil
			}
		}
		n, err := g.Read(chunk[:])
		if g.rest = append(g.rest, chunk[:n]...); err != nil {
			return "", fmt.Errorf("%w, waiting for %q behind %.200q", err, texts, g.rest)
		}
	}
}

// stanzas reads the rest of the stream, whose header has come, until it ends.
func (g *guest) stanzas(take func(wire.Stanza)) error {
	scan := wire.NewScanner(wire.Limits{StanzaBytes: 4 << 20, Depth: 128, Attributes: 256, Namespaces: 256})
	if _, _, err := scan.Next([]byte(streamHeader)); err != nil {
		return err
	}
	buf := g.rest
	chunk := make([]byte, 4096)
	for {
		tok, n, err := scan.Next(buf)
		if err != nil {
			return err
		}
		buf = buf[n:]
		switch tok.Type {
		case wire.TokenStanza:
			take(tok.Stanza())
			continue
		case wire.TokenEnd:
			return io.EOF
		}
		got, err := g.Read(chunk)
		if err != nil {
			return err
		}
		buf = append(buf, chunk[:got]...)
	}
}

// between returns what lies between two texts, the first of them as near to the second as can be.
func between(s, left, right string) string {
	end := strings.Index(s, right)
	if end < 0 {
		return ""
	}
	return s[strings.LastIndex(s[:end], left)+len(left) : end]
}
