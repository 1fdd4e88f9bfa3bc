package sqlite

import (
	"encoding/json"

	"salon.im/salon/storage"
)

// archived leaves out rows that were kept for their delivery alone: storage.RowPassing, which is 5.
const archived = `AND a.kind <> 5 `

// delivered removes those of the rows that were kept for their delivery alone and have lost their marks.
func (s *Store) delivered(c *conn, ids ...int64) error {
	if !s.passing {
		return nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return s.pass(c, `id IN (SELECT value FROM json_each(?))
		AND NOT EXISTS (SELECT 1 FROM undelivered u WHERE u.owner = archive.owner AND u.id = archive.id)`, string(list))
}

// pass removes the rows of that kind that match where, a constant.
func (s *Store) pass(c *conn, where string, args ...any) error {
	if !s.passing {
		return nil
	}
	if err := c.get(`SELECT EXISTS (SELECT 1 FROM archive WHERE kind = 5)`, nil, &s.passing); err != nil || !s.passing {
		return err
	}
	ids := `SELECT id FROM archive WHERE kind = 5 AND ` + where
	n, err := s.fresh.drop(c, ids, args...)
	if err != nil || n == 0 {
		return err
	}
	s.eraser.wanted = true
	if err := keepLast(c); err != nil {
		return err
	}
	if err := dropWays(c, ids, args...); err != nil {
		return err
	}
	for _, query := range []string{
		`DELETE FROM archive_by_owner WHERE (owner, id) IN (SELECT owner, id FROM archive WHERE id IN (` + ids + `))`,
		`DELETE FROM archive WHERE id IN (` + ids + `)`,
	} {
		if _, err := c.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// The queries above say 5 for the kind. This does not compile when it is another.
var _ [storage.RowPassing - 5]struct{} = [0]struct{}{}
