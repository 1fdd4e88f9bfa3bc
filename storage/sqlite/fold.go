package sqlite

import "salon.im/salon/wire"

// foldRows is how many rows are fresh before they move on: more make the move cheaper for each row, and longer.
const foldRows = 8_000

// fold moves all fresh rows on, in the order of the tables that they go to. What deletes rows, or changes their peers or
// owners, folds first, so that fresh need not follow.
//
// OR FAIL, here and where rows are appended, spares SQLite the copy of each page by which it could take back a statement alone.
func (f *fresh) fold(c *conn) error {
	if f.last <= f.high() {
		return nil
	}
	for _, query := range []string{
		`INSERT OR FAIL INTO archive_by_owner (owner, id) SELECT owner, id FROM archive WHERE id > ? ORDER BY owner, id`,
		`INSERT OR FAIL INTO archive_by_peer (owner, peer_key, id)
			SELECT owner, peer_key, id FROM archive WHERE id > ? ORDER BY owner, peer_key, id`,
		`INSERT OR FAIL INTO archive_by_origin (owner, origin, id)
			SELECT owner, origin, id FROM archive WHERE id > ? AND origin IS NOT NULL ORDER BY owner, origin`,
	} {
		if _, err := c.exec(query, f.high()); err != nil {
			return err
		}
	}
	f.moved = f.last
	_, err := c.exec(`UPDATE archive_folded SET id = ?`, f.moved)
	return err
}

// place puts a row that is no newer than the mark where fold would have put it.
func place(c *conn, owner, id, peerKey, origin any) error {
	if _, err := c.exec(`INSERT INTO archive_by_owner (owner, id) VALUES (?, ?)`, owner, id); err != nil {
		return err
	}
	if _, err := c.exec(`INSERT INTO archive_by_peer (owner, peer_key, id) VALUES (?, ?, ?)`, owner, peerKey, id); err != nil {
		return err
	}
	if origin == nil {
		return nil
	}
	_, err := c.exec(`INSERT INTO archive_by_origin (owner, origin, id) VALUES (?, ?, ?)`, owner, origin, id)
	return err
}

// refold makes the tables anew, from the archive.
func (s *Store) refold(c *conn) error {
	for _, query := range []string{
		`DELETE FROM archive_by_owner`,
		`DELETE FROM archive_by_peer`,
		`DELETE FROM archive_by_origin`,
		`INSERT INTO archive_by_owner (owner, id) SELECT owner, id FROM archive ORDER BY owner, id`,
		`INSERT INTO archive_by_peer (owner, peer_key, id) SELECT owner, peer_key, id FROM archive ORDER BY owner, peer_key, id`,
		`INSERT INTO archive_by_origin (owner, origin, id)
			SELECT owner, origin, id FROM archive WHERE origin IS NOT NULL ORDER BY owner, origin`,
		`UPDATE archive_folded SET id = (SELECT coalesce(max(id), 0) FROM archive)`,
	} {
		if _, err := c.exec(query); err != nil {
			return conflict(err)
		}
	}
	s.fresh.stale, s.passing = true, true
	return nil
}

// dropWays removes what archive_by_peer and archive_by_origin have of rows. ids is a constant that selects them.
func dropWays(c *conn, ids string, args ...any) error {
	for _, query := range []string{
		`DELETE FROM archive_by_peer WHERE (owner, peer_key, id) IN
			(SELECT owner, peer_key, id FROM archive WHERE id IN (` + ids + `))`,
		`DELETE FROM archive_by_origin WHERE (owner, origin) IN
			(SELECT owner, origin FROM archive WHERE origin IS NOT NULL AND id IN (` + ids + `))`,
	} {
		if _, err := c.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// findOrigin returns the id of the owner's row with that origin, or sql.ErrNoRows; of fresh rows it knows nothing.
func findOrigin(c *conn, owner wire.Addr, origin []byte) (id int64, err error) {
	err = c.get(`SELECT id FROM archive_by_origin WHERE owner = (SELECT id FROM owners WHERE addr = ?) AND origin = ?`,
		[]any{owner.String(), blob(origin)}, &id)
	return id, err
}
