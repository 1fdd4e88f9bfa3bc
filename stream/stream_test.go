package stream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// patience bounds every wait of a test; only a failure spends it.
const patience = 10 * time.Second

var serverTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, DynamicRecordSizingDisabled: true,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})

// loopback returns both ends of a TCP connection.
func loopback(t testing.TB) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(); client.Close() })
	return server, client
}

// clear returns a stream over TCP, encrypted one over TLS 1.3.
func clear(t testing.TB) (*stream.Conn, net.Conn) {
	server, client := loopback(t)
	return stream.NewConn(server, wire.SessionLimits), client
}

func encrypted(t testing.TB) (*stream.Conn, net.Conn) {
	t.Helper()
	server, client := loopback(t)
	c := stream.NewConn(server, wire.SessionLimits)
	shaken := make(chan error, 1)
	go func() { shaken <- c.StartTLS(serverTLS()) }()
	tc := tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	if err := tc.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return c, tc
}

func flusher(t testing.TB) *stream.Flusher {
	f := stream.NewFlusher()
	t.Cleanup(f.Close)
	return f
}

func message(body string) wire.Stanza {
	w := wire.NewWriter()
	w.Elem("", "body", body)
	return wire.New(wire.KindMessage, "chat", "", wire.Addr{}, wire.Addr{}, w.Payload())
}

func groupchat(body string) wire.Stanza {
	w := wire.NewWriter()
	w.Elem("", "body", body)
	return wire.New(wire.KindMessage, "groupchat", "", wire.Addr{}, wire.Addr{}, w.Payload())
}

// reader reads the elements that a client gets.
type reader struct {
	t    testing.TB
	nc   net.Conn
	scan *wire.Scanner
	buf  []byte
}

func newReader(t testing.TB, nc net.Conn) *reader {
	r := &reader{t: t, nc: nc, scan: wire.NewScanner(wire.SessionLimits)}
	header := stream.AppendHeader(nil, stream.Open{ContentNS: wire.NSClient, ID: "x"})
	if _, n, err := r.scan.Next(header); err != nil || n != len(header) {
		t.Fatal(n, err)
	}
	return r
}

// next returns the next element as text, "</stream>" at the stream's end, and "EOF" at the connection's.
func (r *reader) next() string {
	r.t.Helper()
	r.nc.SetReadDeadline(time.Now().Add(patience))
	chunk := make([]byte, 4096)
	for {
		if len(r.buf) > 0 {
			tok, n, err := r.scan.Next(r.buf)
			if err != nil {
				r.t.Fatalf("the outbox wrote %q: %v", r.buf, err)
			}
			r.buf = r.buf[n:]
			switch tok.Type {
			case wire.TokenStanza:
				return string(tok.Stanza().Append(nil))
			case wire.TokenEnd:
				return "</stream>"
			}
		}
		n, err := r.nc.Read(chunk)
		r.buf = append(r.buf, chunk[:n]...)
		if n == 0 && err == io.EOF {
			return "EOF"
		}
		if n == 0 && err != nil {
			r.t.Fatal(err)
		}
	}
}

// expect fails unless the next elements are those; each is matched by what it contains.
func (r *reader) expect(want ...string) {
	r.t.Helper()
	for i, w := range want {
		if got := r.next(); !strings.Contains(got, w) {
			r.t.Fatalf("element %d: got %s, want %s", i, got, w)
		}
	}
}

func eventually(t testing.TB, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("no %s", what)
	}
}
