package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// ArchiveOwners implements [storage.Retention].
func (s *Store) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) (owners []wire.Addr, err error) {
	err = s.read(ctx, "list archives", func(c *conn) error {
		owners, err = collect(c, storage.ScanAddr, `SELECT addr FROM owners WHERE addr > $1 ORDER BY addr LIMIT $2`, after.String(), max(limit, 0))
		return err
	})
	return owners, err
}

const (
	// dropLockMs is how long a drop waits for those who read the archive: meanwhile they wait for it too.
	dropLockMs = 1000
	// dropOrigins is how many rows' origins one transaction removes: a busy month has millions, and others write in between.
	dropOrigins = 2000
)

// DropBefore implements [storage.Retention]. A month goes if all of its time is before id. One that is being read for
// longer than a second, by pg_dump for example, is left for the next time; its origins may be gone by then.
func (s *Store) DropBefore(ctx context.Context, id int64, spared []wire.Addr) (dropped int, err error) {
	d := dropping{before: id, spared: spared}
	for err == nil && !d.done {
		err = s.withWriter(ctx, "drop months", d.step)
	}
	if code(err) == "55P03" { // lock_not_available
		s.log.Info("a month of the archive is being read: it is dropped next time", "table", d.month.table("archive"))
		err = nil
	}
	return d.dropped, err
}

// dropping is one DropBefore on its way.
type dropping struct {
	before int64
	spared []wire.Addr

	month   month // at hand, or the first that may be
	row     int64 // origins of that month's rows up to this one are removed
	dropped int   // months
	done    bool
}

// step removes some origins of a month, or the month behind the last of them.
func (d *dropping) step(w *writer, c *conn) (began bool, err error) {
	i, _ := slices.BinarySearch(w.months.known, d.month)
	if i == len(w.months.known) || (w.months.known[i]+1).from() > d.before {
		d.done = true
		return false, nil
	}
	d.month = w.months.known[i]
	var row int64
	gone := false
	began, err = w.transact(c, func(w *writer, c *conn) (err error) {
		row, gone, err = d.dropMonth(w, c)
		return err
	})
	if err != nil {
		return began, err
	}
	if gone {
		w.months.forget(d.month)
		d.dropped++
	}
	if d.row = row; row == 0 {
		d.month++
	}
	return began, nil
}

// dropMonth removes the origins behind row d.row, and returns the row that it came to, or drops the month's partitions with
// all that hangs on its rows. A month in which a spared owner has a row stays: then row is 0, as it is when the month is gone.
func (d *dropping) dropMonth(w *writer, c *conn) (row int64, gone bool, err error) {
	numbers, err := w.owners.learn(c, d.spared, false)
	if err != nil {
		return 0, false, err
	}
	owners := slices.AppendSeq([]int64{}, maps.Values(numbers))
	table, from, to := name(d.month.table("archive")), d.month.from(), (d.month + 1).from()
	if d.row == 0 {
		var kept bool
		if err := c.get(`SELECT EXISTS (SELECT FROM `+table+` WHERE owner = ANY($1))`, []any{owners}, &kept); err != nil || kept {
			return 0, false, err
		}
	}
	var rows int
	err = c.get(fmt.Sprintf(`WITH old AS (SELECT id, owner, origin FROM %s WHERE id > $1 AND origin IS NOT NULL ORDER BY id LIMIT %d),
		gone AS (DELETE FROM archive_origins o USING old a WHERE o.owner = a.owner AND o.origin = a.origin AND o.id = a.id)
		SELECT coalesce(max(id), 0), count(*) FROM old`, table, dropOrigins), []any{d.row}, &row, &rows)
	if err != nil || rows == dropOrigins {
		return row, false, err
	}
	b := &pgx.Batch{}
	keepLast(b)
	lockWords(b)
	b.Queue(`DELETE FROM undelivered WHERE id >= $1 AND id < $2`, from, to)
	// What is held of a spared owner stays even where its row is gone.
	b.Queue(`DELETE FROM held WHERE id >= $1 AND id < $2 AND owner <> ALL($3)`, from, to, owners)
	b.Queue(fmt.Sprintf(`SET LOCAL lock_timeout = %d`, dropLockMs))
	for _, parent := range partitioned {
		b.Queue(`DROP TABLE ` + name(d.month.table(parent)))
	}
	return 0, true, c.send(b)
}
