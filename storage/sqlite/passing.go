package sqlite

import (
	"encoding/json"

	"salon.im/salon/storage"
)

// archived leaves out rows that were kept for their delivery alone: storage.RowPassing, which is 5.
const archived = `AND a.kind <> 5 `

// delivered removes those of the rows that were kept for their delivery alone and have lost their marks.
func (s *Store) delivered(c *conn, ids ...int64) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return s.pass(c, `id IN (SELECT value FROM json_each(?))
		AND NOT EXISTS (SELECT 1 FROM undelivered u WHERE u.owner = archive.owner AND u.id = archive.id)`, string(list))
}

// pass removes the rows of that kind that match where, a constant.
func (s *Store) pass(c *conn, where string, args ...any) error {
	var n int
	if err := c.get(`SELECT count(*) FROM archive WHERE kind = 5 AND `+where, args, &n); err != nil || n == 0 {
		return err
	}
	s.eraser.wanted = true
	if err := keepLast(c); err != nil {
		return err
	}
	_, err := c.exec(`DELETE FROM archive WHERE kind = 5 AND `+where, args...)
	return err
}

// The queries above say 5 for the kind. This does not compile when it is another.
var _ [storage.RowPassing - 5]struct{} = [0]struct{}{}
