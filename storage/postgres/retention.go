package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/wire"
)

// ArchiveOwners implements [storage.Retention].
func (s *Store) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) (owners []wire.Addr, err error) {
	err = s.read(ctx, "list archives", func(c *conn) error {
		owners, err = listAddrs(c, `SELECT addr FROM owners WHERE addr > $1 ORDER BY addr LIMIT $2`, after.String(), max(limit, 0))
		return err
	})
	return owners, err
}

// dropLockMs is how long a drop waits for those who read the archive: meanwhile they wait for it too.
const dropLockMs = 1000

// DropBefore implements [storage.Retention]. A month goes if all of its time is before id. One that is being read for
// longer than a second, by pg_dump for example, is left for the next time.
func (s *Store) DropBefore(ctx context.Context, id int64, spared []wire.Addr) (dropped int, err error) {
	err = s.withWriter(ctx, "drop months", func(w *writer, c *conn) (began bool, err error) {
		for i := 0; i < len(w.months.known); {
			m := w.months.known[i]
			if (m + 1).from() > id {
				return began, nil
			}
			gone := false
			began, err = w.transact(c, func(w *writer, c *conn) (err error) {
				gone, err = w.dropMonth(c, m, spared)
				return err
			})
			if code(err) == "55P03" { // lock_not_available
				s.log.Info("a month of the archive is being read: it is dropped next time", "table", m.table("archive"))
				return began, nil
			}
			if err != nil {
				return began, err
			}
			if !gone {
				i++
				continue
			}
			w.months.forget(m)
			dropped++
		}
		return began, nil
	})
	return dropped, err
}

// dropMonth drops a month's partitions, with all that hangs on its rows, unless a spared owner has a row there.
func (w *writer) dropMonth(c *conn, m month, spared []wire.Addr) (gone bool, err error) {
	numbers, err := w.owners.learn(c, spared, false)
	if err != nil {
		return false, err
	}
	var owners []int64
	for _, n := range numbers {
		owners = append(owners, n)
	}
	table, from, to := pgx.Identifier{m.table("archive")}.Sanitize(), m.from(), (m + 1).from()
	var kept bool
	if err := c.get(`SELECT EXISTS (SELECT FROM `+table+` WHERE owner = ANY($1))`, []any{owners}, &kept); err != nil || kept {
		return false, err
	}
	b := &pgx.Batch{}
	keepLast(b)
	lockWords(b)
	b.Queue(`DELETE FROM archive_origins o USING ` + table + ` a
		WHERE a.origin IS NOT NULL AND o.owner = a.owner AND o.origin = a.origin AND o.id = a.id`)
	b.Queue(`DELETE FROM undelivered WHERE id >= $1 AND id < $2`, from, to)
	b.Queue(`DELETE FROM held WHERE id >= $1 AND id < $2`, from, to)
	b.Queue(fmt.Sprintf(`SET LOCAL lock_timeout = %d`, dropLockMs))
	for _, parent := range partitioned {
		b.Queue(`DROP TABLE ` + pgx.Identifier{m.table(parent)}.Sanitize())
	}
	return true, c.send(b)
}
