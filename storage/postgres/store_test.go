package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

// TestManyOwners uses more owners than the cache holds.
func TestManyOwners(t *testing.T) {
	s := open(t, pgtest.URL(t))
	const owners, bound = 450, 100
	s.SetMaxOwners(bound)
	for _, first := range []int{0, 100, 400} {
		var b storage.Batch
		for i := first; i < min(first+300, owners); i++ {
			b.Rows = append(b.Rows, storage.Row{ID: int64(1000*first + i + 1), Owner: wire.MustAddr(fmt.Sprintf("user%d@example.test", i)), Peer: bob})
		}
		if _, err := s.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.CachedOwners(); n == 0 || n > bound {
		t.Errorf("the cache holds %d of at most %d", n, bound)
	}
	for i, want := range map[int]int{0: 1, 99: 1, 100: 2, 299: 2, 400: 1, 449: 1} {
		q := storage.Query{Owner: wire.MustAddr(fmt.Sprintf("user%d@example.test", i)), Limit: 9}
		if rows, err := s.Page(t.Context(), q); err != nil || len(rows) != want {
			t.Errorf("%d: rows %v, error %v", i, rows, err)
		}
	}
}

// TestInterruptedDeletion ends a deletion between two chunks: the archive is gone at once, Open removes its rows.
func TestInterruptedDeletion(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	var b storage.Batch
	for i := range int64(3000) {
		b.Rows = append(b.Rows, storage.Row{ID: i + 1, Owner: alice, Peer: bob, Undelivered: true, Origin: []byte(fmt.Sprint(i))})
	}
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s.Close()
	raw(t, url, "UPDATE owners SET addr = NULL") // what the first transaction does
	s = open(t, url)
	rows, err := s.Page(t.Context(), storage.Query{Owner: alice, Limit: 9})
	if err != nil || len(rows) != 0 {
		t.Errorf("rows %v, error %v", rows, err)
	}
	if records, err := s.Dump(t.Context(), storagetest.Table("archive"), nil, 9); err != nil || len(records) != 0 {
		t.Errorf("who copies the tables finds %d rows, error %v", len(records), err)
	}
	eventually(t, "the rows go", func() error {
		if n := ask[int](t, url, `SELECT (SELECT count(*) FROM archive) + (SELECT count(*) FROM owners) + (SELECT count(*) FROM undelivered)
			+ (SELECT count(*) FROM archive_origins)`); n != 0 {
			return fmt.Errorf("%d are left", n)
		}
		return nil
	})
}

// TestWaitIsCancelled ends the context of one who waits for another's change of the same roster.
func TestWaitIsCancelled(t *testing.T) {
	s := open(t, pgtest.URL(t))
	_, _, err := s.UpdateRosterItem(t.Context(), alice, bob, 0, func(i *storage.RosterItem) error {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Block(ctx, alice, 0, []wire.Addr{bob}) }()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestFewConnections has more callers than the pool has connections.
func TestFewConnections(t *testing.T) {
	s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.URL(t), ReadConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var g errgroup.Group
	for i := range 50 {
		g.Go(func() error {
			if i%2 == 0 {
				return s.Block(t.Context(), alice, 0, []wire.Addr{wire.MustAddr(fmt.Sprintf("b%d@example.test", i))})
			}
			return errOf(s.Blocklist(t.Context(), alice))
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if list, err := s.Blocklist(t.Context(), alice); err != nil || len(list) != 25 {
		t.Errorf("%d blocked, error %v", len(list), err)
	}
}
