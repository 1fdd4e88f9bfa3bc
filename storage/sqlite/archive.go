package sqlite

import (
	"context"
	"errors"
	"fmt"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Append implements [storage.Archive].
func (s *Store) Append(ctx context.Context, b storage.Batch) (dropped []storage.Dropped, err error) {
	if err := b.Check(); err != nil {
		return nil, fmt.Errorf("sqlite: append: %w", err)
	}
	err = s.write(ctx, "append", func(c *conn) error {
		dropped, err = s.appendRows(c, b.Rows)
		if err != nil {
			return err
		}
		if err := s.clearMarks(c, b.Delivered); err != nil {
			return err
		}
		return s.rewrite(c, b.Rewrites)
	})
	if err != nil {
		return nil, err
	}
	return dropped, nil
}

func (s *Store) appendRows(c *conn, rows []storage.Row) (dropped []storage.Dropped, err error) {
	if s.fresh.size() >= s.foldAt {
		if err := s.fresh.fold(c); err != nil {
			return nil, err
		}
	}
	for i := range rows {
		r := &rows[i]
		owner, err := s.owners.id(c, r.Owner)
		if err != nil {
			return nil, err
		}
		stored, err := s.insert(c, owner, r)
		if err != nil {
			return nil, err
		}
		if stored != 0 {
			dropped = append(dropped, storage.Dropped{Index: i, ID: stored})
			continue
		}
		if r.Undelivered {
			if _, err := c.exec(`INSERT OR FAIL INTO undelivered (owner, id) VALUES (?, ?)`, owner, r.ID); err != nil {
				return nil, err
			}
		}
	}
	return dropped, nil
}

// insert stores a row, or returns the id of the one that is stored in its place.
func (s *Store) insert(c *conn, owner int64, r *storage.Row) (stored int64, err error) {
	if id := s.fresh.stored(r); id != 0 {
		return id, nil
	}
	// As what the driver takes, once: each conversion allocates.
	var number, id, key any = owner, r.ID, storage.PeerKey(r.Peer)
	origin := nullable(r.Origin)
	n, err := c.exec(`INSERT OR FAIL INTO archive (id, owner, peer_key, peer, kind, outgoing, origin, stanza)
		SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM archive_by_origin WHERE owner = ? AND origin = ?)`,
		id, number, key, r.Peer.String(), int64(r.Kind), r.Outgoing, origin, blob(r.Stanza), number, origin)
	if err != nil {
		return again(c, owner, r, conflict(err))
	}
	if n == 0 {
		return findOrigin(c, r.Owner, r.Origin)
	}
	s.passing = s.passing || r.Kind == storage.RowPassing
	if r.ID <= s.fresh.high() {
		return 0, place(c, number, id, key, origin)
	}
	s.fresh.add(r)
	return 0, nil
}

// again looks whether a row that could not be inserted is there already, from a commit whose answer was lost.
func again(c *conn, owner int64, r *storage.Row, why error) (stored int64, err error) {
	if !errors.Is(why, storage.ErrConflict) {
		return 0, why
	}
	err = c.get(`SELECT id FROM archive WHERE id = ? AND owner = ? AND stanza = ?`, []any{r.ID, owner, blob(r.Stanza)}, &stored)
	if errors.Is(err, errNoRows) {
		return 0, why
	}
	return stored, err
}

func (s *Store) clearMarks(c *conn, marks []storage.Mark) error {
	if len(marks) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(marks))
	for _, m := range marks {
		owner, err := s.owners.find(c, m.Owner)
		if errors.Is(err, errNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := c.exec(`DELETE FROM undelivered WHERE owner = ? AND id = ?`, owner, m.ID); err != nil {
			return err
		}
		ids = append(ids, m.ID)
	}
	return s.delivered(c, ids...)
}

// Undelivered implements [storage.Archive].
func (s *Store) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) (rows []storage.Row, err error) {
	err = s.readOne(ctx, "read undelivered", func(c *conn) error {
		rows, err = pageRows(c, owner, `SELECT `+rowColumns+` FROM undelivered u JOIN archive a ON a.id = u.id
			WHERE u.owner = (SELECT id FROM owners WHERE addr = ?) AND u.id > ? ORDER BY u.id LIMIT ? + 0`,
			owner.String(), after, max(limit, 0))
		return err
	})
	return rows, err
}

// CountUndelivered implements [storage.Archive].
func (s *Store) CountUndelivered(ctx context.Context, owner wire.Addr, limit int) (n int, err error) {
	err = s.read(ctx, "count undelivered", func(c *conn) error {
		return c.get(`SELECT count(*) FROM (SELECT 1 FROM undelivered
			WHERE owner = (SELECT id FROM owners WHERE addr = ?) LIMIT ? + 0)`, []any{owner.String(), max(limit, 0)}, &n)
	})
	return n, err
}

// ClearUndelivered implements [storage.Archive].
func (s *Store) ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error {
	return s.write(ctx, "clear undelivered", func(c *conn) error {
		const marks = ` FROM undelivered WHERE owner = (SELECT id FROM owners WHERE addr = ?) AND id <= ?`
		if err := s.pass(c, `(owner, id) IN (SELECT owner, id`+marks+`)`, owner.String(), upTo); err != nil {
			return err
		}
		_, err := c.exec(`DELETE`+marks, owner.String(), upTo)
		return err
	})
}

// LastRow implements [storage.Archive].
func (s *Store) LastRow(ctx context.Context) (id int64, err error) {
	err = s.read(ctx, "read the last id", func(c *conn) error {
		return c.get(`SELECT max(id, coalesce((SELECT max(id) FROM archive), 0)) FROM archive_last`, nil, &id)
	})
	return id, err
}
