package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	modernc "modernc.org/sqlite"

	"salon.im/salon/storage"
)

// noCancel is the context of every statement. A cancellable one would cost a goroutine a statement in the driver, and
// could interrupt the connection's next statement instead of its own.
var noCancel = context.Background()

// conn is one connection with its prepared statements. One goroutine at a time may use it.
//
// What is executed goes to the driver directly: database/sql would take a tenth of the time of a stored message.
type conn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt   // by their text: a constant of this package, so the map is bounded
	execs map[string]driver.Stmt // likewise, of the driver

	// Of the statement that is executed.
	query   string
	args    []driver.NamedValue
	changed int64           // rows
	step    func(any) error // execute
}

func connect(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	conn := &conn{c: c, stmts: make(map[string]*sql.Stmt), execs: make(map[string]driver.Stmt)}
	conn.step = conn.execute
	return conn, nil
}

func (c *conn) close() error {
	c.c.Raw(func(any) error {
		for _, st := range c.execs {
			st.Close()
		}
		return nil
	})
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

// exec returns the number of changed rows. Arguments are those that a driver knows, and int.
func (c *conn) exec(query string, args ...any) (int64, error) {
	c.args = c.args[:0]
	for i, arg := range args {
		if v, ok := arg.(int); ok {
			arg = int64(v)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: arg})
	}
	c.query = query
	err := c.c.Raw(c.step)
	clear(c.args) // they may hold pieces of stanzas
	return c.changed, err
}

// execute is the half of exec that has the driver's connection.
func (c *conn) execute(raw any) (err error) {
	st := c.execs[c.query]
	if st == nil {
		if st, err = raw.(driver.ConnPrepareContext).PrepareContext(noCancel, c.query); err != nil {
			return err
		}
		c.execs[c.query] = st
	}
	res, err := st.(driver.StmtExecContext).ExecContext(noCancel, c.args)
	if err != nil {
		return err
	}
	c.changed, err = res.RowsAffected()
	return err
}

// version is a number that changes with each transaction of any connection, as far as this connection has seen them.
func (c *conn) version() (v uint32, err error) {
	err = c.c.Raw(func(raw any) error {
		v, err = raw.(modernc.FileControl).FileControlDataVersion("main")
		return err
	})
	return v, err
}

// get scans the first row, or returns sql.ErrNoRows.
func (c *conn) get(query string, args []any, dest ...any) error {
	st, err := c.stmt(query)
	if err != nil {
		return err
	}
	return st.QueryRowContext(noCancel, args...).Scan(dest...)
}

// first returns what scan reads of the first row, or sql.ErrNoRows.
func first[T any](c *conn, scan func(storage.Scanner, *T) error, query string, args ...any) (v T, err error) {
	st, err := c.stmt(query)
	if err != nil {
		return v, err
	}
	err = scan(st.QueryRowContext(noCancel, args...), &v)
	return v, err
}

// collect returns what scan reads of every row.
func collect[T any](c *conn, scan func(storage.Scanner, *T) error, query string, args ...any) (all []T, err error) {
	err = c.list(query, args, func(r *sql.Rows) error {
		all = append(all, *new(T))
		return scan(r, &all[len(all)-1]) // where it stays: no allocation for each row
	})
	if err != nil {
		return nil, err
	}
	return all, nil
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
	defer func() {
		s.owners.end(c, committed)
		s.fresh.end(committed)
	}()
	err = c.transact("BEGIN IMMEDIATE", func(c *conn) error {
		others, err := s.owners.begin(c)
		if err != nil {
			return err
		}
		s.passing = s.passing || others
		if err := s.fresh.begin(c, others); err != nil {
			return err
		}
		return do(c)
	})
	committed = err == nil
	s.passing = s.passing || !committed // what was not seen any more may be there again
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
