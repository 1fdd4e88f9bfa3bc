package postgres

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Ids carry the time as package archive lays them out: milliseconds since the epoch, above idShift bits of node and
// sequence. That package stands above this one, so the numbers are said again; a test holds them together.
const (
	idShift = 22
	idEpoch = 1735689600000 // 2025-01-01T00:00:00Z
	maxMs   = 1<<41 - 1
)

// month counts from January 2025, UTC.
type month int

const epochYear = 2025

// monthOf returns the month in which an id was made.
func monthOf(id int64) month { return monthAt(time.UnixMilli(id>>idShift + idEpoch)) }

func monthAt(t time.Time) month {
	t = t.UTC()
	return max(month((t.Year()-epochYear)*12+int(t.Month())-1), 0)
}

func (m month) start() time.Time {
	return time.Date(epochYear, time.January+time.Month(m), 1, 0, 0, 0, 0, time.UTC)
}

// from is the lowest id of a month. That of the first month that ids do not reach any more is beyond all of them.
func (m month) from() int64 {
	ms := m.start().UnixMilli() - idEpoch
	if ms > maxMs {
		return math.MaxInt64
	}
	return ms << idShift
}

// table names a partition.
func (m month) table(parent string) string { return parent + m.start().Format("_2006_01") }

// partitioned are the tables that have a partition for each month.
var partitioned = []string{"archive", "archive_words"}

// months knows which months have partitions. It belongs to who holds the writer: nobody else makes or drops them.
type months struct{ known []month } // ascending

// load finds the partitions that are there, and makes those of this month and the next.
func (p *months) load(c *conn, now time.Time) error {
	there := make(map[string]bool)
	err := c.list(`SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent IN (SELECT t::regclass FROM unnest($1::text[]) t)`, []any{partitioned}, func(r pgx.Rows) error {
		var name string
		err := r.Scan(&name)
		there[name] = true
		return err
	})
	if err != nil {
		return err
	}
	p.known = nil
	this := monthAt(now)
	for m := month(0); m.from() < math.MaxInt64; m++ {
		missing := 0
		for _, parent := range partitioned {
			if !there[m.table(parent)] {
				missing++
			}
		}
		if missing == len(partitioned) && m != this && m != this+1 {
			continue
		}
		if missing > 0 {
			if err := createMonth(c, m, there); err != nil {
				return err
			}
		}
		p.known = append(p.known, m)
	}
	return nil
}

// cover sees to partitions for the ids: their months and the months after those, so that a month is seldom begun in a
// hurry. It must be called outside of a transaction.
func (p *months) cover(c *conn, ids func(yield func(int64) bool)) error {
	last := month(-1)
	for id := range ids {
		m := monthOf(id)
		if m == last {
			continue
		}
		last = m
		for _, m := range []month{m, m + 1} {
			i, ok := slices.BinarySearch(p.known, m)
			if ok || m.from() == math.MaxInt64 {
				continue
			}
			if err := createMonth(c, m, nil); err != nil {
				return err
			}
			p.known = slices.Insert(p.known, i, m)
		}
	}
	return nil
}

// createMonth makes a month's partitions, but for those that are there. A table is attached, not made as a part of its
// parent, since that waits for no reader and lets none wait.
func createMonth(c *conn, m month, there map[string]bool) error {
	var ddl []string
	for _, parent := range partitioned {
		table := m.table(parent)
		if there[table] {
			continue
		}
		to := fmt.Sprint((m + 1).from())
		if (m + 1).from() == math.MaxInt64 {
			to = "MAXVALUE"
		}
		ddl = append(ddl, fmt.Sprintf(`CREATE TABLE %s (LIKE %s INCLUDING ALL)`, table, parent),
			fmt.Sprintf(`ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%s)`, parent, table, m.from(), to))
	}
	_, err := transact(c, func(c *conn) error {
		_, err := c.plain(strings.Join(ddl, ";"))
		return err
	})
	return err
}

// forget notes that a month's partitions were dropped.
func (p *months) forget(m month) {
	if i, ok := slices.BinarySearch(p.known, m); ok {
		p.known = slices.Delete(p.known, i, i+1)
	}
}
