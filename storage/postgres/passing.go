package postgres

import (
	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
)

// archived leaves out rows that were kept for their delivery alone: storage.RowPassing, which is 5.
const archived = `AND a.kind <> 5 `

// queuePassed removes those of the rows that were kept for their delivery alone and have lost their marks, and notes the
// highest of them, so that its id is not used again.
func queuePassed(b *pgx.Batch, ids []int64) {
	b.Queue(`WITH gone AS (DELETE FROM archive a WHERE a.id = ANY($1) AND a.kind = 5
			AND NOT EXISTS (SELECT FROM undelivered u WHERE u.owner = a.owner AND u.id = a.id) RETURNING a.owner, a.id, a.origin),
		origins AS (DELETE FROM archive_origins o USING gone g WHERE o.owner = g.owner AND o.origin = g.origin)
		UPDATE archive_last SET id = m.id FROM (SELECT max(id) AS id FROM gone) m WHERE archive_last.id < m.id`, ids)
}

// The queries above say 5 for the kind. This does not compile when it is another.
var _ [storage.RowPassing - 5]struct{} = [0]struct{}{}
