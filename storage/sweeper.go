package storage

import (
	"context"
	"time"
)

const (
	// SweepRows is how many archived rows one transaction removes, so that a large archive never holds the writer for long.
	SweepRows = 1000
	// sweepRetry is how long sweeping rests after an error.
	sweepRetry = 10 * time.Second
)

// Sweeper goes on with deletions of archives. What a caller deletes is gone for every reader at once; the rows are removed
// behind that, chunk by chunk. Safe for any goroutine.
type Sweeper struct {
	sweep   func(context.Context) error
	unswept chan struct{} // one slot: a deletion was cut short
	swept   chan struct{} // closed once Loop has gone on with what was cut short before it
}

// NewSweeper returns a sweeper for a back end whose func sweep removes all rows of deleted archives.
func NewSweeper(sweep func(context.Context) error) *Sweeper {
	return &Sweeper{sweep: sweep, unswept: make(chan struct{}, 1), swept: make(chan struct{})}
}

// Soon sweeps as long as ctx lives, and leaves the rest to Loop. It returns no error: what was asked for is done.
func (s *Sweeper) Soon(ctx context.Context) {
	if s.sweep(ctx) == nil {
		return
	}
	select {
	case s.unswept <- struct{}{}:
	default:
	}
}

// Loop goes on with deletions that were cut short, until ctx ends: by the end of a process, and then by the end of a
// context. A back end runs it on a goroutine of its own.
func (s *Sweeper) Loop(ctx context.Context) {
	for first := true; ; first = false {
		var again <-chan time.Time
		if s.sweep(ctx) != nil {
			again = time.After(sweepRetry)
		}
		if first {
			close(s.swept)
		}
		select {
		case <-again:
		case <-s.unswept:
		case <-ctx.Done():
			return
		}
	}
}

// Wait waits until Loop has gone on with what the end of a process cut short. Who reads a whole table asks first.
func (s *Sweeper) Wait(ctx context.Context) error {
	select {
	case <-s.swept:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
