package storage

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// ErrAway says that the database does not answer, or cannot be reached. Trying later may help.
var ErrAway = errors.New("storage: the database is away")

// awayRetry is how often a store that is away is tried by one call, while others fail at once.
const awayRetry = time.Second

// Bounded returns a store whose calls end after limit at the latest: a database that hangs holds up a reader that long, and
// not for ever. A back end must honour its context for that.
//
// Once a call has failed so, and no other has succeeded since it began, the store is away: calls fail at once with ErrAway,
// but for one a second, until one succeeds. Otherwise all that waits for a room or an account would time out one by one.
//
// The methods of Portable are as they were, since only commands call them and may take their time; so are DropBefore
// and Reindex, which do their work in many short steps and take minutes for a large month or index. log may be nil.
func Bounded(s Store, limit time.Duration, log *slog.Logger) Store {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &bounded{store: s, limit: limit, log: log, start: time.Now()}
	b.Store = Through(s, b.via)
	return b
}

type bounded struct {
	Store       // through via
	store Store // what there is behind it
	limit time.Duration
	log   *slog.Logger
	start time.Time

	// Times since start, plus one: 0 is never.
	tried   atomic.Int64 // the last call that was let through while the store is away; 0 is not away
	success atomic.Int64 // the end of the last call that did not time out
}

func (b *bounded) now() int64 { return int64(time.Since(b.start)) + 1 }

// via makes a call, unless the store is away.
func (b *bounded) via(ctx context.Context, method string, f func(context.Context) error) error {
	switch method {
	case "Dump", "Restore", "Restored", "Empty", "DropBefore", "Reindex":
		return f(ctx)
	case "Ping": // finds out when the store is back
		return b.call(ctx, f)
	}
	if tried := b.tried.Load(); tried != 0 {
		if now := b.now(); now-tried < int64(awayRetry) || !b.tried.CompareAndSwap(tried, now) {
			return ErrAway
		}
	}
	return b.call(ctx, f)
}

// Append implements [Archive]. Package archive, its one caller, knows by itself when a store is away. It does not go through via,
// for which it would allocate, at each commit.
func (b *bounded) Append(ctx context.Context, batch Batch) (dropped []Dropped, err error) {
	err = b.call(ctx, func(ctx context.Context) error {
		dropped, err = b.store.Append(ctx, batch)
		return err
	})
	return dropped, err
}

// call makes a call, and learns from how it ends.
func (b *bounded) call(ctx context.Context, f func(context.Context) error) error {
	bound := ctx
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > b.limit { // the archive's writer brings a closer one
		var stop context.CancelFunc
		bound, stop = context.WithTimeout(ctx, b.limit)
		defer stop()
	}
	began := b.now()
	err := f(bound)
	switch {
	case err != nil && ctx.Err() == context.Canceled: // the caller has gone: that says nothing of the store
	case err != nil && (bound.Err() != nil || errors.Is(err, ErrAway)):
		b.failed(began, err)
		if !errors.Is(err, ErrAway) {
			err = errors.Join(ErrAway, err)
		}
	default:
		b.success.Store(b.now())
		if b.tried.Swap(0) != 0 {
			b.log.Info("storage: the database answers again")
		}
	}
	return err
}

// failed notes a call that the store did not answer.
func (b *bounded) failed(began int64, err error) {
	if b.success.Load() <= began && b.tried.Swap(b.now()) == 0 {
		b.log.Warn("storage: the database is away; who needs it is told to try later", "err", err)
	}
}
