// Package sqlite keeps Salon's data in one SQLite file: the embedded back end of package storage.
//
// One connection writes, up to four read, all on one write-ahead log with synchronous=FULL: what a method has stored
// when it returns survives a crash and a power cut. A method waits for its connection as long as its context lives;
// once its transaction has begun it runs to the end, so that a cancelled caller never leaves half a transaction, nor
// doubt whether one was committed. Every transaction is short, because every method is bounded.
//
//	store, err := sqlite.Open(ctx, sqlite.Options{Path: "/var/lib/salon/salon.db"})
//
// Open starts a goroutine that finishes deletions which a crash or an impatient caller cut short; Close ends it. A timer that
// clears the log of erased bytes runs after erasures alone.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"salon.im/salon/storage"
)

// Synchronous says when SQLite waits for the disk.
type Synchronous string

const (
	// Full waits for every commit. It is the zero value's meaning and the only one for a server.
	Full Synchronous = "FULL"
	// Off never waits: a power cut can damage the file. It is for tests.
	Off Synchronous = "OFF"
)

// Options name a database.
type Options struct {
	// Path is the file. It is made with mode 0600, its directory with 0700, if they do not exist.
	Path        string
	Synchronous Synchronous // "" is Full
}

// readers bounds the connections that read.
const readers = 4

// errClosed is returned by every method after Close.
var errClosed = errors.New("sqlite: the store is closed")

// Store is an open database. It implements [storage.Store]. All methods are safe for any goroutine.
type Store struct {
	path   string
	db     *sql.DB // opens connections with the options of the writer
	readDB *sql.DB

	writer  chan *conn // one slot: who holds the value may write
	readers chan *conn // nil values are connections that are not open yet
	owners  owners     // belongs to the holder of writer
	eraser  eraser     // likewise
	fresh   fresh
	foldAt  int  // so many fresh rows make Append fold
	passing bool // likewise: there may be rows of the kind storage.RowPassing

	closing  chan struct{} // closed by Close
	stop     context.CancelFunc
	sweeping sync.WaitGroup
	sweeper  *storage.Sweeper
	once     sync.Once
	closeErr error
}

var _ storage.Store = (*Store)(nil)

// Ping writes a row and so says whether the disk takes data now.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, "ping", func(c *conn) error {
		_, err := c.exec(`INSERT INTO pings (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
			time.Now().UnixMilli())
		return err
	})
}

// Close waits for the operations under way and closes the file. Methods called later return an error.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.stop()
		s.sweeping.Wait()
		for range readers {
			if c := <-s.readers; c != nil {
				s.closeErr = errors.Join(s.closeErr, c.close())
			}
		}
		s.closeErr = errors.Join(s.closeErr, s.readDB.Close())
		// Last, since the last connection takes the log back into the file.
		c := <-s.writer
		if s.eraser.timer != nil {
			s.eraser.timer.Stop()
		}
		s.closeErr = errors.Join(s.closeErr, c.close(), s.db.Close())
	})
	return s.closeErr
}
