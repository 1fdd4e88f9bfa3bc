package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"salon.im/salon/wire"
)

// sweepRows is how many archived rows one transaction removes, so that a large archive never holds the writer for long.
const sweepRows = 1000

// sweepRetry is how long sweeping rests after an error.
const sweepRetry = 10 * time.Second

// DeleteAccount implements [storage.Accounts].
//
// The account and its archive are gone for every reader at once. The archive's rows are then removed in chunks before it
// returns; if ctx ends first, the rest goes in the background.
func (s *Store) DeleteAccount(ctx context.Context, addr wire.Addr) error {
	err := s.write(ctx, "delete an account", func(c *conn) error {
		if err := changed(c.exec(`DELETE FROM accounts WHERE addr = ?`, addr.String())); err != nil {
			return err
		}
		for _, query := range []string{
			`DELETE FROM roster_items WHERE owner = ?`,
			`DELETE FROM roster_removals WHERE owner = ?`,
			`DELETE FROM rosters WHERE owner = ?`,
			`DELETE FROM documents WHERE owner = ?`,
			`DELETE FROM blocks WHERE owner = ?`,
			`DELETE FROM affiliations WHERE addr = ?`,
		} {
			if _, err := c.exec(query, addr.String()); err != nil {
				return err
			}
		}
		s.eraser.wanted = true
		return s.abandon(c, addr)
	})
	if err != nil {
		return err
	}
	s.sweepSoon(ctx)
	return nil
}

// DeleteRoom implements [storage.Rooms]. Its archive goes as an account's does.
func (s *Store) DeleteRoom(ctx context.Context, addr wire.Addr) error {
	err := s.write(ctx, "delete a room", func(c *conn) error {
		if err := changed(c.exec(`DELETE FROM rooms WHERE addr = ?`, addr.String())); err != nil {
			return err
		}
		s.eraser.wanted = true
		return s.abandon(c, addr)
	})
	if err != nil {
		return err
	}
	s.sweepSoon(ctx)
	return nil
}

// abandon takes the name from an archive, so that nobody finds it and a new owner of that name starts with none.
func (s *Store) abandon(c *conn, addr wire.Addr) error {
	number, err := findOwner(c, addr)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	s.owners.forget(addr)
	if _, err := c.exec(`DELETE FROM undelivered WHERE owner = ?`, number); err != nil {
		return err
	}
	_, err = c.exec(`UPDATE owners SET addr = NULL WHERE id = ?`, number)
	return err
}

// sweepSoon sweeps as long as ctx lives, and leaves the rest to sweepLoop. It returns no error: what was asked for is done.
func (s *Store) sweepSoon(ctx context.Context) {
	if s.sweep(ctx) == nil {
		return
	}
	select {
	case s.unswept <- struct{}{}:
	default:
	}
}

// sweepLoop goes on with deletions that were cut short: by the end of a process, and then by the end of a context.
func (s *Store) sweepLoop(ctx context.Context) {
	for first := true; ; first = false {
		var again <-chan time.Time
		if s.sweep(ctx) != nil {
			again = time.After(sweepRetry)
		}
		if first {
			close(s.swept)
		}
		select {
		case <-again:
		case <-s.unswept:
		case <-ctx.Done():
			return
		}
	}
}

// sweep removes the rows of abandoned archives, chunk by chunk.
func (s *Store) sweep(ctx context.Context) error {
	for more := true; more; {
		err := s.write(ctx, "remove a deleted archive", func(c *conn) (err error) {
			more, err = s.sweepChunk(c)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) sweepChunk(c *conn) (more bool, err error) {
	var number int64
	err = c.get(`SELECT id FROM owners WHERE addr IS NULL LIMIT 1`, nil, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n, err := s.deleteChunk(c, ofOwner, everything, number, sweepRows)
	if err != nil || n == sweepRows {
		return true, err
	}
	if _, err := c.exec(`DELETE FROM held WHERE owner = ?`, number); err != nil {
		return false, err
	}
	s.eraser.wanted = true
	_, err = c.exec(`DELETE FROM owners WHERE id = ?`, number)
	return true, err
}
