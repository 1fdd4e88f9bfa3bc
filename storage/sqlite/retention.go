package sqlite

import (
	"context"
	"errors"
	"math"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// ArchiveOwners implements [storage.Retention].
func (s *Store) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) (owners []wire.Addr, err error) {
	err = s.read(ctx, "list archives", func(c *conn) error {
		owners, err = collect(c, storage.ScanAddr, `SELECT addr FROM owners WHERE addr > ? ORDER BY addr LIMIT ? + 0`,
			after.String(), max(limit, 0))
		return err
	})
	return owners, err
}

// DropBefore implements [storage.Retention]: the file has no partitions.
func (s *Store) DropBefore(context.Context, int64, []wire.Addr) (int, error) { return 0, nil }

// Held implements [storage.Retention].
func (s *Store) Held(ctx context.Context, owner wire.Addr, after int64, limit int) (rows []storage.Row, err error) {
	err = s.read(ctx, "read held rows", func(c *conn) error {
		rows, err = pageRows(c, owner, `SELECT id, peer, kind, outgoing, origin, stanza, 0, 0 FROM held
			WHERE owner = (SELECT id FROM owners WHERE addr = ?) AND id > ? ORDER BY id LIMIT ? + 0`,
			owner.String(), after, max(limit, 0))
		return err
	})
	return rows, err
}

// ReleaseHeld implements [storage.Retention].
func (s *Store) ReleaseHeld(ctx context.Context, owner wire.Addr) error {
	return s.write(ctx, "release held rows", func(c *conn) error {
		n, err := c.exec(`DELETE FROM held WHERE owner = (SELECT id FROM owners WHERE addr = ?)`, owner.String())
		s.eraser.wanted = s.eraser.wanted || n > 0
		return err
	})
}

// DeleteBefore implements [storage.Archive].
func (s *Store) DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (n int, err error) {
	err = s.write(ctx, "delete rows", func(c *conn) error {
		if owner.IsZero() {
			n, err = s.deleteChunk(c, ofAll, id, 0, limit)
			return err
		}
		number, err := findOwner(c, owner)
		if errors.Is(err, errNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		n, err = s.deleteChunk(c, ofOwner, id, number, limit)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// selection is what deleteChunk may delete: rows below ?1, of the owner with the number ?2.
type selection struct {
	ids string    // selects them
	end [2]string // removes them from archive and archive_by_owner, the one that ids reads last
}

var (
	ofOwner = selection{`SELECT id FROM archive_by_owner WHERE owner = ?2 AND id < ?1`, [2]string{
		`DELETE FROM archive WHERE id IN (SELECT id FROM archive_by_owner WHERE owner = ?2 AND id < ?1)`,
		`DELETE FROM archive_by_owner WHERE owner = ?2 AND id < ?1`,
	}}
	ofAll = selection{`SELECT id FROM archive WHERE id < ?1 AND ?2 = 0`, [2]string{
		`DELETE FROM archive_by_owner WHERE (owner, id) IN (SELECT owner, id FROM archive WHERE id < ?1 AND ?2 = 0)`,
		`DELETE FROM archive WHERE id < ?1 AND ?2 = 0`,
	}}
)

// everything is above every id.
const everything = math.MaxInt64 - 1

// deleteChunk removes up to limit of the oldest rows of a selection, with all that hangs on them.
func (s *Store) deleteChunk(c *conn, of selection, before, owner int64, limit int) (n int, err error) {
	if err := s.fresh.fold(c); err != nil {
		return 0, err
	}
	var last int64
	err = c.get(`SELECT coalesce(max(id), 0) FROM (`+of.ids+` ORDER BY id LIMIT ?3 + 0)`, []any{before, owner, max(limit, 0)}, &last)
	if err != nil || last == 0 {
		return 0, err
	}
	s.eraser.wanted = true
	if err := keepLast(c); err != nil {
		return 0, err
	}
	if err := unindex(c, of.ids, last+1, owner); err != nil {
		return 0, err
	}
	if err := dropWays(c, of.ids, last+1, owner); err != nil {
		return 0, err
	}
	for _, query := range []string{
		`DELETE FROM held WHERE id IN (` + of.ids + `)`,
		`DELETE FROM undelivered WHERE (owner, id) IN (SELECT owner, id FROM archive WHERE id IN (` + of.ids + `))`,
		of.end[0],
		of.end[1],
	} {
		deleted, err := c.exec(query, last+1, owner)
		if err != nil {
			return 0, err
		}
		n = int(deleted) // of the last one, in the end
	}
	return n, nil
}

// keepLast notes the highest id before rows are deleted, so that none is used again (XEP-0313 §6.2).
func keepLast(c *conn) error {
	_, err := c.exec(`UPDATE archive_last SET id = (SELECT max(id) FROM archive) WHERE id < (SELECT max(id) FROM archive)`)
	return err
}
