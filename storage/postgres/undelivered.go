package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// queueMarks marks the rows that were stored and wait for delivery.
func (a *appending) queueMarks(b *pgx.Batch) {
	var owners, ids []int64
	for i := range a.Rows {
		if r := &a.Rows[i]; r.Undelivered && a.instead[i] == 0 {
			owners, ids = append(owners, a.owners[r.Owner]), append(ids, r.ID)
		}
	}
	if len(ids) > 0 {
		b.Queue(`INSERT INTO undelivered (owner, id) SELECT * FROM unnest($1::bigint[], $2::bigint[])`, owners, ids)
	}
}

func queueDelivered(w *writer, c *conn, b *pgx.Batch, marks []storage.Mark) error {
	if len(marks) == 0 {
		return nil
	}
	addrs := make([]wire.Addr, len(marks))
	for i, m := range marks {
		addrs[i] = m.Owner
	}
	numbers, err := w.owners.learn(c, addrs, false)
	if err != nil {
		return err
	}
	owners, ids := make([]int64, len(marks)), make([]int64, len(marks))
	for i, m := range marks {
		owners[i], ids[i] = numbers[m.Owner], m.ID
	}
	b.Queue(`DELETE FROM undelivered u USING unnest($1::bigint[], $2::bigint[]) d (owner, id)
		WHERE u.owner = d.owner AND u.id = d.id`, owners, ids)
	queuePassed(b, ids)
	return nil
}

// Undelivered implements [storage.Archive].
func (s *Store) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) (rows []storage.Row, err error) {
	err = s.read(ctx, "read undelivered", func(c *conn) error {
		rows, err = listRows(c, owner, `SELECT a.id, a.peer, a.kind, a.outgoing, a.origin, a.stanza, a.tombstone, true
			FROM (SELECT owner, id FROM undelivered WHERE owner = (SELECT id FROM owners WHERE addr = $1) AND id > $2
				ORDER BY id LIMIT $3) u JOIN archive a ON a.id = u.id ORDER BY a.id`,
			owner.String(), after, max(limit, 0))
		return err
	})
	return rows, err
}

// CountUndelivered implements [storage.Archive].
func (s *Store) CountUndelivered(ctx context.Context, owner wire.Addr, limit int) (n int, err error) {
	err = s.read(ctx, "count undelivered", func(c *conn) error {
		return c.get(`SELECT count(*) FROM (SELECT FROM undelivered
			WHERE owner = (SELECT id FROM owners WHERE addr = $1) LIMIT $2) u`, []any{owner.String(), max(limit, 0)}, &n)
	})
	return n, err
}

// ClearUndelivered implements [storage.Archive].
func (s *Store) ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error {
	return s.writeArchive(ctx, "clear undelivered", func(w *writer, c *conn) error {
		var ids []int64
		err := c.list(`DELETE FROM undelivered WHERE owner = (SELECT id FROM owners WHERE addr = $1) AND id <= $2 RETURNING id`,
			[]any{owner.String(), upTo}, func(r pgx.Rows) error {
				ids = append(ids, 0)
				return r.Scan(&ids[len(ids)-1])
			})
		if err != nil || len(ids) == 0 {
			return err
		}
		b := &pgx.Batch{}
		queuePassed(b, ids)
		return c.send(b)
	})
}
