package xmpptest

import (
	"net"
	"testing"

	"salon.im/salon/wire"
)

// Outside logs a user in to a server in another process: over STARTTLS at address ("host:port"), with SCRAM, and binds the
// resource of user, if it has one. The account must exist.
func Outside(t testing.TB, address, user, password string) *Client {
	t.Helper()
	a := wire.MustAddr(user)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{s: &Server{T: t}, Addr: a, conn: conn}
	t.Cleanup(c.Cut)
	c.Open()
	c.StartTLS()
	c.Login("SCRAM-SHA-256", password)
	c.Bind(a.Resource())
	return c
}

// Next returns the next element, or an error once the stream or the connection has ended: for tests that end the server.
func (c *Client) Next() (wire.Stanza, error) {
	tok, err := c.read()
	if err != nil {
		return wire.Stanza{}, err
	}
	if tok.Type != wire.TokenStanza {
		return wire.Stanza{}, net.ErrClosed
	}
	return tok.Stanza(), nil
}
