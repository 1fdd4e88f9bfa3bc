package archive

import (
	"context"
	"fmt"
	"sync"
	"time"

	"salon.im/salon/storage"
)

// Writer is the one writer of a store.
//
// Its mutex guards the fields below it, is a leaf, and is never held during I/O or a call out. The writer goroutine takes
// jobs off the queue and commits them; the completer calls the callers' done functions in queue order. All methods are
// safe for any goroutine.
type Writer struct {
	store storage.Archive
	o     Options

	wake  chan struct{} // to the writer: look at the queue; holds one
	told  chan struct{} // to the completer: look at finished; holds one
	ended chan struct{} // closed when the completer has ended, the last of the two

	// The writer's own.
	rows     []storage.Row     // a batch under way
	rewrites []storage.Rewrite // of it
	caller   *caller           // nil until the first batch, and after one that was left behind
	stuck    <-chan committed  // a call to the store that did not heed its context; nil for none
	unsure   unsure

	mu       sync.Mutex
	ids      *idSource
	queue    []*job         // waiting for the writer, in order of their ids
	finished []*job         // waiting for the completer, in the same order
	drained  bool           // the writer has ended: nothing more will finish
	waiters  []*waiter      // Appends that wait for room, first come first served
	want     int            // rows and rewrites in queue that wake the writer
	queued   int            // rows and rewrites in queue
	held     int            // rows and rewrites in queue, under way, and finished but not told
	bytes    int64          // of what is held
	marks    []storage.Mark // delivered, for a later batch
	marksDue time.Time      // when they are committed even without rows
	closed   bool
	health   health
	stats    Stats
}

// Open starts the writer of a store. Nobody else may append to it.
//
// ctx is for the start alone: reading the last id, above which ours go on. The error is the store's, or names the option
// that is out of range.
func Open(ctx context.Context, store storage.Archive, o Options) (*Writer, error) {
	o = o.withDefaults()
	last, err := store.LastRow(ctx)
	if err != nil {
		return nil, fmt.Errorf("archive: reading the last id: %w", err)
	}
	ids, err := newIDSource(last, o.Node, o.Now)
	if err != nil {
		return nil, err
	}
	if t := IDTime(last); last > 0 && t.After(o.Now().Add(time.Minute)) {
		o.Log.Warn("archive: the last stored message is in the future; is the clock right?", "last", t)
	}
	w := &Writer{
		store: store, o: o, ids: ids, want: 1,
		unsure: unsure{max: maxUnsure},
		wake:   make(chan struct{}, 1), told: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go w.write()
	go w.complete()
	return w, nil
}

// Append assigns ids to the rows, in place, and queues them as one unit: they are committed together or not at all.
//
// rewrites go along, in the same transaction, behind the rows: a retraction is stored as what it retracts is replaced. They
// count like rows, against every bound. A row that a rewrite makes a tombstone is a resend from then on, whatever its
// sender was told before.
//
// A failure that done is told of may have been a commit whose answer was lost. When the sender tries again within a quarter
// of an hour, the rows that are stored already get their ids of then, before done is called, and are not reported as
// dropped: nobody has the message yet.
//
// It blocks while the queue is full: back-pressure on the reader of a client's stream. It returns ctx's error,
// ErrUnavailable, ErrRows or ErrClosed; then done is never called. Otherwise done is called exactly once, in the order of
// the queue, on a goroutine that all callers share: it must not block, nor call Append, Barrier or Close. rows belong to
// the Writer until then. No rows are fine: done keeps the order of what needs no archive.
func (w *Writer) Append(ctx context.Context, rows []storage.Row, done func(Result), rewrites ...storage.Rewrite) error {
	j := newJob(rows, done, rewrites...)
	w.mu.Lock()
	if err := w.refusal(j); err != nil {
		w.mu.Unlock()
		return err
	}
	if len(w.waiters) == 0 && w.fits(j) {
		w.push(j)
		w.mu.Unlock()
		return nil
	}
	wt := &waiter{job: j, ready: make(chan error, 1)}
	w.waiters = append(w.waiters, wt)
	w.mu.Unlock()
	return w.await(ctx, wt)
}

// TryAppend is Append that never blocks: it returns ErrFull where Append would wait. For rooms and for s2s.
func (w *Writer) TryAppend(rows []storage.Row, done func(Result), rewrites ...storage.Rewrite) error {
	j := newJob(rows, done, rewrites...)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.refusal(j); err != nil {
		return err
	}
	if len(w.waiters) > 0 || !w.fits(j) {
		w.stats.Full++
		return ErrFull
	}
	w.push(j)
	return nil
}

// Barrier returns when everything queued before it was committed, or has failed. It ignores the bounds.
//
// It returns ctx's error or ErrClosed. In Async mode too it waits for the commits.
func (w *Writer) Barrier(ctx context.Context) error {
	_, err := w.Committed(ctx)
	return err
}

// Committed is Barrier that tells where the barrier stood: rows queued before it, and rows of an earlier time, have ids below
// upTo, those queued after it have higher ones.
func (w *Writer) Committed(ctx context.Context) (upTo int64, err error) {
	passed := make(chan struct{})
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return 0, ErrClosed
	}
	upTo = w.ids.next() // the barrier's own, so that what is older lies below it, whoever stored it
	w.hold(newJob(nil, func(Result) { close(passed) }))
	signal(w.wake)
	w.mu.Unlock()
	select {
	case <-passed:
		return upTo, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Delivered queues marks to be cleared, for a later batch: with the next rows, or half a second from now.
//
// It never blocks. At most QueueRows marks are held; beyond that they are dropped and counted, and so are marks that the
// store refuses: those messages are delivered once more, which offline delivery allows.
func (w *Writer) Delivered(marks ...storage.Mark) {
	w.mu.Lock()
	defer w.mu.Unlock()
	room := w.o.QueueRows - len(w.marks)
	if w.closed {
		room = 0
	}
	if len(marks) > room {
		w.stats.MarksDropped += uint64(len(marks) - room)
		marks = marks[:room]
	}
	if len(marks) == 0 {
		return
	}
	if len(w.marks) == 0 {
		w.marksDue = time.Now().Add(markDelay)
		signal(w.wake) // so that the writer sets its timer
	}
	w.marks = append(w.marks, marks...)
}

// Close commits what is queued, calls the last done and ends both goroutines. Blocked Appends get ErrClosed.
//
// It is idempotent and waits in each call. A store that hangs holds it up for Options.Away, and may still be at work then.
// The error says how many rows could not be stored at the end.
func (w *Writer) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		w.refuseWaiters()
		signal(w.wake)
	}
	w.mu.Unlock()
	<-w.ended
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.stats.LostAtClose; n > 0 {
		return fmt.Errorf("archive: %d rows could not be stored at the end: %w", n, w.stats.LastErr)
	}
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
