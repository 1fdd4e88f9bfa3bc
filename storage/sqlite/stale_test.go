package sqlite_test

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

func pageIDs(t *testing.T, s *sqlite.Store, q storage.Query) (ids []int64) {
	t.Helper()
	rows, err := s.Page(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		ids = append(ids, rows[i].ID)
	}
	return ids
}

func wantPage(t *testing.T, s *sqlite.Store, q storage.Query, want ...int64) {
	t.Helper()
	if ids := pageIDs(t, s, q); !slices.Equal(ids, want) {
		t.Errorf("%+v: rows %v, want %v", q, ids, want)
	}
}

// The following look at a store whose list of fresh rows is older than what its readers see, as between the list and the
// reader's transaction, for as long as a test needs: another process has changed the file.

// TestStalePeer gives one message to a pseudonym: nobody may find it by the person any more.
func TestStalePeer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	server := open(t, path)
	mustAppend(t, server, chatRow(1, ""), chatRow(2, ""), chatRow(3, ""))
	command := open(t, path)
	if _, err := command.Append(t.Context(), storage.Batch{Rewrites: []storage.Rewrite{
		{Owner: alice, ID: 2, Peer: wire.MustAddr("room@example.test/erased"), Stanza: []byte("<message/>"), Tombstone: true},
	}}); err != nil {
		t.Fatal(err)
	}
	wantPage(t, server, storage.Query{Owner: alice, With: bob, Limit: 9}, 1, 3)
	wantPage(t, server, storage.Query{Owner: alice, With: bob, After: 1, Limit: 9}, 3)
	wantPage(t, server, storage.Query{Owner: alice, With: bob, Newest: true, Limit: 9}, 1, 3)
	wantPage(t, server, storage.Query{Owner: alice, With: bob, Newest: true, Limit: 2}, 1, 3)
	wantPage(t, server, storage.Query{Owner: alice, Newest: true, Limit: 9}, 1, 2, 3)
}

// TestStaleDeletions deletes some rows of a page: it is filled up with others.
func TestStaleDeletions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	server := open(t, path)
	for id := range int64(6) {
		mustAppend(t, server, chatRow(id+1, ""))
	}
	command := open(t, path)
	if _, err := command.DeleteBefore(t.Context(), alice, 3, 9); err != nil {
		t.Fatal(err)
	}
	wantPage(t, server, storage.Query{Owner: alice, Limit: 3}, 3, 4, 5)
	wantPage(t, server, storage.Query{Owner: alice, With: bob, Limit: 3}, 3, 4, 5)
	wantPage(t, server, storage.Query{Owner: alice, Limit: 3, Newest: true, Before: 5}, 3, 4)
}

// TestStaleOwner takes the name from an archive whose rows are still there: a new owner of the name has none of them.
func TestStaleOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	server := open(t, path)
	mustAppend(t, server, chatRow(1, "a"))
	raw(t, path, `UPDATE owners SET addr = NULL`, `INSERT INTO owners (addr) VALUES ('alice@example.test')`)
	if row, err := server.ByOrigin(t.Context(), alice, []byte("a")); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("row %+v, error %v", row, err)
	}
	wantPage(t, server, storage.Query{Owner: alice, Limit: 9})
	wantPage(t, server, storage.Query{Owner: alice, Newest: true, Limit: 9})
	if d := mustAppend(t, server, chatRow(2, "a")); len(d) != 0 {
		t.Errorf("another archive's row is taken for this one's: %v", d)
	}
}

// TestStaleOrigin lets a row go with its mark, and another one come in its place.
func TestStaleOrigin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	server := open(t, path)
	mustAppend(t, server, chatRow(1, "a"))
	command := open(t, path)
	if n, err := command.DeleteBefore(t.Context(), alice, 2, 9); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	mustAppend(t, command, chatRow(3, "a"))
	if err := command.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := command.DeleteBefore(t.Context(), bob, 9, 9); err != nil { // an archive that there is not
		t.Fatal(err)
	}
	if _, err := command.DeleteBefore(t.Context(), wire.Addr{}, 1, 9); err != nil { // moves the row on
		t.Fatal(err)
	}
	if row, err := server.ByOrigin(t.Context(), alice, []byte("a")); err != nil || row.ID != 3 {
		t.Errorf("row %+v, error %v", row, err)
	}
}

// TestRestoreIntoFreshRows restores rows into a store that has some, and asks it for pages before it writes again.
func TestRestoreIntoFreshRows(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	mustAppend(t, s, chatRow(1, ""), chatRow(5, ""))
	restoreRows(t, s, storage.RowChat, 3, 8)
	if err := s.Restored(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, q := range []storage.Query{{}, {With: bob}, {Newest: true}, {With: bob, Newest: true}} {
		q.Owner, q.Limit = alice, 9
		wantPage(t, s, q, 1, 3, 5, 8)
	}
	wantPage(t, s, storage.Query{Owner: alice, Newest: true, Limit: 2}, 5, 8)
	wantPage(t, s, storage.Query{Owner: alice, After: 1, Limit: 2}, 3, 5)
	mustAppend(t, s, chatRow(6, ""), chatRow(9, ""))
	wantPage(t, s, storage.Query{Owner: alice, Newest: true, Limit: 9}, 1, 3, 5, 6, 8, 9)
}

// TestRestorePassing restores a row that goes with its mark into a store that knows of none.
func TestRestorePassing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	mustAppend(t, s, chatRow(1, ""))
	if err := s.ClearUndelivered(t.Context(), alice, 1); err != nil {
		t.Fatal(err)
	}
	restoreRows(t, s, storage.RowPassing, 2)
	if err := s.Restored(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), storage.Batch{Delivered: []storage.Mark{{Owner: alice, ID: 2}}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DeleteBefore(t.Context(), alice, 9, 9); err != nil || n != 1 {
		t.Errorf("%d rows are left, error %v", n, err)
	}
}

// restoreRows puts rows of alice's archive, number 1, into the table alone.
func restoreRows(t *testing.T, s *sqlite.Store, kind storage.RowKind, ids ...int64) {
	t.Helper()
	for _, table := range storage.Tables {
		if table.Name != "archive" {
			continue
		}
		var records []storage.Record
		for _, id := range ids {
			record := make(storage.Record, len(table.Columns))
			for i, c := range table.Columns {
				switch c.Name {
				case "id":
					record[i] = id
				case "owner":
					record[i] = int64(1)
				case "kind":
					record[i] = int64(kind)
				case "peer_key":
					record[i] = storage.PeerKey(bob)
				case "peer":
					record[i] = bob.String()
				case "outgoing", "tombstone":
					record[i] = false
				case "stanza":
					record[i] = []byte("<message/>")
				}
			}
			records = append(records, record)
		}
		if err := s.Restore(t.Context(), table, records); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInterruptedRestore opens a file with more rows above the mark than may be fresh, as a restoration leaves it that was
// cut short. They are not remembered, they move on.
func TestInterruptedRestore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	s := open(t, path)
	mustAppend(t, s, chatRow(1, "a"))
	var ids []int64
	const most = 40_000
	for id := range int64(most) {
		ids = append(ids, id+2)
	}
	restoreRows(t, s, storage.RowChat, ids...)
	s = open(t, path)
	if n := s.FreshRows(); n > sqlite.FoldRows {
		t.Errorf("%d rows are fresh", n)
	}
	wantPage(t, s, storage.Query{Owner: alice, Limit: 2}, 1, 2)
	wantPage(t, s, storage.Query{Owner: alice, With: bob, Newest: true, Limit: 2}, most, most+1)
	if d := mustAppend(t, s, chatRow(most+2, "a"), chatRow(most+3, "b")); len(d) != 1 || d[0].ID != 1 {
		t.Errorf("dropped %v", d)
	}
	wantPage(t, s, storage.Query{Owner: alice, Newest: true, Limit: 2}, most+1, most+3)
}

// TestTooManyFreshAndFailure is the same beside a server, whose next transaction fails.
func TestTooManyFreshAndFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	server := open(t, path)
	mustAppend(t, server, chatRow(1, "a"))
	var ids []int64
	const most = 3 * sqlite.FoldRows
	for id := range int64(most) {
		ids = append(ids, id+2)
	}
	restoreRows(t, open(t, path), storage.RowChat, ids...)
	taken := chatRow(1, "")
	taken.Stanza = []byte("<other/>")
	if _, err := server.Append(t.Context(), storage.Batch{Rows: []storage.Row{chatRow(most+9, "b"), taken}}); !errors.Is(err, storage.ErrConflict) {
		t.Fatal(err)
	}
	if n := server.FreshRows(); n != 1 {
		t.Errorf("%d rows are fresh", n)
	}
	mustAppend(t, server, chatRow(most+10, "b"))
	wantPage(t, server, storage.Query{Owner: alice, Newest: true, Limit: 2}, most+1, most+10)
	wantPage(t, server, storage.Query{Owner: alice, With: bob, Limit: 2}, 1, 2)
}

// TestFreshBounds asks for what lies behind the highest id that there can be, and before the lowest.
func TestFreshBounds(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	mustAppend(t, s, chatRow(1, ""), chatRow(math.MaxInt64-1, ""))
	for _, newest := range []bool{false, true} {
		wantPage(t, s, storage.Query{Owner: alice, After: math.MaxInt64, Newest: newest, Limit: 9})
		wantPage(t, s, storage.Query{Owner: alice, After: math.MaxInt64 - 2, Newest: newest, Limit: 9}, math.MaxInt64-1)
		wantPage(t, s, storage.Query{Owner: alice, Before: 1, Newest: newest, Limit: 9})
		wantPage(t, s, storage.Query{Owner: alice, Before: -1, Newest: newest, Limit: 9})
		wantPage(t, s, storage.Query{Owner: alice, After: 5, Before: 3, Newest: newest, Limit: 9})
		wantPage(t, s, storage.Query{Owner: alice, After: -7, Newest: newest, Limit: 9}, 1, math.MaxInt64-1)
	}
}
