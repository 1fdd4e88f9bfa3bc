package archive_test

import (
	"context"
	"errors"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

// Dropped is told to the Append whose row it is, by that row's place, wherever in the batch it lies.
func TestDroppedInABatch(t *testing.T) {
	f := &fake{}
	before, entered, pass := gate()
	f.before = before
	w := open(t, f, archive.Options{})
	fresh, known := row("hello"), row("hello")
	known.Origin = archive.Origin(romeo, "o1")
	send(t, w, known)
	<-entered
	results := []<-chan archive.Result{send(t, w, fresh, fresh), send(t, w), send(t, w, fresh, known, fresh), send(t, w, known)}
	pass <- nil
	<-entered
	pass <- nil
	for i, want := range []uint64{0, 0, 2, 1} {
		if r := <-results[i]; r.Dropped != want || r.Err != nil {
			t.Errorf("%d: %+v, want %b", i, r, want)
		}
	}
}

// What cannot be told apart is not tried again: a commit that timed out may have been carried out. Nor is a store that
// fails each time asked without end.
func TestFailedBatchIsBounded(t *testing.T) {
	for i, c := range []struct {
		err     error
		highest int
	}{
		0: {context.DeadlineExceeded, 1},
		1: {errDown, 16},
	} {
		f := &fake{}
		before, entered, pass := gate()
		f.before = before
		w := open(t, f, archive.Options{})
		send(t, w, row("under way"))
		<-entered
		var results []<-chan archive.Result
		for range 300 {
			results = append(results, send(t, w, row("x")))
		}
		attempts := 0
		f.before = func(context.Context, storage.Batch) error { attempts++; return c.err }
		pass <- nil
		for _, res := range results {
			if r := <-res; !errors.Is(r.Err, c.err) {
				t.Fatalf("%d: %v", i, r.Err)
			}
		}
		if attempts < 1 || attempts > c.highest {
			t.Errorf("%d: %d attempts, want %d at most", i, attempts, c.highest)
		}
	}
}
