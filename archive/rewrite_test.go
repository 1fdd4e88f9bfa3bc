package archive_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

// buried is what retracts row id of juliet.
func buried(id int64) storage.Rewrite {
	return storage.Rewrite{Owner: juliet, ID: id, Stanza: []byte("<message/>"), Tombstone: true}
}

// A retraction and what it does to other rows are one transaction, in the order of the queue.
func TestRewriteGoesWithItsRow(t *testing.T) {
	f := &fake{}
	var together [][2]int // rows and rewrites of each commit
	f.after = func(_ context.Context, b storage.Batch) error {
		together = append(together, [2]int{len(b.Rows), len(b.Rewrites)})
		return nil
	}
	w := open(t, f, archive.Options{})
	rows := []storage.Row{row("text")}
	<-send(t, w, rows...)
	done := make(chan archive.Result, 1)
	err := w.Append(t.Context(), []storage.Row{row("retraction")}, func(r archive.Result) { done <- r }, buried(rows[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.Err != nil {
		t.Fatal(r.Err)
	}
	if s := f.stored(); len(s) != 2 || string(s[0].Stanza) != "<message/>" || len(together) != 2 || together[1] != [2]int{1, 1} {
		t.Errorf("%d rows, the first is %s, commits %v", len(s), s[0].Stanza, together)
	}
}

// A rewrite alone is committed too, and its failure told; it fails with its row and does not sink its neighbours.
func TestRewriteFails(t *testing.T) {
	poison := errors.New("fake: poison")
	f := &fake{}
	f.before = func(_ context.Context, b storage.Batch) error {
		for _, rw := range b.Rewrites {
			if rw.Owner == room {
				return poison
			}
		}
		return nil
	}
	w := open(t, f, archive.Options{})
	bad := storage.Rewrite{Owner: room, ID: 1}
	for i, c := range []struct {
		rows     []storage.Row
		rewrites []storage.Rewrite
		want     error
	}{
		0: {nil, []storage.Rewrite{buried(1)}, nil},
		1: {nil, []storage.Rewrite{bad}, poison},
		2: {[]storage.Row{row("x")}, []storage.Rewrite{buried(1), bad}, poison},
		3: {[]storage.Row{row("x")}, nil, nil},
	} {
		done := make(chan archive.Result, 1)
		if err := w.Append(t.Context(), c.rows, func(r archive.Result) { done <- r }, c.rewrites...); err != nil {
			t.Fatal(i, err)
		}
		if r := <-done; !errors.Is(r.Err, c.want) {
			t.Errorf("%d: %v, want %v", i, r.Err, c.want)
		}
	}
	if n := len(f.stored()); n != 1 {
		t.Errorf("%d rows are stored", n)
	}
}

// Rewrites are bounded: in one call, by what a retraction may bring, and in the queue, as rows are.
func TestRewritesAreBounded(t *testing.T) {
	f := &fake{}
	before, entered, pass := gate()
	f.before = before
	w := open(t, f, archive.Options{QueueRows: 4})
	many := make([]storage.Rewrite, archive.MaxRewrites+1)
	if err := w.TryAppend([]storage.Row{row("one more")}, nil, many...); !errors.Is(err, archive.ErrRows) {
		t.Error(err)
	}
	if err := w.TryAppend([]storage.Row{row("x")}, nil, buried(1), buried(2)); err != nil {
		t.Error(err)
	}
	<-entered
	if err := w.TryAppend([]storage.Row{row("x")}, nil, buried(1)); !errors.Is(err, archive.ErrFull) {
		t.Error(err)
	}
	if err := w.TryAppend(nil, nil, buried(1)); err != nil { // there was room for one
		t.Error(err)
	}
	if s := w.Stats(); s.Held != 4 || s.Bytes < 4*256 {
		t.Errorf("%+v", s)
	}
	pass <- nil
	<-entered
	pass <- nil
}

// A message whose first try failed, with its outcome unknown, counts as stored when it is sent again; but not once it was
// retracted.
func TestRetractedIsNotUnsure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{after: func(ctx context.Context, _ storage.Batch) error { <-ctx.Done(); return ctx.Err() }}
		w := open(t, f, archive.Options{})
		defer w.Close()
		rows := []storage.Row{original("a")}
		if r := <-send(t, w, rows...); r.Err == nil {
			t.Fatal("no error")
		}
		time.Sleep(time.Minute) // the bubble's clock: the store is found well
		synctest.Wait()
		f.after = nil
		done := make(chan archive.Result, 1)
		if err := w.Append(t.Context(), nil, func(r archive.Result) { done <- r }, buried(rows[0].ID)); err != nil {
			t.Fatal(err)
		}
		<-done
		if r := <-send(t, w, original("a")); r.Err != nil || !r.DroppedRow(0) {
			t.Errorf("the resend of what was retracted: %+v", r)
		}
	})
}

// Committed tells where the barrier stood.
func TestCommitted(t *testing.T) {
	w := open(t, &fake{}, archive.Options{})
	early, late := []storage.Row{row("1")}, []storage.Row{row("2")}
	send(t, w, early...)
	upTo, err := w.Committed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	<-send(t, w, late...)
	if early[0].ID > upTo || late[0].ID <= upTo {
		t.Errorf("%d, then the barrier at %d, then %d", early[0].ID, upTo, late[0].ID)
	}
}
