package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

// TestOtherProcess deletes an archive's owner behind the back of a store that remembers its number.
func TestOtherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	server, command := open(t, path), open(t, path)
	if _, err := server.CreateAccounts(t.Context(), []storage.Account{{Addr: alice}}); err != nil {
		t.Fatal(err)
	}
	add := func(id int64) {
		t.Helper()
		if _, err := server.Append(t.Context(), storage.Batch{Rows: []storage.Row{{ID: id, Owner: alice, Peer: bob}}}); err != nil {
			t.Fatal(err)
		}
	}
	add(1)
	if err := command.DeleteAccount(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	add(2)
	rows, err := server.Page(t.Context(), storage.Query{Owner: alice, Limit: 9})
	if err != nil || len(rows) != 1 || rows[0].ID != 2 {
		t.Errorf("rows %v, error %v", rows, err)
	}
}

// TestManyOwners uses more owners than the cache holds.
func TestManyOwners(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	const owners, bound = 450, 100
	s.SetMaxOwners(bound)
	var b storage.Batch
	for i := range owners {
		owner := wire.MustAddr(fmt.Sprintf("user%d@example.test", i%owners))
		b.Rows = append(b.Rows, storage.Row{ID: int64(i + 1), Owner: owner, Peer: bob})
	}
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if n := s.CachedOwners(); n == 0 || n > bound {
		t.Errorf("the cache holds %d of at most %d", n, bound)
	}
	for _, i := range []int{0, 99, 100, 449} {
		q := storage.Query{Owner: wire.MustAddr(fmt.Sprintf("user%d@example.test", i)), Limit: 9}
		if rows, err := s.Page(t.Context(), q); err != nil || len(rows) != 1 || rows[0].ID != int64(i+1) {
			t.Errorf("%d: rows %v, error %v", i, rows, err)
		}
	}
}

// TestInterruptedDeletion ends a deletion between two chunks: the archive is gone at once, Open removes its rows.
func TestInterruptedDeletion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	s := open(t, path)
	if _, err := s.CreateAccounts(t.Context(), []storage.Account{{Addr: alice}}); err != nil {
		t.Fatal(err)
	}
	var b storage.Batch
	for i := range int64(3000) {
		b.Rows = append(b.Rows, storage.Row{ID: i + 1, Owner: alice, Peer: bob, Undelivered: true})
	}
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s.Close()
	raw(t, path, "DELETE FROM accounts", "UPDATE owners SET addr = NULL") // what the first transaction does
	s = open(t, path)
	rows, err := s.Page(t.Context(), storage.Query{Owner: alice, Limit: 9})
	if err != nil || len(rows) != 0 {
		t.Errorf("rows %v, error %v", rows, err)
	}
	if records, err := s.Dump(t.Context(), storagetest.Table("archive"), nil, 9); err != nil || len(records) != 0 {
		t.Errorf("who copies the tables finds %d rows, error %v", len(records), err)
	}
	// Another deletion waits for what Open goes on with, or does it itself.
	if err := deleteOne(t, s); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if n := ask[int](t, path, "SELECT (SELECT count(*) FROM archive) + (SELECT count(*) FROM owners)"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func deleteOne(t *testing.T, s *sqlite.Store) error {
	t.Helper()
	if _, err := s.CreateAccounts(t.Context(), []storage.Account{{Addr: bob}}); err != nil {
		return err
	}
	return s.DeleteAccount(t.Context(), bob)
}

// TestWaitIsCancelled ends the context of a writer that waits for another.
func TestWaitIsCancelled(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	_, _, err := s.UpdateRosterItem(t.Context(), alice, bob, 0, func(i *storage.RosterItem) error {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Ping(ctx) }()
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
