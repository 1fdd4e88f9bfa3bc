package storagetest_test

import (
	"context"
	"errors"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/storagetest"
)

// counting is a store that only counts its appends.
type counting struct {
	storage.Store
	appends int
}

func (c *counting) Append(context.Context, storage.Batch) ([]storage.Dropped, error) {
	c.appends++
	return nil, nil
}
func (c *counting) Ping(context.Context) error { return nil }

func TestFaulty(t *testing.T) {
	inner := &counting{}
	f := storagetest.NewFaulty(inner)
	appendErr := func() error {
		_, err := f.Append(t.Context(), storage.Batch{Rows: make([]storage.Row, 3)})
		return err
	}
	f.FailAppend(2, nil)
	for i, want := range []error{nil, storagetest.ErrFault, nil} {
		if err := appendErr(); err != want {
			t.Errorf("%d: got %v, want %v", i, err, want)
		}
	}
	f.FailAppendAfter(1, storage.ErrConflict)
	if err := appendErr(); !errors.Is(err, storage.ErrConflict) || inner.appends != 3 {
		t.Errorf("got %v after %d appends", err, inner.appends)
	}
	f.SetDown(storagetest.ErrFault)
	if appendErr() == nil || f.Ping(t.Context()) == nil {
		t.Error("a store that is down works")
	}
	f.SetDown(nil)

	waiting, release := f.HoldAppend()
	done := make(chan error)
	go func() { done <- appendErr() }()
	<-waiting
	select {
	case <-done:
		t.Error("Append did not wait")
	default:
	}
	release()
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := f.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if n := f.Batches(); len(n) != 6 || n[0] != 3 {
		t.Errorf("batches %v", n)
	}
}
