package archive_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

// Where clients are shown what is not committed yet, who reads for them waits until it is.
func TestSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{before: func(context.Context, storage.Batch) error { time.Sleep(time.Second); return nil }}
		w := open(t, f, archive.Options{Ack: archive.Async})
		s := archive.Settled(f, w)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for i, read := range []func(context.Context) error{
			0: func(ctx context.Context) error {
				_, err := s.Page(ctx, storage.Query{Owner: juliet, Limit: 10})
				return err
			},
			1: func(ctx context.Context) error { _, err := s.Rows(ctx, juliet, []int64{1}); return err },
			2: func(ctx context.Context) error { _, err := s.ByOrigin(ctx, juliet, []byte("o")); return err },
			3: func(ctx context.Context) error { _, err := s.Undelivered(ctx, juliet, 0, 10); return err },
		} {
			rows := []storage.Row{row("shown")}
			<-send(t, w, rows...)
			if err := read(gone); !errors.Is(err, context.Canceled) {
				t.Errorf("%d: a read goes on without its caller: %v", i, err)
			}
			if err := read(t.Context()); err != nil && !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%d: %v", i, err)
			}
			if !slices.ContainsFunc(f.stored(), func(r storage.Row) bool { return r.ID == rows[0].ID }) {
				t.Errorf("%d: the read did not wait", i)
			}
		}
	})
	f := &fake{}
	if archive.Settled(f, open(t, f, archive.Options{})) != storage.Archive(f) {
		t.Error("reads wait where nothing is shown before it is committed")
	}
}
