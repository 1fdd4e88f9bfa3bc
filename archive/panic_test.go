package archive_test

import (
	"context"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

// A done function that panics costs no other its answer, and nothing its room.
func TestPanickingDone(t *testing.T) {
	w := open(t, &fake{}, archive.Options{})
	if err := w.Append(t.Context(), nil, func(archive.Result) { panic("a mistake of ours") }); err != nil {
		t.Fatal(err)
	}
	if err := w.Barrier(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if s := w.Stats(); s.Panics != 1 || s.Held != 0 {
		t.Errorf("%+v", s)
	}
}

// broken is a store that panics.
type broken struct{ *fake }

func (broken) Append(context.Context, storage.Batch) ([]storage.Dropped, error) {
	panic("a mistake of ours")
}

// A store that panics fails its batch, and is counted.
func TestPanickingStore(t *testing.T) {
	w := open(t, broken{&fake{}}, archive.Options{})
	failed := make(chan error, 1)
	if err := w.Append(t.Context(), []storage.Row{row("hello")}, func(r archive.Result) { failed <- r.Err }); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("stored")
	}
	if n := w.Stats().Panics; n == 0 {
		t.Error("not counted")
	}
}
