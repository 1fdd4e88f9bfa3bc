package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
)

const (
	// firstRetry and lastRetry are the waits after the first failure in a row and after many; they double between. An
	// authority may allow as little as five failures an hour, and a try that has two challenges can count twice.
	firstRetry = 30 * time.Minute
	lastRetry  = 12 * time.Hour
	// lookTime is the longest sleep of a name: clocks are set, and machines are suspended.
	lookTime = time.Hour
)

// automatic is a name whose certificates an authority issues. Its goroutine is run; the rest is safe for any.
type automatic struct {
	s      *Source
	name   string // in normal form
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
	renew  chan chan error // renew now, and tell what became of it
	loaded chan struct{}   // the files were loaded anew: one may cover the name now, or no longer

	mu       sync.Mutex
	cert     *tls.Certificate // nil before the first
	failures int              // in a row
	last     error            // of the last try, nil if it went well
	retry    time.Time        // no try before, unless asked for
}

// Counts are totals since the start.
type Counts struct{ Issued, Failed atomic.Int64 }

// load takes the stored certificate of an earlier run into use.
func (n *automatic) load(ctx context.Context) {
	cert, err := n.stored(ctx)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			n.s.log.WarnContext(ctx, "a stored certificate cannot be used: asking for a new one", "name", n.name, "error", err)
		}
		return
	}
	n.mu.Lock()
	n.cert = cert
	n.mu.Unlock()
}

// current returns the certificate of the authority, nil if there is none yet.
func (n *automatic) current() *tls.Certificate {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cert
}

// run gets the certificate and renews it until ctx ends.
func (n *automatic) run(ctx context.Context) {
	for {
		timer := time.NewTimer(min(lookTime, max(0, n.due().Sub(n.s.now()))))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case reply := <-n.renew:
			reply <- n.try(ctx)
		case <-n.loaded:
		case <-timer.C:
			if !n.due().After(n.s.now()) {
				_ = n.try(ctx) // logged, counted and shown by List
			}
		}
		timer.Stop()
	}
}

// due returns when the next certificate is to be asked for: at once without one, else when a third of its life is left.
// While a file covers the name, nothing is.
func (n *automatic) due() time.Time {
	if n.s.origin(n.name) == OriginFile {
		return n.s.now().Add(lookTime)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cert == nil {
		return n.retry
	}
	if at := renewAt(n.cert.Leaf); at.After(n.retry) {
		return at
	}
	return n.retry
}

func renewAt(leaf *x509.Certificate) time.Time {
	return leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3)
}

// try asks the authority once, and takes what it gives into use. A failure leaves all as it was.
func (n *automatic) try(ctx context.Context) error {
	cert, err := n.order(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // the server stops: nobody's failure
	}
	n.mu.Lock()
	if err != nil {
		n.failures++
		n.retry = n.s.now().Add(retryAfter(n.failures))
		n.last = err
	} else {
		n.cert, n.failures, n.retry, n.last = cert, 0, time.Time{}, nil
	}
	n.mu.Unlock()
	if err != nil {
		n.s.Counts.Failed.Add(1)
		n.s.log.ErrorContext(ctx, "no certificate from the authority: the one before stays in use (`salon cert check` may tell why)",
			"name", n.name, "ca", n.issuer.CA, "error", err, "retry", n.due().Format(time.RFC3339))
		return err
	}
	n.s.Counts.Issued.Add(1)
	n.s.adopt(n)
	n.s.log.InfoContext(ctx, "certificate issued", "name", n.name, "ends", cert.Leaf.NotAfter.Format(time.RFC3339))
	return nil
}

// retryAfter returns the wait behind so many failures in a row.
func retryAfter(failures int) time.Duration {
	wait := firstRetry
	for i := 1; i < failures && wait < lastRetry; i++ {
		wait *= 2
	}
	return min(wait, lastRetry)
}

// Run gets certificates, renews them ahead of their end and looks for changed files until ctx ends. Each name has a goroutine
// of its own, so that one that fails delays no other. Call it once.
func (s *Source) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, n := range s.names {
		all.Go(func() { n.run(ctx) })
	}
	all.Go(func() { s.watch(ctx) })
	all.Wait()
}

// ErrNotAutomatic says that no authority issues for a name.
var ErrNotAutomatic = errors.New("its certificate is not issued automatically: see tls.acme")

// Renew asks the authority for a new certificate of a name now, whatever the age of the one in use, and waits for it: minutes
// at most. It returns ErrNotAutomatic, ctx's error, or why there is none. Run must be running.
func (s *Source) Renew(ctx context.Context, name string) error {
	n := s.names[normal(name)]
	if n == nil || s.origin(n.name) == OriginFile {
		return fmt.Errorf("%s: %w", name, ErrNotAutomatic)
	}
	reply := make(chan error, 1)
	select {
	case n.renew <- reply:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
