package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// noCancel is the context of every statement. A cancellable one would cost a goroutine a statement in the driver, and
// could interrupt the connection's next statement instead of its own.
var noCancel = context.Background()

// conn is one connection with its prepared statements. One goroutine at a time may use it.
type conn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt // by their text: a constant of this package, so the map is bounded
}

func connect(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: make(map[string]*sql.Stmt)}, nil
}

func (c *conn) close() error {
	for _, st := range c.stmts {
		st.Close()
	}
	return c.c.Close()
}

func (c *conn) stmt(query string) (*sql.Stmt, error) {
	if st := c.stmts[query]; st != nil {
		return st, nil
	}
	st, err := c.c.PrepareContext(noCancel, query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = st
	return st, nil
}

// exec returns the number of changed rows.
func (c *conn) exec(query string, args ...any) (int64, error) {
	st, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(noCancel, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// get scans the first row, or returns sql.ErrNoRows.
func (c *conn) get(query string, args []any, dest ...any) error {
	st, err := c.stmt(query)
	if err != nil {
		return err
	}
	return st.QueryRowContext(noCancel, args...).Scan(dest...)
}

// list calls each for every row.
func (c *conn) list(query string, args []any, each func(*sql.Rows) error) error {
	st, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(noCancel, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// read runs do on a connection that sees one state of the database. verb names the operation in errors.
func (s *Store) read(ctx context.Context, verb string, do func(*conn) error) error {
	return s.readBy(ctx, verb, func(c *conn) error { return c.transact("BEGIN", do) })
}

// readOne is read for a single statement, which needs no transaction to see one state of the database.
func (s *Store) readOne(ctx context.Context, verb string, do func(*conn) error) error {
	return s.readBy(ctx, verb, do)
}

func (s *Store) readBy(ctx context.Context, verb string, do func(*conn) error) error {
	c, err := s.acquire(ctx, s.readers)
	if err != nil {
		return fmt.Errorf("sqlite: %s: %w", verb, err)
	}
	defer func() { s.readers <- c }()
	if c == nil {
		if c, err = connect(noCancel, s.readDB); err != nil {
			return s.explain(verb, err)
		}
	}
	return s.explain(verb, do(c))
}

// write runs do in a transaction on the one connection that writes, and commits it if do returns nil.
// Errors of do come back as they are if they are not the database's.
func (s *Store) write(ctx context.Context, verb string, do func(*conn) error) error {
	c, err := s.acquire(ctx, s.writer)
	if err != nil {
		return fmt.Errorf("sqlite: %s: %w", verb, err)
	}
	defer func() { s.writer <- c }()
	committed := false
	defer func() { s.owners.end(committed) }()
	err = c.transact("BEGIN IMMEDIATE", func(c *conn) error {
		if err := s.owners.begin(c); err != nil {
			return err
		}
		return do(c)
	})
	committed = err == nil
	if committed {
		s.erase(c, time.Now())
	}
	return s.explain(verb, err)
}

// acquire waits for a connection. A done context or a closed store has precedence over a free connection.
func (s *Store) acquire(ctx context.Context, from chan *conn) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-s.closing:
		return nil, errClosed
	default:
	}
	select {
	case c := <-from:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closing:
		return nil, errClosed
	}
}

// transact rolls back if do fails or panics.
func (c *conn) transact(begin string, do func(*conn) error) error {
	if _, err := c.exec(begin); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			c.exec("ROLLBACK") // fails if SQLite rolled back already: then there is nothing left to do
		}
	}()
	if err := do(c); err != nil {
		return err
	}
	if _, err := c.exec("COMMIT"); err != nil {
		return err
	}
	done = true
	return nil
}
