package archive

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"salon.im/salon/storage"
)

// rowOverhead is what a row is taken to hold beside its stanza, in bytes.
const rowOverhead = 256

// job is one Append on its way. It belongs to the queue, then to the writer, then to the completer.
type job struct {
	rows     []storage.Row
	rewrites []storage.Rewrite
	cost     int   // rows and rewrites, at least 1: a job without any takes room too
	bytes    int64 // of the stanzas, with rowOverhead each
	since    time.Time
	done     func(Result)
	result   Result
	early    bool // told when queued: Async
	parts    int  // what must happen before its room is free: the telling, and the commit where that is not the same
}

func newJob(rows []storage.Row, done func(Result), rewrites ...storage.Rewrite) *job {
	j := &job{rows: rows, rewrites: rewrites, done: done, parts: 1}
	j.cost = max(j.stored(), 1)
	for i := range rows {
		j.bytes += rowOverhead + int64(len(rows[i].Stanza))
	}
	for i := range rewrites {
		j.bytes += rowOverhead + int64(len(rewrites[i].Stanza))
	}
	return j
}

// stored counts what the store is asked to write.
func (j *job) stored() int { return len(j.rows) + len(j.rewrites) }

// waiter is an Append that waits for room. ready gets nil once its job is queued, or why it is not.
type waiter struct {
	job   *job
	ready chan error // holds one
}

// The functions from here to take want w.mu held.

// refusal says why a job cannot be taken, full or not.
func (w *Writer) refusal(j *job) error {
	switch {
	case len(j.rows) > MaxRows, len(j.rewrites) > MaxRewrites:
		return ErrRows
	case w.closed:
		return ErrClosed
	case w.health.away(time.Now(), w.o.Away):
		w.stats.Refused++
		return ErrUnavailable
	}
	return nil
}

func (w *Writer) fits(j *job) bool {
	return w.held == 0 || w.held+j.cost <= w.o.QueueRows && w.bytes+j.bytes <= w.o.QueueBytes
}

// push gives the job its ids and its place. Both happen under one lock, so that ids grow along the queue.
func (w *Writer) push(j *job) {
	for i := range j.rows {
		j.rows[i].ID = w.ids.next()
	}
	if w.o.Ack == Async {
		j.early, j.parts = true, 2
		w.finished = append(w.finished, j)
		signal(w.told)
	}
	w.hold(j)
	if w.queued >= w.want {
		signal(w.wake)
	}
}

func (w *Writer) hold(j *job) {
	j.since = time.Now()
	w.queue = append(w.queue, j)
	w.queued += j.cost
	w.held += j.cost
	w.bytes += j.bytes
}

// release ends a part of the job; after the last one its room goes to those who wait.
func (w *Writer) release(j *job) {
	if j.parts--; j.parts > 0 {
		return
	}
	w.held -= j.cost
	w.bytes -= j.bytes
	w.admit()
}

// admit queues those who wait, in their order, as far as there is room.
func (w *Writer) admit() {
	for len(w.waiters) > 0 && w.fits(w.waiters[0].job) {
		wt := w.waiters[0]
		w.waiters = slices.Delete(w.waiters, 0, 1)
		w.push(wt.job)
		wt.ready <- nil
	}
}

// refuseWaiters sends all who wait away, as the writer closes.
func (w *Writer) refuseWaiters() {
	for _, wt := range w.waiters {
		wt.ready <- ErrClosed
	}
	w.waiters = nil
}

// await waits without the lock. It looks at the store's health now and then, since a store that hangs frees no room.
func (w *Writer) await(ctx context.Context, wt *waiter) error {
	t := time.NewTicker(w.o.Away)
	defer t.Stop()
	for {
		select {
		case err := <-wt.ready:
			return err
		case <-ctx.Done():
			return w.leave(wt, ctx.Err())
		case <-t.C:
			if w.Healthy() != nil {
				return w.leave(wt, ErrUnavailable)
			}
		}
	}
}

// leave gives a waiter's place up, unless its job was queued in the meantime: then that is what counts.
func (w *Writer) leave(wt *waiter, why error) error {
	w.mu.Lock()
	i := slices.Index(w.waiters, wt)
	if i < 0 {
		w.mu.Unlock()
		return <-wt.ready
	}
	w.waiters = slices.Delete(w.waiters, i, i+1)
	w.admit() // a big job may have stood before small ones that fit
	w.mu.Unlock()
	return why
}

// complete is the completer: it calls the done functions, in order, without the lock.
func (w *Writer) complete() {
	defer close(w.ended)
	var jobs []*job
	for {
		w.mu.Lock()
		jobs, w.finished = w.finished, jobs[:0]
		drained := w.drained
		w.mu.Unlock()
		if len(jobs) == 0 {
			if drained {
				return
			}
			<-w.told
			continue
		}
		for _, j := range jobs {
			if j.done == nil {
				continue
			}
			w.tell(j)
		}
		w.mu.Lock()
		for i, j := range jobs {
			w.release(j)
			jobs[i] = nil
		}
		w.mu.Unlock()
	}
}

// tell calls the done function of a job. One that panics, which is a mistake of ours, costs no other its answer.
func (w *Writer) tell(j *job) {
	defer func() {
		if v := recover(); v != nil {
			w.o.Log.Error("panic", "unit", "archive's answer", "value", v, "stack", string(debug.Stack()))
			w.mu.Lock()
			w.stats.Panics++
			w.mu.Unlock()
		}
	}()
	if j.early {
		j.done(Result{})
	} else {
		j.done(j.result)
	}
}
