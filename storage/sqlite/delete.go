package sqlite

import (
	"context"
	"errors"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// DeleteAccount implements [storage.Accounts].
//
// The account and its archive are gone for every reader at once. The archive's rows are then removed in chunks before it
// returns; if ctx ends first, the rest goes in the background.
func (s *Store) DeleteAccount(ctx context.Context, addr wire.Addr) error {
	err := s.write(ctx, "delete an account", func(c *conn) error {
		if err := storage.Changed(c.exec(`DELETE FROM accounts WHERE addr = ?`, addr.String())); err != nil {
			return err
		}
		for _, t := range storage.AccountTables {
			if _, err := c.exec(`DELETE FROM `+t.Name+` WHERE `+t.Account+` = ?`, addr.String()); err != nil {
				return err
			}
		}
		s.eraser.wanted = true
		return s.abandon(c, addr)
	})
	if err != nil {
		return err
	}
	s.sweeper.Soon(ctx)
	return nil
}

// DeleteRoom implements [storage.Rooms]. Its archive goes as an account's does.
func (s *Store) DeleteRoom(ctx context.Context, addr wire.Addr) error {
	err := s.write(ctx, "delete a room", func(c *conn) error {
		if err := storage.Changed(c.exec(`DELETE FROM rooms WHERE addr = ?`, addr.String())); err != nil {
			return err
		}
		s.eraser.wanted = true
		return s.abandon(c, addr)
	})
	if err != nil {
		return err
	}
	s.sweeper.Soon(ctx)
	return nil
}

// abandon takes the name from an archive, so that nobody finds it and a new owner of that name starts with none.
func (s *Store) abandon(c *conn, addr wire.Addr) error {
	number, err := findOwner(c, addr)
	if errors.Is(err, errNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.fresh.fold(c); err != nil {
		return err
	}
	s.owners.Forget(addr)
	if _, err := c.exec(`DELETE FROM undelivered WHERE owner = ?`, number); err != nil {
		return err
	}
	_, err = c.exec(`UPDATE owners SET addr = NULL WHERE id = ?`, number)
	return err
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
	if errors.Is(err, errNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n, err := s.deleteChunk(c, ofOwner, everything, number, storage.SweepRows)
	if err != nil || n == storage.SweepRows {
		return true, err
	}
	if _, err := c.exec(`DELETE FROM held WHERE owner = ?`, number); err != nil {
		return false, err
	}
	s.eraser.wanted = true
	_, err = c.exec(`DELETE FROM owners WHERE id = ?`, number)
	return true, err
}
