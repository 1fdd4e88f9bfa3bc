package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/certs"
)

const (
	// lockPatience is how long Reach waits for a server that is just starting, or another command.
	lockPatience = 5 * time.Second
	lockRetry    = 50 * time.Millisecond
)

// Offline is the Admin over a store while no server runs. Its caller holds the Lock.
type Offline struct {
	*Users
	*Services
	Indexer *archive.Indexer
	DryRun  func(context.Context) ([]certs.Finding, error)
}

var _ Admin = Offline{}

var errNotRunning = &Error{NotRunning, "no server is running on this data directory: start one with `serve`"}

// Reload implements Admin: there is nothing to reload.
func (Offline) Reload(context.Context) (ReloadReport, error) { return ReloadReport{}, errNotRunning }

// Expire implements Privacy: only the server knows what rooms keep.
func (Offline) Expire(context.Context) (archive.KeeperReport, error) {
	return archive.KeeperReport{}, errNotRunning
}

// Reindex implements Privacy.
func (o Offline) Reindex(ctx context.Context) (int, error) { return o.Indexer.Reindex(ctx) }

// Status implements Admin: there is no server to tell of.
func (Offline) Status(context.Context) (Status, error) { return Status{}, errNotRunning }

// Reach returns the Admin of the server that runs on a data directory. Without a server it takes the directory's lock,
// making the directory if need be, and returns what offline opens. done gives everything back; call it once.
//
// It waits a few seconds for a holder of the lock that is no server: one that is starting, or another command. Then it
// returns a *HeldError. purpose is what the lock will say about us.
func Reach(ctx context.Context, dir, purpose string, offline func(context.Context) (a Admin, done func() error, err error)) (a Admin, done func() error, err error) {
	deadline := time.Now().Add(lockPatience)
	for {
		client, err := NewClient(ctx, dir)
		if err == nil {
			return client, client.Close, nil
		}
		if !errors.Is(err, ErrNoServer) {
			return nil, nil, err
		}
		lock, err := MakeAndLock(dir, purpose)
		if err == nil {
			return underLock(ctx, lock, offline)
		}
		var held *HeldError
		if !errors.As(err, &held) || time.Now().After(deadline) {
			return nil, nil, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(lockRetry):
		}
	}
}

// MakeAndLock makes the data directory with mode 0700 if it is not there, and takes its lock.
func MakeAndLock(dir, purpose string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data directory: %w: choose another with --data", err)
	}
	return AcquireLock(dir, purpose)
}

func underLock(ctx context.Context, lock *Lock, offline func(context.Context) (Admin, func() error, error)) (Admin, func() error, error) {
	a, closeStore, err := offline(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, lock.Release())
	}
	return a, func() error { return errors.Join(closeStore(), lock.Release()) }, nil
}
