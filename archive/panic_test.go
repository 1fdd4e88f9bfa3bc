package archive_test

import (
	"testing"

	"salon.im/salon/archive"
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
