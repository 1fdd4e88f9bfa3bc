package auth_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"salon.im/salon/auth"
)

// A flood of PLAIN logins runs n at a time; of those that wait, the one over the bound is refused at once.
func TestPoolBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := auth.NewPool(2)
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		var running, finished, refused atomic.Int64
		work := func() {
			running.Add(1)
			<-release
		}
		for range 2 + auth.MaxQueued {
			go func() {
				if pool.Run(ctx, work) == nil {
					finished.Add(1)
				} else {
					refused.Add(1)
				}
			}()
		}
		synctest.Wait()
		if running.Load() != 2 {
			t.Errorf("%d run at once, want 2", running.Load())
		}
		if err := pool.Run(ctx, work); condition(t, err) != auth.TemporaryAuthFailure || !errors.Is(err, auth.ErrBusy) {
			t.Errorf("one over the bound: %v", err)
		}
		release <- struct{}{}
		synctest.Wait()
		if running.Load() != 3 || finished.Load() != 1 {
			t.Errorf("after one has finished: %d ran, %d finished", running.Load(), finished.Load())
		}
		cancel() // the streams of the others die
		synctest.Wait()
		close(release)
		synctest.Wait()
		if finished.Load() != 3 || refused.Load() != auth.MaxQueued-1 {
			t.Errorf("%d finished, %d refused", finished.Load(), refused.Load())
		}
		if err := pool.Run(t.Context(), func() {}); err != nil || pool.Runs() != 4 {
			t.Errorf("afterwards: %v, %d runs", err, pool.Runs())
		}
	})
}

func TestPoolDefault(t *testing.T) {
	if err := auth.NewPool(0).Run(t.Context(), func() {}); err != nil {
		t.Error(err)
	}
}
