package storagetest

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"salon.im/salon/storage"
)

// ErrFault is what a [Faulty] store returns when nothing else was asked for.
var ErrFault = errors.New("storagetest: a fault on demand")

// Faulty is a store whose Append, Ping and room writes fail or wait on demand, or that is away or hangs altogether. The rest
// goes to the store within. It is safe for any goroutine.
//
//	f := storagetest.NewFaulty(store)
//	f.FailAppend(3, nil) // the third from now
//	release := f.HoldAppend()
type Faulty struct {
	storage.Store               // through gate
	store         storage.Store // what there is behind it

	mu      sync.Mutex
	appends int           // Append calls so far
	failAt  int           // the call that fails; 0 is none
	err     error         // what it returns
	after   bool          // it fails once the batch was committed
	down    error         // what Append, Ping and the writes return as long as it is set
	unread  error         // what Undelivered returns as long as it is set
	away    error         // what every method returns as long as it is set
	hung    chan struct{} // every method waits until it is closed; nil is no wait
	hold    chan struct{} // Append waits until it is closed; nil is no wait
	waiting chan struct{} // closed once an Append waits
	batches []int         // the rows of each batch, in order
}

// NewFaulty returns a Faulty that has no fault yet.
func NewFaulty(s storage.Store) *Faulty {
	f := &Faulty{store: s}
	f.Store = storage.Through(s, func(ctx context.Context, method string, call func(context.Context) error) error {
		if err := f.gate(ctx, method); err != nil {
			return err
		}
		return call(ctx)
	})
	return f
}

// FailAppend makes the nth Append from now (1 is the next) return err, or ErrFault, and store nothing.
func (f *Faulty) FailAppend(n int, err error) { f.fail(n, err, false) }

// FailAppendAfter makes the nth Append from now commit and return err, or ErrFault, nevertheless: an answer that was lost.
func (f *Faulty) FailAppendAfter(n int, err error) { f.fail(n, err, true) }

func (f *Faulty) fail(n int, err error, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failAt, f.err, f.after = f.appends+n, orFault(err), after
}

// SetDown makes every Append, Ping and room write fail with err until it is called with nil.
func (f *Faulty) SetDown(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = err
}

// FailUndelivered makes every Undelivered fail with err until it is called with nil.
func (f *Faulty) FailUndelivered(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unread = err
}

// SetAway makes every method but Close fail with err until it is called with nil: a database that is not there.
func (f *Faulty) SetAway(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = err
}

// Hang makes every method but Close wait until release is called or its context ends: a database that does not answer.
func (f *Faulty) Hang() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	hung := make(chan struct{})
	f.hung = hung
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		close(hung)
		if f.hung == hung {
			f.hung = nil
		}
	})
}

// HangNoMore ends what Hang began, but for those that wait already.
func (f *Faulty) HangNoMore() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hung = nil
}

// gate is at the door of every method.
func (f *Faulty) gate(ctx context.Context, method string) error {
	f.mu.Lock()
	away, hung := f.away, f.hung
	switch method {
	case "Ping", "PutRoom", "PutAffiliations", "PutSubject":
		away = cmp.Or(f.down, away)
	case "Undelivered":
		away = cmp.Or(f.unread, away)
	}
	f.mu.Unlock()
	if away != nil || hung == nil {
		return away
	}
	select {
	case <-hung:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// HoldAppend makes Append wait, as a slow disk does, until release is called or its context ends.
// waiting is closed once an Append waits. release may be called again.
func (f *Faulty) HoldAppend() (waiting <-chan struct{}, release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	hold := make(chan struct{})
	f.hold, f.waiting = hold, make(chan struct{})
	return f.waiting, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.hold == hold {
			close(hold)
			f.hold = nil
		}
	}
}

// Batches returns the number of rows of each Append that was called, those that failed included.
func (f *Faulty) Batches() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]int(nil), f.batches...)
}

// Append implements [storage.Archive].
func (f *Faulty) Append(ctx context.Context, b storage.Batch) ([]storage.Dropped, error) {
	err, after := f.enter(len(b.Rows))
	if err2 := errors.Join(f.gate(ctx, "Append"), f.wait(ctx)); err2 != nil {
		return nil, err2
	}
	if err != nil && !after {
		return nil, err
	}
	dropped, err2 := f.store.Append(ctx, b)
	if err != nil {
		return nil, err
	}
	return dropped, err2
}

func (f *Faulty) enter(rows int) (err error, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.appends++
	f.batches = append(f.batches, rows)
	if f.down != nil {
		return f.down, false
	}
	if f.failAt == f.appends {
		return f.err, f.after
	}
	return nil, false
}

func (f *Faulty) wait(ctx context.Context) error {
	f.mu.Lock()
	hold := f.hold
	if hold != nil && f.waiting != nil {
		close(f.waiting)
		f.waiting = nil
	}
	f.mu.Unlock()
	if hold == nil {
		return nil
	}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func orFault(err error) error {
	if err == nil {
		return ErrFault
	}
	return err
}
