package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"salon.im/salon/storage"
)

// The schema's steps. They are append-only: a step that was released never changes. Other back ends number theirs alike.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, each step in a transaction. It looks before it writes.
func (s *Store) migrate(ctx context.Context, sync Synchronous) error {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	head, err := storage.HeadVersion(migrations)
	if err != nil {
		return err
	}
	current, err := s.version(ctx)
	if err != nil || current == head {
		return err
	}
	if err := storage.CheckVersion(current, head); err != nil {
		return fmt.Errorf("sqlite: open %s: %w", s.path, err)
	}
	if err := s.prepareSteps(ctx, current, sync); err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		if now, again := s.version(ctx); again == nil && now == head {
			return nil // another process was faster
		}
		return fmt.Errorf("sqlite: migrate %s: %w", s.path, err)
	}
	return nil
}

// prepareSteps sets the one connection up for migrations. A new file need not be on the disk after each of its steps:
// the first commit after start waits for them all.
func (s *Store) prepareSteps(ctx context.Context, current int64, sync Synchronous) error {
	if _, err := s.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil || current > 0 || sync == Off {
		return err
	}
	_, err := s.db.ExecContext(ctx, "PRAGMA synchronous = NORMAL")
	return err
}

// version returns the number of the newest step that was taken, 0 for an empty database. It writes nothing.
func (s *Store) version(ctx context.Context) (int64, error) {
	var tables, ours, version int64
	err := s.db.QueryRowContext(ctx,
		`SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_schema`).Scan(&tables, &ours)
	if err != nil || tables == 0 {
		return 0, err
	}
	if ours == 0 {
		return 0, fmt.Errorf("sqlite: open %s: it is a database of another program; name another file", s.path)
	}
	err = s.db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version)
	return version, err
}
