package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/storage"
)

// The waits between two attempts to open a database that cannot be reached; they double.
const (
	firstAwait = 100 * time.Millisecond
	lastAwait  = 2 * time.Second
)

// awaitStore opens the configured store. A machine that starts may bring up Salon before its database, so one that cannot
// be reached is tried again for as long as Options.StoreWait says; any other error ends it at once.
func (s *Server) awaitStore(ctx context.Context, cfg *config.Config) (storage.Store, error) {
	began, backoff := time.Now(), firstAwait
	for {
		st, err := openStore(ctx, cfg, s.o.Log, s.o.Synchronous)
		waited := time.Since(began)
		if err == nil && backoff > firstAwait {
			s.o.Log.Info("storage: the database answers", "after", waited)
		}
		if !errors.Is(err, storage.ErrAway) || s.o.StoreWait <= 0 {
			return st, err
		}
		if waited+backoff > s.o.StoreWait {
			return nil, fmt.Errorf("given up after %v: %w", waited.Round(time.Second), err)
		}
		if backoff == firstAwait {
			s.o.Log.Warn("storage: the database cannot be reached; the start waits for it", "for", s.o.StoreWait, "err", err)
		}
		t := time.NewTimer(backoff)
		select {
		case <-t.C:
			backoff = min(2*backoff, lastAwait)
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
	}
}
