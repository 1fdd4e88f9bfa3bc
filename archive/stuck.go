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

// call is a batch on its way to the store.
type call struct {
	ctx   context.Context
	batch storage.Batch
}

// caller is the goroutine that calls the store for the writer, so that the writer need not wait for a disk that hangs.
type caller struct {
	calls chan call
	ended chan committed // holds one
}

func (w *Writer) newCaller() *caller {
	c := &caller{calls: make(chan call), ended: make(chan committed, 1)}
	go func() {
		for next := range c.calls {
			c.ended <- w.callStore(next)
		}
	}()
	return c
}

// callStore turns a panic, which is a mistake of ours, into an error of this batch.
func (w *Writer) callStore(next call) (c committed) {
	defer func() {
		if v := recover(); v != nil {
			c = committed{err: fmt.Errorf("archive: the store panicked: %v\n%s", v, debug.Stack())}
			w.mu.Lock()
			w.stats.Panics++
			w.mu.Unlock()
		}
	}()
	c.dropped, c.err = w.store.Append(next.ctx, next.batch)
	return c
}

// append waits for the store until ctx ends, and no longer: a database on a disk that hangs cannot be interrupted. The
// call that is left behind keeps its rows, and no other begins before it has ended, so that the order of ids holds.
func (w *Writer) append(ctx context.Context, b storage.Batch) ([]storage.Dropped, error) {
	if err := w.unstick(ctx); err != nil {
		return nil, err
	}
	if w.caller == nil {
		w.caller = w.newCaller()
	}
	w.caller.calls <- call{ctx, b}
	select {
	case c := <-w.caller.ended:
		return c.dropped, c.err
	case <-ctx.Done():
	}
	w.stuck, w.rows, w.rewrites = w.caller.ended, nil, nil
	w.dismiss()
	return nil, ctx.Err()
}

// dismiss ends the caller, after the call that it may be in.
func (w *Writer) dismiss() {
	if w.caller != nil {
		close(w.caller.calls)
		w.caller = nil
	}
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
