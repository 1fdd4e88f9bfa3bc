package sqlite

import "errors"

// foldRows is how many rows wait in archive_fresh before they move on. More make the move cheaper for each row, and
// archive_fresh larger, of which a batch writes most pages.
const foldRows = 4_000

// fold moves all rows of archive_fresh on, in the order of the tables that they go to. What deletes rows, or changes their
// peers, folds first, so that it need not look into archive_fresh.
func (s *Store) fold(c *conn) error {
	for _, query := range []string{
		`INSERT INTO archive_by_owner (owner, id) SELECT owner, id FROM archive_fresh ORDER BY owner, id`,
		`INSERT INTO archive_by_peer (owner, peer_key, id)
			SELECT owner, peer_key, id FROM archive_fresh ORDER BY owner, peer_key, id`,
		`INSERT INTO archive_by_origin (owner, origin, id)
			SELECT owner, origin, id FROM archive_fresh WHERE origin IS NOT NULL ORDER BY owner, origin`,
		`DELETE FROM archive_fresh`,
	} {
		if _, err := c.exec(query); err != nil {
			return err
		}
	}
	s.fresh = 0
	return nil
}

// refold makes the tables anew, from the archive.
func (s *Store) refold(c *conn) error {
	for _, query := range []string{
		`DELETE FROM archive_fresh`,
		`DELETE FROM archive_by_owner`,
		`DELETE FROM archive_by_peer`,
		`DELETE FROM archive_by_origin`,
		`INSERT INTO archive_by_owner (owner, id) SELECT owner, id FROM archive ORDER BY owner, id`,
		`INSERT INTO archive_by_peer (owner, peer_key, id) SELECT owner, peer_key, id FROM archive ORDER BY owner, peer_key, id`,
		`INSERT INTO archive_by_origin (owner, origin, id)
			SELECT owner, origin, id FROM archive WHERE origin IS NOT NULL ORDER BY owner, origin`,
	} {
		if _, err := c.exec(query); err != nil {
			return conflict(err)
		}
	}
	s.fresh, s.passing = 0, true
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

// findOrigin returns the id of the owner's row with that origin, or sql.ErrNoRows.
func findOrigin(c *conn, owner int64, origin []byte) (id int64, err error) {
	for _, query := range []string{
		`SELECT id FROM archive_fresh WHERE owner = ? AND origin = ?`,
		`SELECT id FROM archive_by_origin WHERE owner = ? AND origin = ?`,
	} {
		if err = c.get(query, []any{owner, origin}, &id); !errors.Is(err, errNoRows) {
			break
		}
	}
	return id, err
}
