package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"salon.im/salon/web"
)

const (
	// pingFresh is how long an answer of the store holds for those who ask later.
	pingFresh = time.Second
	// pingTime is when a store that heeds its context gives up.
	pingTime = 5 * time.Second
)

// checks are what /readyz asks.
func (s *Server) checks() []web.Check {
	p := &pinger{ping: s.store.Ping}
	return []web.Check{
		{Name: "archive", Run: func(context.Context) error { return s.writer.Healthy() }},
		{Name: "storage", Run: storageCheck(s.writer.Healthy, p)},
	}
}

// storageCheck asks the archive first, which costs nothing: a store that takes no messages is not asked to write a row.
func storageCheck(healthy func() error, p *pinger) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := healthy(); err != nil {
			return fmt.Errorf("not asked: %w", err)
		}
		return p.ask(ctx)
	}
}

// pinger shares one Ping among all who ask: each writes a row through the one connection that writes. At most one is under
// way, on a goroutine of its own, however long it hangs.
type pinger struct {
	ping func(context.Context) error

	mu   sync.Mutex // a leaf
	last *pong      // under way or answered; nil before the first
}

// pong is an answer. Its fields are read once done is closed.
type pong struct {
	done chan struct{}
	err  error
	at   time.Time
}

// ask returns the store's answer, pingFresh old at most, or ctx's error.
func (p *pinger) ask(ctx context.Context) error {
	a := p.join()
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return fmt.Errorf("the store does not answer: %w", ctx.Err())
	}
}

func (p *pinger) join() *pong {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil {
		select {
		case <-p.last.done:
			if time.Since(p.last.at) < pingFresh {
				return p.last
			}
		default:
			return p.last
		}
	}
	a := &pong{done: make(chan struct{})}
	p.last = a
	go func() { // it outlives the probe that began it: others wait for it too
		ctx, cancel := context.WithTimeout(context.Background(), pingTime)
		defer cancel()
		a.err = p.ping(ctx)
		a.at = time.Now()
		close(a.done)
	}()
	return a
}
