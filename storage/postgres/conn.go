package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"salon.im/salon/storage"
)

const (
	connectTimeout = 5 * time.Second
	acquireTimeout = 5 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 30 * time.Second
	// grace is how long a write that has begun goes on after its context has ended. Cutting it short costs the connection.
	grace = time.Second
	// attempts bounds how often a transaction is made that PostgreSQL undid as one of two that were in each other's way.
	attempts = 5
)

// conn is a connection with the context that bounds what is done on it.
type conn struct {
	ctx context.Context
	*pgx.Conn
}

// exec returns the number of changed rows.
func (c *conn) exec(query string, args ...any) (int64, error) {
	tag, err := c.Exec(c.ctx, query, args...)
	return tag.RowsAffected(), err
}

// plain runs statements that are not worth preparing.
func (c *conn) plain(statements string) (pgconn.CommandTag, error) {
	return c.Exec(c.ctx, statements, pgx.QueryExecModeSimpleProtocol)
}

// get scans the first row, or returns pgx.ErrNoRows.
func (c *conn) get(query string, args []any, dest ...any) error {
	return c.QueryRow(c.ctx, query, args...).Scan(dest...)
}

// list calls each for every row.
func (c *conn) list(query string, args []any, each func(pgx.Rows) error) error {
	rows, err := c.Query(c.ctx, query, args...)
	if err != nil {
		return err
	}
	return every(rows, each)
}

// collect returns what scan reads of every row.
func collect[T any](c *conn, scan func(storage.Scanner, *T) error, query string, args ...any) ([]T, error) {
	rows, err := c.Query(c.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collectRows(rows, scan)
}

func collectRows[T any](rows pgx.Rows, scan func(storage.Scanner, *T) error) (all []T, err error) {
	err = every(rows, func(r pgx.Rows) error {
		all = append(all, *new(T))
		return scan(r, &all[len(all)-1]) // where it stays: no allocation for each row
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func every(rows pgx.Rows, each func(pgx.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// send runs the statements in one round trip, in one transaction if there is one.
func (c *conn) send(b *pgx.Batch) error {
	return c.SendBatch(c.ctx, b).Close()
}

// read runs do on a connection of the pool, without a transaction. verb names the operation in errors.
func (s *Store) read(ctx context.Context, verb string, do func(*conn) error) error {
	if err := s.usable(ctx); err != nil {
		return fmt.Errorf("postgres: %s: %w", verb, err)
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	dead, err := s.readOnce(ctx, do)
	if dead && ctx.Err() == nil {
		s.pool.Reset() // the others died with it, most likely
		_, err = s.readOnce(ctx, do)
	}
	return s.explain(verb, err)
}

// readOnce reports whether the connection broke.
func (s *Store) readOnce(ctx context.Context, do func(*conn) error) (dead bool, err error) {
	p, err := s.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer p.Release()
	err = do(&conn{ctx, p.Conn()})
	return err != nil && p.Conn().IsClosed(), err
}

// snapshot runs queries that see one state of the database, in one round trip.
func (s *Store) snapshot(ctx context.Context, verb string, queue func(*pgx.Batch)) error {
	return s.read(ctx, verb, func(c *conn) error {
		b := &pgx.Batch{}
		b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
		queue(b)
		b.Queue(`COMMIT`)
		return c.send(b)
	})
}

// write runs do in a transaction on a connection of the pool, and commits it if do returns nil. Errors of do come back as
// they are if they are not the database's. do runs again if the transaction was undone as one side of a deadlock.
func (s *Store) write(ctx context.Context, verb string, do func(*conn) error) error {
	if err := s.usable(ctx); err != nil {
		return fmt.Errorf("postgres: %s: %w", verb, err)
	}
	bounded, end := outlast(ctx)
	defer end()
	var err error
	reset := false
	for range attempts {
		var began bool
		began, err = s.writeOnce(ctx, bounded, do)
		if !began && !reset && broken(err) { // nothing was sent: another connection may live
			reset = true
			s.pool.Reset()
			continue
		}
		if !undone(err) {
			break
		}
	}
	return s.explain(verb, err)
}

// writeOnce reports whether the transaction had begun.
func (s *Store) writeOnce(ctx, bounded context.Context, do func(*conn) error) (began bool, err error) {
	p, err := s.acquire(ctx)
	if err != nil {
		return true, err // a new connection would fare no better
	}
	defer p.Release()
	return transact(&conn{bounded, p.Conn()}, do)
}

// transact rolls back if do fails or panics.
func transact(c *conn, do func(*conn) error) (began bool, err error) {
	if _, err := c.plain(`BEGIN`); err != nil {
		return false, err
	}
	done := false
	defer func() {
		if done || c.IsClosed() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		c.Exec(ctx, `ROLLBACK`, pgx.QueryExecModeSimpleProtocol) // if it fails the connection is closed, which rolls back too
	}()
	if err := do(c); err != nil {
		return true, err
	}
	tag, err := c.plain(`COMMIT`)
	if err == nil && tag.String() != "COMMIT" { // PostgreSQL answers so when a statement failed and nobody looked
		err = fmt.Errorf("the transaction was undone: %s", tag)
	}
	done = err == nil
	return true, err
}

// usable looks whether the store is open and the context lives: that has precedence over everything.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return errClosed
	default:
		return nil
	}
}

func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	limited, cancel := context.WithTimeoutCause(ctx, acquireTimeout, errBusy)
	defer cancel()
	p, err := s.pool.Acquire(limited)
	if err != nil && ctx.Err() == nil && context.Cause(limited) == errBusy {
		err = fmt.Errorf("%w (%w)", errBusy, err)
	}
	return p, err
}

var errBusy = errors.New("no connection within 5 s: PostgreSQL does not answer, or all connections of the pool are in use")

// outlast returns a context that ends a while after ctx does, and in any case in time.
func outlast(ctx context.Context) (context.Context, func()) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-bounded.Done():
		}
	})
	return bounded, func() {
		stop()
		cancel()
	}
}

// undone reports whether PostgreSQL rolled a transaction back for the sake of another, so that it may be made again:
// serialization_failure, deadlock_detected.
func undone(err error) bool {
	switch code(err) {
	case "40001", "40P01":
		return true
	}
	return false
}

// broken reports whether err is the end of a connection and not the answer of a server that works.
func broken(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	switch c := code(err); {
	case c == "":
		return true
	case c[:2] == "57": // operator intervention: the server is ending
		return true
	}
	return false
}

// code is the SQLSTATE of an error that PostgreSQL answered, else "".
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
