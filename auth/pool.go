package auth

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// maxQueued bounds how many tries wait for a Pool. The last of them waits about a second with the default iterations.
const maxQueued = 256

// ErrBusy is the cause of a Failure when too many tries wait for a Pool.
var ErrBusy = errors.New("auth: too many PLAIN logins at once; clients should use SCRAM")

// Pool bounds how many PBKDF2 run at once, so that a flood of PLAIN logins leaves CPUs for the rest of the server.
// It starts no goroutine: a try runs on its caller's. Safe for any goroutine.
type Pool struct {
	slots  chan struct{}
	queued atomic.Int64
	runs   atomic.Uint64
}

var processPool = sync.OnceValue(func() *Pool { return NewPool(0) })

// NewPool returns a pool for n tries at once; below 1 it is half the CPUs, at least one.
func NewPool(n int) *Pool {
	if n < 1 {
		n = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &Pool{slots: make(chan struct{}, n)}
}

// Runs returns how many tries have run.
func (p *Pool) Runs() uint64 { return p.runs.Load() }

// Run calls f in a free slot, on the caller's goroutine, and blocks until then. PLAIN uses it; so should whoever derives keys because a
// stranger asked, as registration does (XEP-0077). It returns a *Failure temporary-auth-failure without calling f if too
// many wait or the context ends first.
func (p *Pool) Run(ctx context.Context, f func()) error {
	if p.queued.Add(1) > int64(maxQueued+cap(p.slots)) {
		p.queued.Add(-1)
		return temporary(ErrBusy)
	}
	defer p.queued.Add(-1)
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return temporary(ctx.Err())
	}
	defer func() { <-p.slots }()
	p.runs.Add(1)
	f()
	return nil
}

func (p *Params) pool() *Pool {
	if p.Pool == nil {
		return processPool()
	}
	return p.Pool
}
