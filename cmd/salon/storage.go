package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/server"
	"salon.im/salon/storage"
)

func (a *app) storageCmd() *cobra.Command {
	c := a.group(&cobra.Command{Use: "storage", Short: "Look at the database, bring its schema up to date, copy it into another, index it anew"})
	c.AddCommand(a.storageStatusCmd(), a.storageMigrateCmd(), a.storageCopyCmd(), a.storageReindexCmd())
	return c
}

// openStore opens the database of the settings. What it would log is for who runs the server.
func openStore(ctx context.Context, cfg *config.Config) (storage.Store, error) {
	return server.OpenStore(ctx, cfg, slog.New(slog.DiscardHandler))
}

// locks are the right to work on data directories.
type locks []*control.Lock

func (l locks) release() {
	for _, lock := range l {
		_ = lock.Release() // the file is only emptied: the right ends with the process anyway
	}
}

// lockStores takes the lock of the data directory, and of each other one that an SQLite database lies in. A PostgreSQL
// database has a lock of its own, which OpenStore takes.
func lockStores(purpose string, cfg *config.Config, stores ...*config.Config) (taken locks, err error) {
	lock, err := control.MakeAndLock(cfg.Data, purpose)
	if err != nil {
		return nil, err
	}
	taken = locks{lock}
	seen := []string{cfg.Data}
	for _, s := range stores {
		dir := filepath.Dir(s.SQLitePath())
		if s.Storage.URL.Scheme() != "sqlite" || contains(seen, dir) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, control.LockName)); err != nil {
			continue // no data directory: nobody's server is there
		}
		lock, err := control.AcquireLock(dir, purpose)
		if err != nil {
			taken.release()
			return nil, err
		}
		taken, seen = append(taken, lock), append(seen, dir)
	}
	return taken, nil
}

// contains says whether a directory is among others, by whatever names.
func contains(dirs []string, dir string) bool {
	for _, other := range dirs {
		a, err1 := os.Stat(other)
		b, err2 := os.Stat(dir)
		if err1 == nil && err2 == nil && os.SameFile(a, b) {
			return true
		}
	}
	return false
}

// withURL returns the settings with another database.
func withURL(cfg *config.Config, url config.StorageURL) (*config.Config, error) {
	other := *cfg
	other.Storage = config.Storage{URL: url}
	if err := other.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	return &other, nil
}
