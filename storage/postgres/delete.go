package postgres

import (
	"context"
	"errors"
	"math"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// DeleteAccount implements [storage.Accounts].
//
// The account and its archive are gone for every reader at once. The archive's rows are then removed in chunks before it
// returns; if ctx ends first, the rest goes in the background.
func (s *Store) DeleteAccount(ctx context.Context, addr wire.Addr) error {
	err := s.writeArchive(ctx, "delete an account", func(w *writer, c *conn) error {
		if err := lockUser(c, addr); err != nil {
			return err
		}
		if err := storage.Changed(c.exec(`DELETE FROM accounts WHERE addr = $1`, addr.String())); err != nil {
			return err
		}
		b := &pgx.Batch{}
		for _, t := range storage.AccountTables {
			b.Queue(`DELETE FROM `+t.Name+` WHERE `+t.Account+` = $1`, addr.String())
		}
		if err := c.send(b); err != nil {
			return err
		}
		return abandon(w, c, addr)
	})
	if err != nil {
		return err
	}
	s.vacuum.want("accounts", "account_keys", "held")
	for _, t := range storage.AccountTables {
		s.vacuum.want(t.Name)
	}
	s.sweeper.Soon(ctx)
	return nil
}

// DeleteRoom implements [storage.Rooms]. Its archive goes as an account's does.
func (s *Store) DeleteRoom(ctx context.Context, addr wire.Addr) error {
	err := s.writeArchive(ctx, "delete a room", func(w *writer, c *conn) error {
		if err := storage.Changed(c.exec(`DELETE FROM rooms WHERE addr = $1`, addr.String())); err != nil {
			return err
		}
		return abandon(w, c, addr)
	})
	if err != nil {
		return err
	}
	s.vacuum.want("rooms", "affiliations", "held")
	s.sweeper.Soon(ctx)
	return nil
}

// abandon takes the name from an archive, so that nobody finds it and a new owner of that name starts with none.
func abandon(w *writer, c *conn, addr wire.Addr) error {
	number, err := findOwner(c, addr)
	if err != nil || number == 0 {
		return err
	}
	w.owners.Forget(addr)
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM undelivered WHERE owner = $1`, number)
	b.Queue(`UPDATE owners SET addr = NULL WHERE id = $1`, number)
	return c.send(b)
}

// sweep removes the rows of abandoned archives, chunk by chunk.
func (s *Store) sweep(ctx context.Context) error {
	for more := true; more; {
		var ids []int64
		err := s.writeArchive(ctx, "remove a deleted archive", func(w *writer, c *conn) (err error) {
			ids, more, err = s.sweepChunk(c)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			s.vacuum.wantRow(id)
		}
	}
	return nil
}

func (s *Store) sweepChunk(c *conn) (ids []int64, more bool, err error) {
	var number int64
	err = c.get(`SELECT id FROM owners WHERE addr IS NULL LIMIT 1`, nil, &number)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	ids, err = deleteChunk(c, number, math.MaxInt64, storage.SweepRows)
	if err != nil || len(ids) == storage.SweepRows {
		return ids, true, err
	}
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM held WHERE owner = $1`, number)
	b.Queue(`DELETE FROM archive_origins WHERE owner = $1`, number)
	b.Queue(`DELETE FROM owners WHERE id = $1`, number)
	return ids, true, c.send(b)
}

// DeleteBefore implements [storage.Archive].
func (s *Store) DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (n int, err error) {
	err = s.writeArchive(ctx, "delete rows", func(w *writer, c *conn) error {
		n = 0
		var number int64
		if !owner.IsZero() {
			if number, err = findOwner(c, owner); err != nil || number == 0 {
				return err
			}
		}
		ids, err := deleteChunk(c, number, id, limit)
		n = len(ids)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// deleteChunk removes up to limit of the oldest rows before an id, of an owner or, for 0, of all, with all that hangs on
// them. It returns their ids.
func deleteChunk(c *conn, owner, before int64, limit int) (ids []int64, err error) {
	query, args := `SELECT id FROM archive WHERE id < $1 ORDER BY id LIMIT $2`, []any{before, max(limit, 0)}
	if owner != 0 {
		query, args = `SELECT id FROM archive WHERE owner = $3 AND id < $1 ORDER BY id LIMIT $2`, append(args, owner)
	}
	if err := c.list(query, args, func(r pgx.Rows) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}); err != nil || len(ids) == 0 {
		return nil, err
	}
	b := &pgx.Batch{}
	keepLast(b)
	lockWords(b)
	b.Queue(`DELETE FROM archive_words WHERE id = ANY($1)`, ids)
	b.Queue(`DELETE FROM archive_origins o USING archive a WHERE a.id = ANY($1) AND a.origin IS NOT NULL
		AND o.owner = a.owner AND o.origin = a.origin AND o.id = a.id`, ids)
	b.Queue(`DELETE FROM undelivered u USING archive a WHERE a.id = ANY($1) AND u.owner = a.owner AND u.id = a.id`, ids)
	b.Queue(`DELETE FROM held WHERE id = ANY($1)`, ids)
	b.Queue(`DELETE FROM archive WHERE id = ANY($1)`, ids)
	return ids, c.send(b)
}

// keepLast notes the highest id before rows are deleted, so that none is used again (XEP-0313 §6.2).
func keepLast(b *pgx.Batch) {
	b.Queue(`UPDATE archive_last SET id = m.id FROM (SELECT max(id) AS id FROM archive) m WHERE archive_last.id < m.id`)
}
