package archive_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

// original is a message with an origin-id, as it is sent the first time and again.
func original(id string) storage.Row {
	r := row("hello")
	r.Origin = archive.Origin(romeo, id)
	return r
}

// A batch whose answer was lost is tried again by halves: its rows are stored, once, and nobody's is a resend.
func TestLostAnswer(t *testing.T) {
	f := &fake{}
	before, entered, pass := gate()
	f.before = before
	w := open(t, f, archive.Options{})
	send(t, w, original("first"))
	<-entered
	f.before = nil
	rows := []storage.Row{original("a"), row("b"), original("c"), original("first")}
	var results []<-chan archive.Result
	for i := range rows {
		results = append(results, send(t, w, rows[i:i+1:i+1]...))
	}
	f.after = func(_ context.Context, b storage.Batch) error {
		if len(b.Rows) == 4 {
			return errDown
		}
		return nil
	}
	pass <- nil
	for i, c := range results {
		if r := <-c; r.Err != nil || r.DroppedRow(0) != (i == 3) { // the last is the first again
			t.Errorf("%d: %+v", i, r)
		}
	}
	if n := len(f.stored()); n != 4 {
		t.Errorf("%d rows", n)
	}
}

// A commit that timed out went through: its sender was told of an error and sends again. That is no resend, once, and its
// ids are those of the rows that are stored.
func TestUnsureOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{after: func(ctx context.Context, _ storage.Batch) error { <-ctx.Done(); return ctx.Err() }}
		w := open(t, f, archive.Options{})
		defer w.Close()
		if r := <-send(t, w, original("a"), row("b"), original("c")); r.Err == nil {
			t.Fatal("no error")
		}
		time.Sleep(time.Minute) // the bubble's clock: the store is found well
		synctest.Wait()
		f.after = nil
		again := []storage.Row{original("new"), original("c"), original("a")}
		if r := <-send(t, w, again...); r.Err != nil || r.Dropped != 0 {
			t.Errorf("sent again: %+v", r)
		}
		stored := f.stored()
		if again[1].ID != stored[2].ID || again[2].ID != stored[0].ID || again[0].ID != stored[3].ID {
			t.Errorf("ids %d %d %d; stored are %+v", again[0].ID, again[1].ID, again[2].ID, stored)
		}
		if r := <-send(t, w, again...); r.Dropped != 7 {
			t.Errorf("a resend of what was delivered: %+v", r)
		}
	})
}

// A resend that fails is still a resend the next time: what was delivered once is not delivered again.
func TestFailedResend(t *testing.T) {
	f := &fake{}
	w := open(t, f, archive.Options{})
	<-send(t, w, original("a"))
	f.before = func(context.Context, storage.Batch) error { return errDown }
	<-send(t, w, original("a"))
	f.before = nil
	if r := <-send(t, w, original("a")); r.Err != nil || !r.DroppedRow(0) {
		t.Errorf("%+v", r)
	}
}

// Outcomes are forgotten after a while, and the oldest when there are too many.
func TestUnsureIsBounded(t *testing.T) {
	now := time.Now()
	u := archive.NewUnsure(3)
	for id := range int64(5) {
		u.Add(id+1, now.Add(time.Duration(id)*time.Minute))
	}
	if n := u.Len(); n != 3 {
		t.Errorf("%d are held", n)
	}
	later := now.Add(archive.UnsureTime + 3*time.Minute) // since the fourth
	for i, tt := range []struct {
		id    int64
		found bool
	}{0: {2, false}, 1: {3, false}, 2: {5, true}, 3: {5, false}, 4: {6, false}} {
		if u.Take(tt.id, later) != tt.found {
			t.Errorf("%d: id %d found is %v", i, tt.id, !tt.found)
		}
	}
}
