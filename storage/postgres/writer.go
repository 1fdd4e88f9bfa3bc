package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// lockClass is the first half of the advisory locks' key, "Salo"; the second is the schema's number, so that two
	// schemas of a database can each have a Salon.
	lockClass = 0x53616c6f
	// lockPoll is how often the lock is tried while Open waits for a predecessor to end.
	lockPoll = 50 * time.Millisecond
	// redialMin and redialMax bound the pause after a dial that failed: a server that is back is noticed soon.
	redialMin = 100 * time.Millisecond
	redialMax = time.Second
)

// lockWait is how long the lock is waited for: a server that was restarted may find its predecessor's connection.
var lockWait = 5 * time.Second

// errHeld says that another Salon holds the lock.
var errHeld = errors.New("another Salon holds the database")

// writer is the connection that holds the lock, with what is known thanks to it. One goroutine at a time has it.
type writer struct {
	config  *pgx.ConnConfig
	check   func(*conn) error // looks at the schema, once the lock is held
	wait    time.Duration     // for the lock
	conn    *pgx.Conn         // nil or closed: to be dialled
	session session           // of conn, or of the one before
	owners  owners
	buf     []byte // of copyRows
	months  *months
	failure error // of the last dial, until it may be tried again
	retry   time.Time
	pause   time.Duration
}

// withWriter runs do with the writer, once it is connected and holds the lock. It waits for others as long as ctx lives. do
// reports whether it began to change something: if it met a dead connection before, it runs again on a new one.
func (s *Store) withWriter(ctx context.Context, verb string, do func(*writer, *conn) (began bool, err error)) error {
	if err := s.usable(ctx); err != nil {
		return fmt.Errorf("postgres: %s: %w", verb, err)
	}
	var w *writer
	select {
	case w = <-s.writer:
	case <-ctx.Done():
		return fmt.Errorf("postgres: %s: %w", verb, ctx.Err())
	case <-s.closing:
		return fmt.Errorf("postgres: %s: %w", verb, errClosed)
	}
	defer func() { s.writer <- w }()
	bounded, end := outlast(ctx)
	defer end()
	for again := false; ; again = true {
		if err := w.connect(bounded); err != nil {
			return s.explain(verb, err)
		}
		began, err := do(w, &conn{bounded, w.conn})
		if began || again || !broken(err) {
			return s.explain(verb, err)
		}
		w.conn.Close(bounded) // it is of no use, whatever is left of it
	}
}

// writeArchive runs do in a transaction on the writer's connection, and commits it if do returns nil.
func (s *Store) writeArchive(ctx context.Context, verb string, do func(*writer, *conn) error) error {
	return s.withWriter(ctx, verb, func(w *writer, c *conn) (bool, error) { return w.transact(c, do) })
}

// transact reports whether the transaction had begun.
func (w *writer) transact(c *conn, do func(*writer, *conn) error) (began bool, err error) {
	committed := false
	defer func() { w.owners.End(committed) }()
	began, err = transact(c, func(c *conn) error { return do(w, c) })
	committed = err == nil
	return began, err
}

// connect sees to a connection that holds the lock.
func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil && !w.conn.IsClosed() {
		return nil
	}
	if w.failure != nil && time.Now().Before(w.retry) {
		return w.failure
	}
	err := w.dial(ctx)
	if err == nil {
		w.failure, w.pause = nil, 0
		return nil
	}
	if ctx.Err() != nil {
		return err // the caller's time was up: that is nobody else's failure
	}
	w.pause = min(max(2*w.pause, redialMin), redialMax)
	w.failure, w.retry = err, time.Now().Add(w.pause)
	return err
}

// dial connects, takes the lock, and looks around: another process may have had it since.
func (w *writer) dial(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, w.config)
	if err != nil {
		return err
	}
	w.owners.Clear()
	work := &conn{ctx, c}
	err = w.lock(work)
	if err == nil {
		err = w.check(work)
	}
	if err == nil {
		err = w.months.load(work, time.Now())
	}
	if err != nil {
		c.Close(ctx)
		return err
	}
	w.conn, w.wait, w.check = c, 0, checkSchema // later on, nobody is to wait for a lock that another one took
	return nil
}

func (w *writer) close() error {
	if w.conn == nil || w.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return w.conn.Close(ctx)
}

// session names a process of PostgreSQL for good: process numbers come again.
type session struct {
	pid   int32
	start time.Time
}

// lock takes the advisory lock for the life of the connection. What may hold it yet is what is left of the connection
// before: PostgreSQL notices the end of one late if the network was at fault. That one is ended.
func (w *writer) lock(c *conn) error {
	end, mine, freed := time.Now().Add(w.wait), false, false
	for {
		var ours bool
		err := c.get(`SELECT pg_try_advisory_lock($1, current_schema()::regnamespace::oid::int)`, []any{lockClass}, &ours)
		if err != nil {
			return err
		}
		if ours {
			return c.get(`SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()`, nil, &w.session.pid, &w.session.start)
		}
		if !mine {
			if mine, err = terminate(c, w.session); err != nil {
				return err
			}
			if mine {
				end = time.Now().Add(grace)
			}
		}
		if !time.Now().Before(end) {
			who, err := holder(c)
			switch {
			case err != nil:
				return err
			case who != "":
				return fmt.Errorf("%w (%s)", errHeld, who)
			case freed:
				return errHeld
			}
			freed, end = true, time.Now().Add(grace) // it let go since, such as what was left of our connection before
		}
		select {
		case <-time.After(lockPoll):
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
	}
}

// terminate ends a session of ours and reports whether there was one.
func terminate(c *conn, s session) (found bool, err error) {
	err = c.get(`SELECT coalesce(bool_or(pg_terminate_backend(pid)), false) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2`,
		[]any{s.pid, s.start}, &found)
	return found, err
}
