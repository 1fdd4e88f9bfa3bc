package sqlite

import (
	"cmp"
	"context"
	"database/sql"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Pragma asks the connection that writes.
func (s *Store) Pragma(ctx context.Context, name string) (value string, err error) {
	c, err := s.acquire(ctx, s.writer)
	if err != nil {
		return "", err
	}
	defer func() { s.writer <- c }()
	err = c.get("PRAGMA "+name, nil, &value)
	return value, err
}

// SetMaxOwners shrinks the cache of owners' numbers. Call it before the store is used.
func (s *Store) SetMaxOwners(n int) { s.owners.Max = n }

// SetFold says how many fresh rows make Append fold. Call it before the store is used.
func (s *Store) SetFold(rows int) { s.foldAt = rows }

// FoldRows is how many fresh rows make Append fold.
const FoldRows = foldRows

// FreshRows counts the rows that have not moved on.
func (s *Store) FreshRows() int {
	s.fresh.mu.RLock()
	defer s.fresh.mu.RUnlock()
	return s.fresh.count
}

// PendingRows counts what is remembered of a transaction under way.
func (s *Store) PendingRows() int {
	c := <-s.writer
	defer func() { s.writer <- c }()
	return len(s.fresh.added) + len(s.fresh.removed) + len(s.fresh.since)
}

// Abandon is the first half of a deletion: the rows are still there.
func (s *Store) Abandon(ctx context.Context, addr wire.Addr) error {
	return s.write(ctx, "test", func(c *conn) error { return s.abandon(c, addr) })
}

// DeliverInVain clears the mark, looks for more like it, and fails.
func (s *Store) DeliverInVain(ctx context.Context, mark storage.Mark) error {
	return s.write(ctx, "test", func(c *conn) error {
		return cmp.Or(s.clearMarks(c, []storage.Mark{mark}), s.clearMarks(c, []storage.Mark{mark}), errClosed)
	})
}

// CachedOwners counts the numbers in the cache.
func (s *Store) CachedOwners() int {
	c := <-s.writer
	defer func() { s.writer <- c }()
	return s.owners.Len()
}

// SearchTerm is what the index holds of a word in the archive with that number.
func SearchTerm(owner int64, word string) string { return searchTerms(owner, []string{word})[0] }

// Reading runs do while a reader sees the database as it was before.
func (s *Store) Reading(ctx context.Context, do func() error) error {
	return s.read(ctx, "test", func(c *conn) error {
		var n int
		if err := c.get(`SELECT count(*) FROM accounts`, nil, &n); err != nil {
			return err
		}
		return do()
	})
}

// Erased is closed once no erasure waits for the log to be cut.
func (s *Store) Erased() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for wanted := true; wanted; {
			c := <-s.writer
			wanted = s.eraser.wanted
			s.writer <- c
		}
	}()
	return done
}

// Plan says how SQLite finds a page.
func (s *Store) Plan(ctx context.Context, q storage.Query) (plan string, err error) {
	err = s.read(ctx, "test", func(c *conn) error {
		query, args, err := pageQuery(c, &q)
		if err != nil {
			return err
		}
		return c.list("EXPLAIN QUERY PLAN "+query, args, func(r *sql.Rows) error {
			var discard int
			var step string
			err := r.Scan(&discard, &discard, &discard, &step)
			plan += step + "\n"
			return err
		})
	})
	return plan, err
}

// IntegrityCheck holds the index of words against its terms.
func (s *Store) IntegrityCheck(ctx context.Context) error {
	return s.write(ctx, "test", func(c *conn) error {
		_, err := c.exec(`INSERT INTO search (search, rank) VALUES ('integrity-check', 1)`)
		return err
	})
}
