package server_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// proxy stands between clients and a server, and loses connections.
type proxy struct {
	t      testing.TB
	server string // address
	mu     sync.Mutex
	links  map[*link]bool
}

// link is one connection through the proxy.
type link struct {
	client, server *net.TCPConn

	mu     sync.Mutex
	silent bool
	left   [2]int // bytes that still pass to the server and to the client; -1 is all
}

func newProxy(t testing.TB, server string) *proxy {
	p := &proxy{t: t, server: server, links: map[*link]bool{}}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for l := range p.links {
			l.reset()
		}
	})
	return p
}

// dial returns a connection to the server through the proxy, and the means to lose it.
func (p *proxy) dial(ctx context.Context) (net.Conn, *link, error) {
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = near.Close() }()
	var d net.Dialer
	client, err := d.DialContext(ctx, "tcp", near.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	inner, err := near.Accept()
	if err != nil {
		return nil, nil, err
	}
	server, err := d.DialContext(ctx, "tcp", p.server)
	if err != nil {
		return nil, nil, err
	}
	l := &link{client: inner.(*net.TCPConn), server: server.(*net.TCPConn), left: [2]int{-1, -1}}
	p.mu.Lock()
	p.links[l] = true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.forward(0, l.server, l.client) })
	both.Go(func() { l.forward(1, l.client, l.server) })
	go func() {
		both.Wait()
		l.reset()
		p.mu.Lock()
		delete(p.links, l)
		p.mu.Unlock()
	}()
	return client, l, nil
}

// forward passes on what comes, until the end or the cut.
func (l *link) forward(way int, to, from *net.TCPConn) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			pass, last := l.pass(way, n)
			if _, err := to.Write(buf[:pass]); err != nil {
				return
			}
			if last {
				l.reset()
				return
			}
		}
		if err == io.EOF {
			_ = to.CloseWrite()
		}
		if err != nil {
			return
		}
	}
}

// pass returns how many of n bytes pass, and whether the cut comes behind them.
func (l *link) pass(way, n int) (pass int, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silent {
		return 0, false
	}
	if l.left[way] < 0 {
		return n, false
	}
	pass = min(n, l.left[way])
	l.left[way] -= pass
	return pass, l.left[way] == 0
}

// reset ends both connections at once, without a word.
func (l *link) reset() {
	for _, c := range []*net.TCPConn{l.client, l.server} {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

// hush swallows whatever comes from now on. Neither side learns of it.
func (l *link) hush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = true
}

// inside cuts the connection behind a few more bytes in one of the directions.
func (l *link) inside(r *rand.Rand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left[r.IntN(2)] = 1 + r.IntN(2000)
}
