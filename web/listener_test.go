package web_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/web"
)

// pipes is a listener without a network: what dial returns has no buffer, so that a byte written is a byte read.
type pipes struct {
	net.Listener
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	return nil
}

// dial returns the client's end, and nil once nobody accepts within a second.
func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours
	case <-time.After(time.Second):
		return nil
	}
}

// serving runs f in a bubble with a listener that is served.
func serving(t *testing.T, f func(t *testing.T, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- web.Serve(ctx, p, web.New(web.Options{Metrics: registry(), Loopback: true}), slog.New(slog.DiscardHandler))
		}()
		f(t, p)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestRequestsRefused: paths that would climb (H12), and requests that another server may read otherwise than we do
// (H13, RFC 9112 §6.3, §11.2), are answered with an error. Behind those of the second kind the connection ends.
func TestRequestsRefused(t *testing.T) {
	const host = "Host: localhost\r\n"
	serving(t, func(t *testing.T, p *pipes) {
		for _, c := range []struct {
			request string
			closed  bool
		}{
			{"GET /../etc/passwd HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET /healthz/../../etc/passwd HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET /..%2f..%2fetc/passwd HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET /..%5c..%5cetc/passwd HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET /%u002e%u002e/metrics HTTP/1.1\r\n" + host + "\r\n", true},
			{"GET //etc/passwd HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET /healthz%00.html HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET http://elsewhere.example/healthz HTTP/1.1\r\n" + host + "\r\n", false},
			{"GET /healthz HTTP/1.1\r\n" + host + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
			{"POST /healthz HTTP/1.1\r\n" + host + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
			{"GET /healthz HTTP/1.1\r\n" + host + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", true},
			{"GET /healthz HTTP/1.1\r\n" + host + "Content-Length: +4\r\n\r\nabcd", true},
			{"GET /healthz HTTP/1.1\r\n" + host + "Content-Length: 4\r\n\r\nabcd", true},
			{"GET /healthz HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
			{"GET /healthz HTTP/1.1\r\n" + host + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", true},
			{"GET /healthz HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", true},
			{"GET /healthz HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", true},
			{"GET /healthz HTTP/1.1\r\n" + host + host + "\r\n", true},
			{"GET /healthz HTTP/1.1\r\n\r\n", true},
			{"GET  /healthz HTTP/1.1\r\n" + host + "\r\n", true},
			{"GET /healthz HTTP/3.7\r\n" + host + "\r\n", true},
		} {
			conn := p.dial()
			conn.SetDeadline(time.Now().Add(time.Minute))
			go func() { _, _ = io.WriteString(conn, c.request) }()
			r := bufio.NewReader(conn)
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Errorf("%q: %v", c.request, err)
				continue
			}
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode < 400 || resp.StatusCode > 599 || strings.Contains(string(body), "root:") {
				t.Errorf("%q: %d %q", c.request, resp.StatusCode, body)
			}
			if c.closed && !resp.Close {
				t.Errorf("%q: %d, and the connection goes on", c.request, resp.StatusCode)
			}
			conn.Close()
		}
	})
}

// TestSlowRequests: a request that trickles in ends after some seconds, a header as well as a connection that says nothing
// (H15), and a request that comes at once is answered.
func TestSlowRequests(t *testing.T) {
	for _, text := range []string{"", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "} {
		serving(t, func(t *testing.T, p *pipes) {
			conn, begin := p.dial(), time.Now()
			gone := make(chan struct{})
			go func() { // a byte each second
				defer close(gone)
				err := error(nil)
				for next := text; err == nil; next = "x" {
					_, err = io.WriteString(conn, next)
					time.Sleep(time.Second)
				}
			}()
			conn.SetReadDeadline(begin.Add(time.Hour))
			_, err := io.Copy(io.Discard, conn)
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("%.20q…: the connection ends after %v, %v", text, took, err)
			}
			conn.Close()
			<-gone
		})
	}
}

// TestConnectionsAreBounded: one connection more than MaxConnections waits until another ends.
func TestConnectionsAreBounded(t *testing.T) {
	serving(t, func(t *testing.T, p *pipes) {
		var conns []net.Conn
		for range web.MaxConnections {
			conns = append(conns, p.dial())
		}
		if c := p.dial(); c != nil {
			t.Errorf("connection %d is served", web.MaxConnections+1)
		}
		conns[0].Close()
		c := p.dial()
		if c == nil {
			t.Fatal("none is served after one has ended")
		}
		for _, c := range append(conns, c) {
			c.Close()
		}
	})
}
