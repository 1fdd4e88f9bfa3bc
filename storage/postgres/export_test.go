package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
)

// IDShift and IDEpoch are the layout of ids as months understand them.
const (
	IDShift = idShift
	IDEpoch = idEpoch
)

// SetLockWait changes how long Open waits for the lock. Not for tests in parallel with others that open stores.
func SetLockWait(d time.Duration) (back func()) {
	old := lockWait
	lockWait = d
	return func() { lockWait = old }
}

// SetVacuumDelay changes how long vacuuming waits for more to do, for stores opened from now on. Not for tests in parallel.
func SetVacuumDelay(d time.Duration) (back func()) {
	old := vacuumDelay
	vacuumDelay = d
	return func() { vacuumDelay = old }
}

// SetMaxOwners shrinks the cache of owners' numbers.
func (s *Store) SetMaxOwners(n int) {
	w := <-s.writer
	defer func() { s.writer <- w }()
	w.owners.Max = n
}

// CachedOwners counts the numbers in the cache.
func (s *Store) CachedOwners() int {
	w := <-s.writer
	defer func() { s.writer <- w }()
	return w.owners.Len()
}

// Plan returns how PostgreSQL answers a query if it can use its indexes.
func (s *Store) Plan(ctx context.Context, q storage.Query) (plan string, err error) {
	query, args := pageQuery(q)
	err = s.read(ctx, "explain", func(c *conn) error {
		if _, err := c.plain(`SET enable_seqscan = off`); err != nil {
			return err
		}
		return c.list(`EXPLAIN `+query, args, func(r pgx.Rows) error {
			var line string
			err := r.Scan(&line)
			plan += line + "\n"
			return err
		})
	})
	return plan, err
}

// Setting asks the connection that writes.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.withWriter(ctx, "show", func(_ *writer, c *conn) (bool, error) {
		return false, c.get(`SELECT current_setting($1)`, []any{name}, &value)
	})
	return value, err
}

// DropOrigins is how many origins one transaction of DropBefore removes.
const DropOrigins = dropOrigins
