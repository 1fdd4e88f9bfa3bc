package keeper

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"time"

	"mellium.im/sasl"

	"salon.im/salon/wire"
)

// limits are the client's: the server may send more than it takes.
var limits = wire.Limits{StanzaBytes: 4 << 20, Depth: 128, Attributes: 256, Namespaces: 256}

// conn is a connection with its stream.
type conn struct {
	raw   net.Conn
	tls   *tls.Conn
	piece int
	scan  *wire.Scanner
	buf   []byte
	got   []byte
}

// login connects, authenticates and opens the stream again.
func (c *Client) login(ctx context.Context) (*conn, error) {
	raw, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	x := &conn{raw: raw, piece: c.Piece, buf: make([]byte, 16<<10)}
	x.tls = tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: c.Addr.Domain(), NextProtos: []string{"xmpp-client"}})
	if err = raw.SetDeadline(time.Now().Add(patience)); err == nil {
		err = x.authenticate(c.Addr, c.Password)
	}
	if err == nil {
		err = raw.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("%s: %w", c.Addr, err)
	}
	return x, nil
}

func (x *conn) authenticate(user wire.Addr, password string) error {
	if err := x.open(user.Domain()); err != nil {
		return err
	}
	n := sasl.NewClient(sasl.ScramSha256, sasl.Credentials(func() ([]byte, []byte, []byte) { return []byte(user.Local()), []byte(password), nil }))
	_, resp, err := n.Step(nil)
	if err != nil {
		return err
	}
	st, err := x.ask(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="SCRAM-SHA-256">` + base64.StdEncoding.EncodeToString(resp) + `</auth>`)
	for err == nil && st.Name().Local == "challenge" {
		var data []byte
		if data, err = base64.StdEncoding.DecodeString(st.Text()); err != nil {
			return err
		}
		if _, resp, err = n.Step(data); err != nil {
			return err
		}
		st, err = x.ask(`<response xmlns="urn:ietf:params:xml:ns:xmpp-sasl">` + base64.StdEncoding.EncodeToString(resp) + `</response>`)
	}
	if err == nil && st.Name().Local != "success" {
		err = fmt.Errorf("no login: %s", st.Append(nil))
	}
	if err != nil {
		return err
	}
	return x.open(user.Domain())
}

// open opens a stream and reads the features.
func (x *conn) open(domain string) error {
	x.scan = wire.NewScanner(limits)
	_, err := x.ask(`<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="` + domain + `">`)
	return err
}

// ask writes and reads the next element.
func (x *conn) ask(text string) (wire.Stanza, error) {
	if err := x.write(text); err != nil {
		return wire.Stanza{}, err
	}
	return x.read()
}

func (x *conn) write(text string) error {
	for x.piece > 0 && len(text) > x.piece {
		if _, err := io.WriteString(x.tls, text[:x.piece]); err != nil {
			return err
		}
		text = text[x.piece:]
	}
	_, err := io.WriteString(x.tls, text)
	return err
}

// read returns the next element.
func (x *conn) read() (wire.Stanza, error) {
	for {
		tok, n, err := x.scan.Next(x.got)
		if err != nil {
			return wire.Stanza{}, fmt.Errorf("the server wrote what the scanner refuses: %w: %.300q", err, x.got)
		}
		x.got = x.got[n:]
		switch tok.Type {
		case wire.TokenStanza:
			return tok.Stanza(), nil
		case wire.TokenEnd:
			return wire.Stanza{}, io.EOF
		case wire.TokenMore:
			n, err := x.tls.Read(x.buf)
			x.got = append(x.got, x.buf[:n]...)
			if err != nil && n == 0 {
				return wire.Stanza{}, err
			}
		}
	}
}

func (x *conn) cut(hard bool) {
	if tcp, ok := x.raw.(*net.TCPConn); ok && hard {
		_ = tcp.SetLinger(0)
	}
	_ = x.raw.Close()
}
