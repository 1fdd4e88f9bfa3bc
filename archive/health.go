package archive

import (
	"context"
	"fmt"
	"time"
)

// A store that fails is asked how it is, after firstProbe at first and then at growing intervals.
const (
	firstProbe = 100 * time.Millisecond
	lastProbe  = 2 * time.Second
)

// health is what the writer knows of its store. Writer.mu guards it.
type health struct {
	failingSince time.Time // when the first commit began that failed after the last success; zero is well
	commitSince  time.Time // of the commit under way; zero is none
	nextProbe    time.Time // zero while the store is well
	backoff      time.Duration
	err          error // the last failure
}

func (h *health) failing() bool { return !h.failingSince.IsZero() }

// away reports whether the store has failed, or hung in one commit, for as long as limit.
func (h *health) away(now time.Time, limit time.Duration) bool {
	return h.failing() && now.Sub(h.failingSince) >= limit ||
		!h.commitSince.IsZero() && now.Sub(h.commitSince) >= limit
}

// noteHealth takes the outcome of a commit or a probe that began then. The caller holds w.mu, and calls say without it:
// a log that nobody reads must not hold up those who ask for the lock.
func (w *Writer) noteHealth(began time.Time, err error) (say func()) {
	h, now := &w.health, time.Now()
	say = func() {}
	if err == nil {
		if h.failing() {
			after := now.Sub(h.failingSince)
			say = func() { w.o.Log.Info("archive: the store takes messages again", "after", after) }
		}
		*h = health{}
		return say
	}
	w.stats.Failures++
	w.stats.LastErr, w.stats.LastErrAt = err, now
	h.err = err
	if !h.failing() {
		h.failingSince, h.backoff = began, firstProbe
		say = func() {
			w.o.Log.Warn("archive: the store refused a batch; what cannot be stored goes back to its sender", "err", err)
		}
	} else {
		h.backoff = min(2*h.backoff, lastProbe)
	}
	h.nextProbe = now.Add(h.backoff)
	return say
}

// probe asks the store whether it can be written. A back end says so by Ping (storage.Store); one without is read.
func (w *Writer) probe() {
	ctx, cancel := context.WithTimeout(context.Background(), w.o.Away)
	defer cancel()
	began, err := time.Now(), w.unstick(ctx)
	if err == nil {
		if p, ok := w.store.(interface{ Ping(context.Context) error }); ok {
			err = p.Ping(ctx)
		} else {
			_, err = w.store.LastRow(ctx)
		}
	}
	w.mu.Lock()
	say := w.noteHealth(began, err)
	w.mu.Unlock()
	say()
}

// Healthy returns nil, or why the archive takes no messages: it wraps ErrUnavailable with the store's last error, or is
// ErrClosed. Readiness asks it; it never blocks.
func (w *Writer) Healthy() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return ErrClosed
	case !w.health.away(time.Now(), w.o.Away):
		return nil
	case w.health.err == nil:
		return fmt.Errorf("%w: a commit has been under way for over %v", ErrUnavailable, w.o.Away)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, w.health.err)
}
