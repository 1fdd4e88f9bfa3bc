package archive_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var (
	_ storage.Archive = (*fake)(nil)

	errDown = errors.New("fake: down")
	juliet  = wire.MustAddr("juliet@capulet.example")
	romeo   = wire.MustAddr("romeo@montague.example")
	room    = wire.MustAddr("lobby@conference.capulet.example")
)

// fake is a store in memory. before and after, if set, run around each commit, without the lock: before may refuse it, after
// may lose the answer.
type fake struct {
	before, after func(ctx context.Context, b storage.Batch) error

	mu      sync.Mutex
	rows    []storage.Row
	batches []int // rows of each commit
	cleared []storage.Mark
	pingErr error
	pings   int
}

func (f *fake) Append(ctx context.Context, b storage.Batch) ([]storage.Dropped, error) {
	if f.before != nil {
		if err := f.before(ctx, b); err != nil {
			return nil, err
		}
	}
	dropped := f.commit(b)
	if f.after != nil {
		if err := f.after(ctx, b); err != nil {
			return nil, err
		}
	}
	return dropped, nil
}

func (f *fake) commit(b storage.Batch) (dropped []storage.Dropped) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, r := range b.Rows {
		if j := slices.IndexFunc(f.rows, func(o storage.Row) bool {
			return o.ID == r.ID || r.Origin != nil && o.Owner == r.Owner && string(o.Origin) == string(r.Origin)
		}); j >= 0 {
			dropped = append(dropped, storage.Dropped{Index: i, ID: f.rows[j].ID})
			continue
		}
		f.rows = append(f.rows, r)
	}
	f.batches = append(f.batches, len(b.Rows))
	f.cleared = append(f.cleared, b.Delivered...)
	for _, rw := range b.Rewrites {
		for i := range f.rows {
			if r := &f.rows[i]; r.Owner == rw.Owner && r.ID == rw.ID {
				r.Stanza, r.Tombstone = rw.Stanza, rw.Tombstone
			}
		}
	}
	return dropped
}

func (f *fake) Page(_ context.Context, q storage.Query) ([]storage.Row, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []storage.Row
	for _, r := range f.rows {
		if r.Owner == q.Owner && r.ID > q.After && (q.Before == 0 || r.ID < q.Before) {
			rows = append(rows, r)
		}
	}
	if n := len(rows) - q.Limit; n > 0 && q.Newest {
		return rows[n:], nil
	}
	return rows[:min(q.Limit, len(rows))], nil
}

func (f *fake) Undelivered(_ context.Context, owner wire.Addr, after int64, limit int) ([]storage.Row, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []storage.Row
	for _, r := range f.rows {
		if r.Owner == owner && r.ID > after && r.Undelivered && len(rows) < limit {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func (f *fake) CountUndelivered(context.Context, wire.Addr, int) (int, error)    { return 0, nil }
func (f *fake) ClearUndelivered(context.Context, wire.Addr, int64) error         { return nil }
func (f *fake) DeleteBefore(context.Context, wire.Addr, int64, int) (int, error) { return 0, nil }

func (f *fake) LastRow(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rows) == 0 {
		return 0, nil
	}
	return f.rows[len(f.rows)-1].ID, nil
}

func (f *fake) Ping(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pings++
	return f.pingErr
}

func (f *fake) stored() []storage.Row {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.rows)
}

// open starts a writer that the test closes.
func open(t testing.TB, s storage.Archive, o archive.Options) *archive.Writer {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	w, err := archive.Open(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// row is a message to juliet that says so.
func row(format string, args ...any) storage.Row {
	w := wire.NewWriter()
	w.Elem("", "body", fmt.Sprintf(format, args...))
	st := wire.New(wire.KindMessage, "chat", "m1", romeo, juliet, w.Payload())
	return storage.Row{Owner: juliet, Peer: romeo, Kind: storage.RowChat, Stanza: st.AppendStandalone(nil)}
}

// send appends one row and returns what will become of it.
func send(t testing.TB, w *archive.Writer, r ...storage.Row) <-chan archive.Result {
	t.Helper()
	c := make(chan archive.Result, 2) // a second call must not block the completer; the test would see it
	if err := w.Append(t.Context(), r, func(r archive.Result) { c <- r }); err != nil {
		t.Fatal(err)
	}
	return c
}

// gate is a store's before that lets one commit through for each value received.
func gate() (before func(context.Context, storage.Batch) error, entered chan int, pass chan error) {
	entered, pass = make(chan int), make(chan error)
	return func(_ context.Context, b storage.Batch) error {
		entered <- len(b.Rows)
		return <-pass
	}, entered, pass
}

func (f *fake) Rows(context.Context, wire.Addr, []int64) ([]storage.Row, error) { return nil, nil }

func (f *fake) ByOrigin(context.Context, wire.Addr, []byte) (storage.Row, error) {
	return storage.Row{}, storage.ErrNotFound
}
