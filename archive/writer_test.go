package archive_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

// Each of 1,000 producers has its rows stored once, in its order, and is told so once, in the order of ids.
func TestExactlyOnceInOrder(t *testing.T) {
	const producers, each = 1000, 5
	for _, ack := range []archive.Ack{archive.Durable, archive.Async} {
		f := &fake{}
		w := open(t, f, archive.Options{QueueRows: 700, Ack: ack, Wait: time.Millisecond})
		var told []int64 // only the completer writes
		var wg sync.WaitGroup
		for range producers {
			wg.Go(func() {
				for range each {
					rows := []storage.Row{row("a"), row("b")}
					if err := w.Append(t.Context(), rows, func(archive.Result) { told = append(told, rows[0].ID, rows[1].ID) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		stored := f.stored()
		if len(stored) != 2*producers*each || len(told) != len(stored) {
			t.Fatalf("ack %d: %d rows stored, %d told", ack, len(stored), len(told))
		}
		for i := range stored {
			if stored[i].ID != told[i] || i > 0 && stored[i].ID <= stored[i-1].ID {
				t.Fatalf("ack %d: row %d has id %d, told %d, before it %d", ack, i, stored[i].ID, told[i], stored[max(i-1, 0)].ID)
			}
		}
		if s := w.Stats(); s.Held != 0 || s.Bytes != 0 || s.Rows != uint64(len(stored)) {
			t.Errorf("ack %d: stats %+v", ack, s)
		}
	}
}

func TestResendIsDropped(t *testing.T) {
	w := open(t, &fake{}, archive.Options{})
	mine, his := row("hello"), row("hello")
	mine.Origin = archive.Origin(romeo, "o1")
	<-send(t, w, mine)
	if r := <-send(t, w, his, mine); r.Err != nil || r.DroppedRow(0) || !r.DroppedRow(1) || r.DroppedRow(64) {
		t.Fatalf("%+v", r)
	}
}

// An idle writer commits at once; what comes meanwhile is the next batch, cut at Rows.
func TestBatchesForm(t *testing.T) {
	f := &fake{}
	before, entered, pass := gate()
	f.before = before
	w := open(t, f, archive.Options{Rows: 5})
	first := send(t, w, row("first"))
	if n := <-entered; n != 1 {
		t.Fatalf("the first batch has %d rows", n)
	}
	var last <-chan archive.Result
	for range 4 {
		last = send(t, w, row("a"), row("b"))
	}
	select {
	case <-first:
		t.Error("told before the commit")
	default:
	}
	pass <- nil
	<-first
	for range 2 {
		if n := <-entered; n != 4 {
			t.Errorf("a batch of %d rows: an Append was cut or left", n)
		}
		pass <- nil
	}
	<-last
}

func TestFullQueue(t *testing.T) {
	for i, o := range []archive.Options{0: {QueueRows: 2}, 1: {QueueBytes: 900}} {
		f := &fake{}
		before, entered, pass := gate()
		f.before = before
		w := open(t, f, o)
		send(t, w, row("under way"))
		<-entered
		send(t, w, row("queued"))
		if err := w.TryAppend([]storage.Row{row("refused")}, nil); !errors.Is(err, archive.ErrFull) {
			t.Fatalf("%d: %v", i, err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.Append(gone, []storage.Row{row("given up")}, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%d: %v", i, err)
		}
		blocked := make(chan error)
		go func() { blocked <- w.Append(t.Context(), []storage.Row{row("waits")}, nil) }()
		for w.Stats().Waiting == 0 {
			runtime.Gosched()
		}
		pass <- nil // one row is stored: there is room
		if err := <-blocked; err != nil {
			t.Errorf("%d: %v", i, err)
		}
		for n := 0; n < 2; { // the two come in one batch or in two
			n += <-entered
			pass <- nil
		}
		if err := w.Barrier(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(f.stored()); n != 3 {
			t.Errorf("%d: %d rows stored", i, n)
		}
	}
}

func TestTooManyRows(t *testing.T) {
	w := open(t, &fake{}, archive.Options{QueueRows: 8})
	if err := w.TryAppend(make([]storage.Row, archive.MaxRows+1), nil); !errors.Is(err, archive.ErrRows) {
		t.Error(err)
	}
	if r := <-send(t, w, make([]storage.Row, archive.MaxRows)...); r.Err != nil { // above QueueRows, yet alone
		t.Error(r.Err)
	}
}

// A row that the store refuses does not sink its neighbours.
func TestPoisonRow(t *testing.T) {
	poison := errors.New("fake: poison")
	f := &fake{}
	var open1 atomic.Bool
	held := make(chan struct{})
	f.before = func(_ context.Context, b storage.Batch) error {
		if open1.CompareAndSwap(false, true) {
			<-held
		}
		for _, r := range b.Rows {
			if r.Peer == room {
				return poison
			}
		}
		return nil
	}
	w := open(t, f, archive.Options{})
	results := []<-chan archive.Result{send(t, w, row("first"))}
	for i := range 200 {
		r := row("%d", i)
		if i == 77 || i == 78 || i == 150 {
			r.Peer = room
		}
		results = append(results, send(t, w, row("beside"), r))
	}
	w.Delivered(storage.Mark{Owner: juliet, ID: 1})
	close(held)
	for i, c := range results {
		r := <-c
		if want := i == 78 || i == 79 || i == 151; errors.Is(r.Err, poison) != want {
			t.Errorf("%d: %v", i, r.Err)
		}
	}
	if err := w.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	stored := f.stored()
	for i := 1; i < len(stored); i++ {
		if stored[i].ID <= stored[i-1].ID {
			t.Fatal("out of order")
		}
	}
	if len(stored) != 1+2*197 || len(f.cleared) != 1 || w.Healthy() != nil {
		t.Errorf("%d rows, %d marks, %v", len(stored), len(f.cleared), w.Healthy())
	}
}

// A store that is away fails each batch; after five seconds everything is refused at once; it comes back by itself.
func TestStoreAwayAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{pingErr: errDown}
		var down atomic.Bool
		down.Store(true)
		attempts := 0
		f.before = func(context.Context, storage.Batch) error {
			attempts++
			if down.Load() {
				return errDown
			}
			return nil
		}
		w := open(t, f, archive.Options{})
		if r := <-send(t, w, row("lost")); !errors.Is(r.Err, errDown) {
			t.Fatal(r.Err)
		}
		if err := w.Healthy(); err != nil {
			t.Error("away too soon:", err)
		}
		time.Sleep(5*time.Second + time.Millisecond)
		if err := w.TryAppend([]storage.Row{row("refused")}, nil); !errors.Is(err, archive.ErrUnavailable) {
			t.Error(err)
		}
		if err := w.Append(t.Context(), []storage.Row{row("refused")}, nil); !errors.Is(err, archive.ErrUnavailable) {
			t.Error(err)
		}
		if err := w.Healthy(); !errors.Is(err, archive.ErrUnavailable) || !errors.Is(err, errDown) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		f.mu.Lock()
		if f.pings < 30 || f.pings > 60 || attempts != 1 {
			t.Errorf("asked %d times, %d attempts", f.pings, attempts)
		}
		f.pingErr = nil
		f.mu.Unlock()
		down.Store(false)
		time.Sleep(2 * time.Second)
		if r := <-send(t, w, row("kept")); r.Err != nil || w.Healthy() != nil {
			t.Error(r.Err, w.Healthy())
		}
	})
}

// A commit that hangs counts as away: who waits for room is refused, what is queued fails, nothing is held.
func TestStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{before: func(ctx context.Context, _ storage.Batch) error { <-ctx.Done(); return ctx.Err() }, pingErr: errDown}
		w := open(t, f, archive.Options{QueueRows: 2})
		first := send(t, w, row("under way"))
		synctest.Wait()
		second := send(t, w, row("queued"))
		began := time.Now()
		if err := w.Append(t.Context(), []storage.Row{row("waits")}, nil); err != nil && !errors.Is(err, archive.ErrUnavailable) {
			t.Error(err)
		}
		for i, want := range []error{context.DeadlineExceeded, archive.ErrUnavailable} {
			if r := <-[]<-chan archive.Result{first, second}[i]; !errors.Is(r.Err, want) {
				t.Errorf("%d: %v", i, r.Err)
			}
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("held for %v", d)
		}
		if err := w.TryAppend(nil, nil); !errors.Is(err, archive.ErrUnavailable) {
			t.Error(err)
		}
	})
}

// A store that does not heed its context is left behind: its rows go back to their senders, and nothing else is committed
// before it has come back.
func TestStoreIsDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, entered, pass := gate()
		w := open(t, &fake{before: before}, archive.Options{})
		first := send(t, w, row("under way"))
		<-entered
		second := send(t, w, row("queued"))
		began := time.Now()
		for i, want := range []error{context.DeadlineExceeded, archive.ErrUnavailable} {
			if r := <-[]<-chan archive.Result{first, second}[i]; !errors.Is(r.Err, want) {
				t.Errorf("%d: %v", i, r.Err)
			}
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("held for %v", d)
		}
		time.Sleep(20 * time.Second) // of the bubble's clock: probes come and go
		if w.Healthy() == nil {
			t.Error("healthy while a commit is under way")
		}
		pass <- nil
		for w.Healthy() != nil {
			time.Sleep(time.Second)
		}
		third := send(t, w, row("later"))
		<-entered
		pass <- nil
		if r := <-third; r.Err != nil {
			t.Error(r.Err)
		}
	})
}

func TestMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		w := open(t, f, archive.Options{QueueRows: 3})
		mark := storage.Mark{Owner: juliet, ID: 1}
		w.Delivered(mark)
		w.Delivered(mark, mark, mark) // one over the bound
		synctest.Wait()
		if len(f.cleared) != 0 {
			t.Error("a mark did not wait for company")
		}
		if s := w.Stats(); s.Marks != 3 || s.MarksDropped != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(501 * time.Millisecond)
		synctest.Wait()
		if len(f.cleared) != 3 || len(f.batches) != 1 {
			t.Errorf("%d marks in %d batches", len(f.cleared), len(f.batches))
		}
		w.Delivered(mark)
		<-send(t, w, row("company"))
		if len(f.cleared) != 4 || len(f.batches) != 2 {
			t.Errorf("%d marks in %d batches", len(f.cleared), len(f.batches))
		}
		w.Delivered(mark)
		if err := w.Close(); err != nil || len(f.cleared) != 5 {
			t.Errorf("%v, %d marks", err, len(f.cleared))
		}
	})
}

// In Async mode a message may be delivered before its row is committed: its mark waits for the row.
func TestMarkWaitsForItsRow(t *testing.T) {
	f := &fake{}
	before, entered, pass := gate()
	f.before = before
	w := open(t, f, archive.Options{Rows: 1, Ack: archive.Async})
	<-send(t, w, row("under way"))
	<-entered
	early, late := []storage.Row{row("1")}, []storage.Row{row("2")}
	<-send(t, w, early...)
	<-send(t, w, late...)
	w.Delivered(storage.Mark{Owner: juliet, ID: late[0].ID})
	pass <- nil
	<-entered
	pass <- nil
	<-entered
	if len(f.cleared) != 0 {
		t.Error("the mark went before its row")
	}
	pass <- nil
	if err := w.Barrier(t.Context()); err != nil || len(f.cleared) != 1 {
		t.Error(err, len(f.cleared))
	}
}

// Close under load loses nothing that was taken, and leaves no goroutine behind.
func TestCloseUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble ends only when all its goroutines have
		f := &fake{before: func(context.Context, storage.Batch) error { time.Sleep(time.Millisecond); return nil }}
		w := open(t, f, archive.Options{QueueRows: 50})
		var taken, told atomic.Int64
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				for {
					err := w.Append(t.Context(), []storage.Row{row("a")}, func(r archive.Result) {
						if r.Err == nil {
							told.Add(1)
						}
					})
					if err != nil {
						if !errors.Is(err, archive.ErrClosed) {
							t.Error(err)
						}
						return
					}
					taken.Add(1)
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		for range 2 { // it is idempotent
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		if n := len(f.stored()); int64(n) != taken.Load() || int64(n) != told.Load() || n == 0 {
			t.Errorf("%d taken, %d stored, %d told", taken.Load(), n, told.Load())
		}
		if err := w.Barrier(t.Context()); !errors.Is(err, archive.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestCloseTellsOfLoss(t *testing.T) {
	f := &fake{}
	before, entered, pass := gate()
	f.before = before
	w := open(t, f, archive.Options{})
	c := send(t, w, row("lost"))
	<-entered
	closed := make(chan error)
	go func() { closed <- w.Close() }()
	for w.Healthy() == nil {
		runtime.Gosched()
	}
	pass <- errDown
	if err := <-closed; !errors.Is(err, errDown) || !errors.Is((<-c).Err, errDown) {
		t.Error(err)
	}
}
