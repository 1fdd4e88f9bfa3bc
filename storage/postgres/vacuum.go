package postgres

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// vacuumDelay is how long vacuuming waits for more to do: a moderator often removes several messages in a row.
var vacuumDelay = 5 * time.Second

// vacuumShare bounds what vacuuming takes of the server while much is removed: it rests as many times as long as it took.
const vacuumShare = 10

// vacuum remembers the tables in which bytes were replaced or removed for good. PostgreSQL keeps the old version of a row
// until the table is vacuumed; autovacuum would come for a few rows only after weeks. Safe for any goroutine.
type vacuum struct {
	mu     sync.Mutex
	tables map[string]bool // bounded by the number of tables and partitions
	wake   chan struct{}
	delay  time.Duration
}

func newVacuum() *vacuum {
	return &vacuum{tables: make(map[string]bool), wake: make(chan struct{}, 1), delay: vacuumDelay}
}

// want asks for a table.
func (v *vacuum) want(tables ...string) {
	v.mu.Lock()
	for _, t := range tables {
		v.tables[t] = true
	}
	v.mu.Unlock()
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// wantRow asks for the tables that hold a row.
func (v *vacuum) wantRow(id int64) {
	for _, parent := range partitioned {
		v.want(monthOf(id).table(parent))
	}
}

func (v *vacuum) take() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	tables := slices.Sorted(maps.Keys(v.tables))
	clear(v.tables)
	return tables
}

// vacuumLoop vacuums what was asked for, a while after. It is best effort: a transaction elsewhere that is older than the
// change keeps its bytes until autovacuum's next turn.
func (s *Store) vacuumLoop(ctx context.Context) {
	for pause := s.vacuum.delay; ; {
		select {
		case <-s.vacuum.wake:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		began := time.Now()
		for _, table := range s.vacuum.take() {
			if err := s.vacuumTable(ctx, table); err != nil && ctx.Err() == nil {
				s.log.Warn("cannot vacuum: replaced bytes stay until autovacuum's next turn", "table", table, "error", err)
			}
		}
		pause = max(s.vacuum.delay, vacuumShare*time.Since(began))
	}
}

func (s *Store) vacuumTable(ctx context.Context, table string) error {
	p, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer p.Release()
	_, err = p.Exec(ctx, `VACUUM (INDEX_CLEANUP ON) `+pgx.Identifier{table}.Sanitize())
	if code(err) == "42P01" { // undefined_table: the month was dropped since
		return nil
	}
	return err
}
