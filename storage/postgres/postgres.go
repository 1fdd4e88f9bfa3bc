// Package postgres keeps Salon's data in a PostgreSQL database: the back end of package storage for large servers.
//
// One connection, the writer's, holds an advisory lock for as long as the store is open, and everything that changes an
// archive goes through that very connection: who lost the lock cannot write, and a second Salon on the same database is
// refused. If the connection breaks it is dialled again, with growing pauses, and nothing is written before the lock is
// back. Everything else uses a pool.
//
// A write that has begun goes on for some seconds after its context has ended, so that a cancelled caller seldom leaves
// doubt; a commit whose answer was lost is the one case in which an error does not mean that nothing was stored. A read that
// met a dead connection is made once more on another; a write only if nothing had been sent.
//
//	store, err := postgres.Open(ctx, postgres.Options{URL: "postgres://salon@db.example.org/salon"})
//
// Open starts goroutines that finish interrupted deletions and that vacuum after rewrites; Close ends them.
package postgres

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"salon.im/salon/storage"
)

// Options name a database.
type Options struct {
	// URL is postgres://user:password@host:port/database?sslmode=…; a host that is a directory holds the unix socket.
	// Errors and logs never show its password.
	URL string
	// Log gets warnings about the server's settings and what went on in the background. nil discards them.
	Log *slog.Logger
	// ReadConns bounds the pool; 0 is 8. The writer's connection comes on top.
	ReadConns int
}

const defaultReadConns = 8

// errClosed is returned by every method after Close.
var errClosed = errors.New("postgres: the store is closed")

// Store is an open database. It implements [storage.Store]. All methods are safe for any goroutine.
type Store struct {
	where   string // the database as errors name it, without the password
	log     *slog.Logger
	pool    *pgxpool.Pool
	writer  chan *writer // one slot: who holds the value may write to archives
	vacuum  *vacuum
	sweeper *storage.Sweeper

	closing  chan struct{} // closed by Close
	stop     context.CancelFunc
	working  sync.WaitGroup // the goroutines that Open started
	once     sync.Once
	closeErr error
}

var _ storage.Store = (*Store)(nil)

// Ping writes a row on the writer's connection and so says whether messages can be stored now.
func (s *Store) Ping(ctx context.Context) error {
	return s.writeArchive(ctx, "ping", func(w *writer, c *conn) error {
		_, err := c.exec(`INSERT INTO pings (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
			time.Now().UnixMilli())
		return err
	})
}

// Close waits for the operations under way and closes the connections. Methods called later return an error.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.stop()
		s.working.Wait()
		s.closeErr = (<-s.writer).close()
		s.pool.Close()
	})
	return s.closeErr
}
