package postgres

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"salon.im/salon/storage"
)

// The schema's steps. They are append-only: a step that was released never changes. Other back ends number theirs alike.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, each step in a transaction. It looks before it writes. c holds the lock, so that of
// two that start together one migrates, and no server finds its tables changed.
func (s *Store) migrate(c *conn) error {
	if err := s.checkServer(c); err != nil {
		return err
	}
	current, head, err := versions(c)
	if err != nil {
		return err
	}
	if current >= head {
		return storage.CheckVersion(current, head)
	}
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*c.Config())
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := p.Up(c.ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
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

// checkSchema looks whether another program changed the schema while the lock was lost.
func checkSchema(c *conn) error {
	current, head, err := versions(c)
	if err != nil {
		return err
	}
	if current < head {
		return fmt.Errorf("postgres: the schema is number %d and was %d: restart Salon", current, head)
	}
	return storage.CheckVersion(current, head)
}

// versions returns the numbers of the database's newest step and of the program's.
func versions(c *conn) (current, head int64, err error) {
	if head, err = storage.HeadVersion(migrations); err != nil {
		return 0, 0, err
	}
	current, err = version(c)
	return current, head, err
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
