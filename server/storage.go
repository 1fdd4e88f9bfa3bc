package server

import (
	"context"
	"fmt"
	"log/slog"

	"salon.im/salon/config"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/storage/sqlite"
)

// OpenStore opens the database that the settings name, and brings its schema up to date. The caller has the right to write
// to it: for SQLite by the lock of the data directory, for PostgreSQL by a lock in the database, which OpenStore takes.
func OpenStore(ctx context.Context, cfg *config.Config, log *slog.Logger) (storage.Store, error) {
	return openStore(ctx, cfg, log, sqlite.Full)
}

func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger, sync sqlite.Synchronous) (storage.Store, error) {
	switch cfg.Storage.URL.Scheme() {
	case "sqlite":
		s, err := sqlite.Open(ctx, sqlite.Options{Path: cfg.SQLitePath(), Synchronous: sync})
		if err != nil {
			return nil, err // not a store that holds a nil one
		}
		return s, nil
	case "postgres":
		s, err := postgres.Open(ctx, postgres.Options{URL: cfg.Storage.URL.Reveal(), Log: log})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return nil, fmt.Errorf("storage.url %s: its back end is unknown", cfg.Storage.URL)
}

// InspectStore looks at the database that the settings name without changing it, whoever works on it.
func InspectStore(ctx context.Context, cfg *config.Config) (storage.Overview, error) {
	switch cfg.Storage.URL.Scheme() {
	case "sqlite":
		return sqlite.Inspect(ctx, cfg.SQLitePath())
	case "postgres":
		return postgres.Inspect(ctx, cfg.Storage.URL.Reveal())
	}
	return storage.Overview{}, fmt.Errorf("storage.url %s: its back end is unknown", cfg.Storage.URL)
}
