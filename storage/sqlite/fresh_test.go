package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

func chatRow(id int64, origin string) storage.Row {
	return storage.Row{ID: id, Owner: alice, Peer: bob, Kind: storage.RowChat, Origin: []byte(origin), Stanza: []byte("<message/>")}
}

func mustAppend(t *testing.T, s *sqlite.Store, rows ...storage.Row) []storage.Dropped {
	t.Helper()
	dropped, err := s.Append(t.Context(), storage.Batch{Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	return dropped
}

// TestFreshAfterCrash opens a file whose rows were fresh when its server vanished: it is not closed.
func TestFreshAfterCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	mustAppend(t, open(t, path), chatRow(1, "a"), chatRow(2, "b"))
	s := open(t, path)
	if rows, err := s.Page(t.Context(), storage.Query{Owner: alice, With: bob, Limit: 9}); err != nil || len(rows) != 2 {
		t.Errorf("rows %v, error %v", rows, err)
	}
	if row, err := s.ByOrigin(t.Context(), alice, []byte("b")); err != nil || row.ID != 2 {
		t.Errorf("by origin: row %d, error %v", row.ID, err)
	}
	if d := mustAppend(t, s, chatRow(3, "a")); len(d) != 1 || d[0].ID != 1 {
		t.Errorf("a resend was not recognised: %v", d)
	}
}

// TestFreshAfterFailure appends a batch that fails, and then its first row again.
func TestFreshAfterFailure(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	mustAppend(t, s, chatRow(1, "a"))
	taken := chatRow(1, "c")
	taken.Stanza = []byte("<message id=\"other\"/>")
	if _, err := s.Append(t.Context(), storage.Batch{Rows: []storage.Row{chatRow(2, "b"), taken}}); !errors.Is(err, storage.ErrConflict) {
		t.Fatal(err)
	}
	if d := mustAppend(t, s, chatRow(3, "b")); len(d) != 0 {
		t.Errorf("a row that failed is taken for stored: %v", d)
	}
	if rows, err := s.Page(t.Context(), storage.Query{Owner: alice, Newest: true, Limit: 2}); err != nil || len(rows) != 2 || rows[0].ID != 1 || rows[1].ID != 3 {
		t.Errorf("rows %v, error %v", rows, err)
	}
}

// TestFreshIsBounded counts what the store remembers while rows come by hundreds.
func TestFreshIsBounded(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	const bound, batch = 250, 100
	s.SetFold(bound)
	for id := int64(1); id < 2000; {
		var rows []storage.Row
		for range batch {
			rows = append(rows, chatRow(id, ""))
			id++
		}
		mustAppend(t, s, rows...)
		if n := s.FreshRows(); n == 0 || n >= bound+batch {
			t.Fatalf("%d rows are fresh, of less than %d", n, bound+batch)
		}
		if n := s.PendingRows(); n != 0 {
			t.Fatalf("%d rows are remembered of transactions that have ended", n)
		}
	}
}

// TestFreshGoAtOnce appends rows that go or move on in their own batch.
func TestFreshGoAtOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	passing := chatRow(2, "b")
	passing.Kind, passing.Undelivered = storage.RowPassing, true
	for i, b := range []storage.Batch{
		{Rows: []storage.Row{passing}, Delivered: []storage.Mark{{Owner: alice, ID: 2}}},
		{Rows: []storage.Row{chatRow(3, "c")}, Rewrites: []storage.Rewrite{{Owner: alice, ID: 3, Peer: alice, Stanza: []byte("<x/>")}}},
	} {
		if _, err := s.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if fresh, pending := s.FreshRows(), s.PendingRows(); fresh != 0 || pending != 0 {
			t.Errorf("%d: %d rows are fresh, %d remembered of the transaction", i, fresh, pending)
		}
	}
}

// TestFreshOlder appends rows that are older than those that have moved on, as an import does.
func TestFreshOlder(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	s.SetFold(1)
	mustAppend(t, s, chatRow(10, "a"))
	mustAppend(t, s, chatRow(20, "b")) // moves the first on
	mustAppend(t, s, chatRow(5, "c"), chatRow(15, ""))
	if d := mustAppend(t, s, chatRow(30, "c")); len(d) != 1 || d[0].ID != 5 {
		t.Errorf("a resend was not recognised: %v", d)
	}
	for _, q := range []storage.Query{{}, {Newest: true}, {With: bob}} {
		q.Owner, q.Limit = alice, 9
		var ids []int64
		rows, err := s.Page(t.Context(), q)
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		if err != nil || len(ids) != 4 || ids[0] != 5 || ids[1] != 10 || ids[2] != 15 || ids[3] != 20 {
			t.Errorf("%+v: rows %v, error %v", q, ids, err)
		}
	}
}

// TestPagesWhileRowsMoveOn reads pages from both ends while rows come and move on: none may miss a row that was stored
// before it was asked for, nor have a hole, nor a row twice.
func TestPagesWhileRowsMoveOn(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	s.SetFold(20)
	const last, limit = 3000, 50
	var stored atomic.Int64
	writer := make(chan error, 1)
	go func() {
		var err error
		for id := int64(1); id <= last && err == nil; id += 7 {
			var rows []storage.Row
			for i := range int64(7) {
				rows = append(rows, chatRow(id+i, ""))
			}
			_, err = s.Append(context.Background(), storage.Batch{Rows: rows})
			stored.Store(id + 6)
		}
		writer <- err
	}()
	for running := true; running; {
		select {
		case err := <-writer:
			if running = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
		before := stored.Load()
		newest, err := s.Page(t.Context(), storage.Query{Owner: alice, Newest: true, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		checkRun(t, newest, min(before, limit), before)
		first, err := s.Page(t.Context(), storage.Query{Owner: alice, After: max(0, before-20), Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		checkRun(t, first, min(before, 20), before)
	}
}

// checkRun wants at least n rows, one after the other, the last one no older than id.
func checkRun(t *testing.T, rows []storage.Row, n, id int64) {
	t.Helper()
	for i := range rows {
		if rows[i].ID != rows[0].ID+int64(i) {
			t.Fatalf("row %d follows row %d", rows[i].ID, rows[i-1].ID)
		}
	}
	if int64(len(rows)) < n || n > 0 && rows[len(rows)-1].ID < id {
		t.Fatalf("%d rows of at least %d, up to %v of %d", len(rows), n, rows[max(0, len(rows)-1):], id)
	}
}

// TestFreshKeepsNoStanza appends rows whose addresses are pieces of large stanzas, as they are on the wire. What is
// remembered of the rows keeps none of the stanzas in memory.
func TestFreshKeepsNoStanza(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	const rows, large = 100, 1 << 20
	before := heap()
	for i := range rows {
		text := fmt.Sprintf("user%d@example.test bob%d@example.test %s", i, i, strings.Repeat(" ", large))
		words := strings.Fields(text)
		row := chatRow(int64(i+1), fmt.Sprint(i))
		row.Owner, row.Peer = wire.MustAddr(words[0]), wire.MustAddr(words[1])
		mustAppend(t, s, row)
	}
	if grown := heap() - before; grown > rows*large/4 {
		t.Errorf("%d KiB more are in use", grown>>10)
	}
	if n := s.FreshRows(); n != rows {
		t.Errorf("%d rows are fresh", n)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestFreshOfAbandoned appends a row to an archive whose name another one had, the rows of which are still there.
func TestFreshOfAbandoned(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	mustAppend(t, s, chatRow(1, "a"))
	if err := s.Abandon(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if d := mustAppend(t, s, chatRow(2, "a")); len(d) != 0 {
		t.Errorf("another archive's row is taken for this one's: %v", d)
	}
	wantPage(t, s, storage.Query{Owner: alice, Limit: 9}, 2)
}

// TestPassingAfterFailure deletes a row in a transaction that fails: the next one finds it again.
func TestPassingAfterFailure(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	passing := chatRow(1, "a")
	passing.Kind, passing.Undelivered = storage.RowPassing, true
	mustAppend(t, s, passing)
	mark := storage.Mark{Owner: alice, ID: 1}
	if err := s.DeliverInVain(t.Context(), mark); err == nil {
		t.Fatal("no error")
	}
	if _, err := s.Append(t.Context(), storage.Batch{Delivered: []storage.Mark{mark}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DeleteBefore(t.Context(), alice, 9, 9); err != nil || n != 0 {
		t.Errorf("%d rows are left, error %v", n, err)
	}
}

// TestFreshOnFullDisk appends to a file that may not grow, again and again, while rows move on: what was refused is not there,
// what was stored is, and both come in once there is room.
func TestFreshOnFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	s := open(t, path)
	s.SetFold(40)
	var stored []int64
	refused := 0
	for id := int64(1); id < 2000 && refused < 200; id += 5 {
		if id%100 == 1 { // room for a little more
			pages, err := strconv.Atoi(pragma(t, s, "page_count"))
			if err != nil {
				t.Fatal(err)
			}
			pragma(t, s, fmt.Sprint("max_page_count = ", pages+3))
		}
		var b storage.Batch
		for i := range int64(5) {
			r := chatRow(id+i, fmt.Sprint(id+i))
			r.Stanza = bytes.Repeat([]byte{'x'}, 700)
			b.Rows = append(b.Rows, r)
		}
		if dropped, err := s.Append(t.Context(), b); err != nil {
			refused++
		} else if len(dropped) > 0 {
			t.Fatalf("rows that were refused are taken for stored: %v", dropped)
		} else {
			stored = append(stored, id, id+1, id+2, id+3, id+4)
		}
		wantPage(t, s, storage.Query{Owner: alice, With: bob, Limit: 5000}, stored...)
	}
	if refused == 0 || len(stored) < 100 {
		t.Fatalf("%d batches were refused, %d rows stored", refused, len(stored))
	}
	pragma(t, s, "max_page_count = 100000")
	mustAppend(t, s, chatRow(5000, ""))
	wantPage(t, s, storage.Query{Owner: alice, Limit: 5000}, append(stored, 5000)...)
	checkFile(t, path)
}

func pragma(t *testing.T, s *sqlite.Store, text string) string {
	t.Helper()
	v, err := s.Pragma(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
