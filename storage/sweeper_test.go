package storage_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/storage"
)

// A sweeper goes on with what was there before it, with what a caller cut short, and after an error, a while later.
func TestSweeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sweeps atomic.Int32
		var fails atomic.Bool
		fails.Store(true)
		s := storage.NewSweeper(func(context.Context) error {
			if sweeps.Add(1); fails.Load() {
				return errors.New("there is more")
			}
			return nil
		})
		look := func(what string, want int32) {
			t.Helper()
			if synctest.Wait(); sweeps.Load() != want {
				t.Errorf("%s: swept %d times, want %d", what, sweeps.Load(), want)
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if s.Wait(ctx) != context.DeadlineExceeded {
			t.Error("who waits is not told that nobody swept")
		}
		ctx, stop = context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Loop(ctx)
		}()
		look("at the start", 1)
		if err := s.Wait(ctx); err != nil {
			t.Error(err)
		}
		time.Sleep(11 * time.Second)
		look("after an error", 2)
		fails.Store(false)
		time.Sleep(time.Hour)
		look("with nothing left", 3)
		s.Soon(ctx)
		look("in the caller's time", 4)
		fails.Store(true)
		s.Soon(ctx)
		look("out of it, and in the loop", 6)
		stop()
		<-done
	})
}
