package archive

import (
	"context"
	"fmt"
	"runtime/debug"

	"salon.im/salon/storage"
)

// committed is the outcome of one call to the store.
type committed struct {
	dropped []storage.Dropped
	err     error
}

// append waits for the store until ctx ends, and no longer: a database on a disk that hangs cannot be interrupted. The
// call that is left behind keeps its rows, and no other begins before it has ended, so that the order of ids holds.
func (w *Writer) append(ctx context.Context, b storage.Batch) ([]storage.Dropped, error) {
	if err := w.unstick(ctx); err != nil {
		return nil, err
	}
	ended := make(chan committed, 1)
	go func() {
		var c committed
		defer func() {
			if v := recover(); v != nil {
				c.err = fmt.Errorf("archive: the store panicked: %v\n%s", v, debug.Stack())
				w.mu.Lock()
				w.stats.Panics++
				w.mu.Unlock()
			}
			ended <- c
		}()
		c.dropped, c.err = w.store.Append(ctx, b)
	}()
	select {
	case c := <-ended:
		return c.dropped, c.err
	case <-ctx.Done():
	}
	w.stuck, w.rows, w.rewrites = ended, nil, nil
	return nil, ctx.Err()
}

// unstick waits for a call that was left behind.
func (w *Writer) unstick(ctx context.Context) error {
	if w.stuck == nil {
		return nil
	}
	select {
	case <-w.stuck:
		w.stuck = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
