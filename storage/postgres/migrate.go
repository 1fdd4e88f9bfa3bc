package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"salon.im/salon/storage"
)

// The schema's steps. They are append-only: a step that was released never changes. Other back ends number theirs alike.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrateClass is the lock of migrations: whoever comes second waits, and finds them done.
const migrateClass = lockClass + 1

// migrate brings the schema up to date, each step in a transaction, and returns its number. It looks before it writes.
func (s *Store) migrate(ctx context.Context, config *pgx.ConnConfig) (head int64, err error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	names, err := fs.Glob(steps, "*.sql")
	if err != nil {
		return 0, err
	}
	head = int64(len(names)) // they are numbered from 1 without a gap; a test sees to it
	pc, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, err
	}
	defer pc.Close(context.WithoutCancel(ctx)) // which gives the lock back
	c := &conn{ctx, pc}
	if err := s.checkServer(c); err != nil {
		return 0, err
	}
	if current, err := version(c); err != nil || current >= head {
		return head, checkVersion(current, head, err)
	}
	if _, err := c.exec(`SELECT pg_advisory_lock($1, current_schema()::regnamespace::oid::int)`, migrateClass); err != nil {
		return 0, err
	}
	if current, err := version(c); err != nil || current >= head {
		return head, checkVersion(current, head, err) // another process was faster
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, err
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, fmt.Errorf("bring the schema up to date: %w", err)
	}
	return head, nil
}

// checkServer refuses a database that would garble text, and warns of one that forgets.
func (s *Store) checkServer(c *conn) error {
	var encoding, fsync, fullPages string
	var number int
	err := c.get(`SELECT current_setting('server_encoding'), current_setting('fsync'), current_setting('full_page_writes'),
		current_setting('server_version_num')::int`, nil, &encoding, &fsync, &fullPages, &number)
	if err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("postgres: open: %s: its encoding is %s; make another one: createdb -E UTF8 -T template0 <name>", s.where, encoding)
	}
	if number < 14_00_00 {
		return fmt.Errorf("postgres: open: %s: PostgreSQL %d is too old; install 14 or newer", s.where, number/10000)
	}
	if fsync != "on" || fullPages != "on" {
		s.log.Warn("PostgreSQL may lose or damage data at a power cut: set fsync and full_page_writes to on",
			"fsync", fsync, "full_page_writes", fullPages)
	}
	return nil
}

// checkSchema looks whether another program changed the schema since it was opened.
func checkSchema(c *conn, head int64) error {
	current, err := version(c)
	if err == nil && current < head {
		return fmt.Errorf("postgres: the schema is number %d and was %d: restart Salon", current, head)
	}
	return checkVersion(current, head, err)
}

func checkVersion(current, head int64, err error) error {
	if err == nil && current > head {
		return fmt.Errorf("%w: its schema is number %d, this program knows %d; install the newer Salon again, or name another database",
			storage.ErrTooNew, current, head)
	}
	return err
}

// version returns the number of the newest step that was taken, 0 for an empty database. It writes nothing.
func version(c *conn) (version int64, err error) {
	var tables, ours int
	err = c.get(`SELECT count(*), count(*) FILTER (WHERE relname = 'goose_db_version') FROM pg_class t
		WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = t.oid AND deptype = 'e')`,
		nil, &tables, &ours)
	if err != nil || tables == 0 {
		return 0, err
	}
	if ours == 0 {
		return 0, fmt.Errorf("postgres: open: the database %q holds another program's tables; make one for Salon alone: createdb -E UTF8 -T template0 <name>",
			c.Config().Database)
	}
	err = c.get(`SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`, nil, &version)
	return version, err
}
