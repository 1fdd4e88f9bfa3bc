package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/archive"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/wire"
)

// TestIDs holds the layout of ids that months go by against the one of package archive.
func TestIDs(t *testing.T) {
	for _, at := range []time.Time{date(2025, 1), date(2026, 3), date(2094, 8), time.Date(2031, 7, 9, 1, 2, 3, 4e6, time.UTC)} {
		if got, want := (at.UnixMilli()-postgres.IDEpoch)<<postgres.IDShift, archive.TimeID(at); max(got, 1) != want {
			t.Errorf("%v: %d, archive has %d", at, got, want)
		}
	}
}

func date(year int, month time.Month) time.Time {
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

// in is an id of a month's second day.
func in(year int, month time.Month) int64 { return archive.TimeID(date(year, month).AddDate(0, 0, 1)) }

func partitions(t *testing.T, url, parent string) string {
	return ask[string](t, url, `SELECT coalesce(string_agg(relid::text, ' ' ORDER BY relid::text), '')
		FROM pg_partition_tree($1) WHERE isleaf AND level > 0`, parent)
}

// TestMonths looks at the partitions: this month and the next are there from the start, others come with their rows, each
// month in one of its own, its first and last id too.
func TestMonths(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	now := time.Now().UTC()
	this := date(now.Year(), now.Month())
	ahead := this.Format("archive_2006_01") + " " + this.AddDate(0, 1, 0).Format("archive_2006_01")
	if got := partitions(t, url, "archive"); got != ahead {
		t.Errorf("at the start there are %q, want %q", got, ahead)
	}
	ids := []int64{1, archive.TimeID(date(2025, 2)) - 1, archive.TimeID(date(2025, 2)), archive.TimeID(date(2025, 12)), 1<<63 - 1<<22, 1<<63 - 2}
	var b storage.Batch
	for _, id := range ids {
		b.Rows = append(b.Rows, storage.Row{ID: id, Owner: alice, Peer: bob})
	}
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"archive_2025_01": 2, "archive_2025_02": 1, "archive_2025_12": 1, "archive_2094_09": 2, "archive_2026_01": 0} {
		if n := ask[int](t, url, `SELECT count(*) FROM `+table); n != want {
			t.Errorf("%s holds %d rows, want %d", table, n, want)
		}
	}
	rows, err := s.Page(t.Context(), storage.Query{Owner: alice, Limit: 99})
	if err != nil || len(rows) != len(ids) {
		t.Errorf("%d rows, error %v", len(rows), err)
	}
	s.Close()
	open(t, url).Close() // which knows them all again
}

// TestDropBefore drops months with all that hangs on them, but for the one in which a spared owner has a row.
func TestDropBefore(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	var b storage.Batch
	var texts []storage.Text
	for i, month := range []time.Month{1, 2, 3, 4} {
		b.Rows = append(b.Rows, storage.Row{ID: in(2025, month), Owner: alice, Peer: bob, Undelivered: true, Origin: []byte{byte(i)}, Stanza: []byte("<a/>")})
		texts = append(texts, storage.Text{Owner: alice, ID: in(2025, month), Text: "duck"})
		b.Rewrites = append(b.Rewrites, storage.Rewrite{Owner: alice, ID: in(2025, month), Stanza: []byte("<b/>"), Hold: true})
	}
	b.Rows = append(b.Rows, storage.Row{ID: in(2025, 2) + 1, Owner: bob, Peer: alice})
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := s.Index(t.Context(), texts, in(2025, 4)); err != nil {
		t.Fatal(err)
	}
	drop := func(id int64, want int, spared ...wire.Addr) {
		t.Helper()
		if n, err := s.DropBefore(t.Context(), id, spared); err != nil || n != want {
			t.Errorf("%d months were dropped, want %d (%v)", n, want, err)
		}
	}
	drop(archive.TimeID(date(2025, 2))-1, 0)
	drop(archive.TimeID(date(2025, 4)), 2, bob, wire.MustAddr("nobody@example.test"))
	left := func(want ...int64) {
		t.Helper()
		held, err1 := s.Held(t.Context(), alice, 0, 9)
		marked, err2 := s.Undelivered(t.Context(), alice, 0, 9)
		found, err3 := s.Page(t.Context(), storage.Query{Owner: alice, Words: []string{"duck"}, Limit: 9})
		rows, err4 := s.Page(t.Context(), storage.Query{Owner: alice, Limit: 9})
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		for what, list := range map[string][]storage.Row{"rows": rows, "held": held, "marked": marked, "found": found} {
			if len(list) != len(want) {
				t.Errorf("%s: %d left, want %d", what, len(list), len(want))
			}
			for i := range min(len(list), len(want)) {
				if list[i].ID != want[i] {
					t.Errorf("%s: %d is left, want %d", what, list[i].ID, want[i])
				}
			}
		}
		if n := ask[int](t, url, `SELECT count(*) FROM archive_origins`); n != len(want) {
			t.Errorf("%d origins are left, want %d", n, len(want))
		}
	}
	left(in(2025, 2), in(2025, 4))
	drop(1<<63-1, 5) // May, this month and the next, too, which nobody needed yet
	left()
	if last, err := s.LastRow(t.Context()); err != nil || last != in(2025, 4) {
		t.Errorf("the last row is %d, error %v", last, err)
	}
	b.Rewrites = nil
	if dropped, err := s.Append(t.Context(), b); err != nil || len(dropped) != 0 {
		t.Errorf("the months are not made again: dropped %v, error %v", dropped, err)
	}
}

// TestDropManyOrigins drops a month with more origins than one transaction removes, and what is held of a spared owner whose
// row is gone stays.
func TestDropManyOrigins(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	carol := wire.MustAddr("carol@example.test")
	b := storage.Batch{
		Rows:     []storage.Row{{ID: in(2025, 1), Owner: carol, Peer: bob, Kind: storage.RowPassing, Undelivered: true, Stanza: []byte("<a/>")}},
		Rewrites: []storage.Rewrite{{Owner: carol, ID: in(2025, 1), Stanza: []byte("<b/>"), Tombstone: true, Hold: true}},
	}
	for i := range 2*postgres.DropOrigins + 5 {
		b.Rows = append(b.Rows, storage.Row{ID: in(2025, 1) + int64(i) + 1, Owner: alice, Peer: bob, Origin: fmt.Appendf(nil, "%d", i)})
	}
	b.Rows = append(b.Rows, storage.Row{ID: in(2025, 2), Owner: alice, Peer: bob, Origin: []byte("young")})
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DropBefore(t.Context(), archive.TimeID(date(2025, 2)), []wire.Addr{carol}); err != nil || n != 1 {
		t.Errorf("dropped %d, error %v", n, err)
	}
	if n := ask[int](t, url, `SELECT count(*) FROM archive_origins`); n != 1 {
		t.Errorf("%d origins are left, want that of the younger month", n)
	}
	if held, err := s.Held(t.Context(), carol, 0, 9); err != nil || len(held) != 1 {
		t.Errorf("held of a spared owner: %d, error %v", len(held), err)
	}
}

// TestReindexBusy reads the index at length: emptying it gives up soon, and no retraction waits for it.
func TestReindexBusy(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), "BEGIN; SELECT count(*) FROM archive_words", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	if err := s.Reindex(t.Context()); err == nil || !strings.Contains(err.Error(), "try again when it has ended") {
		t.Errorf("while another reads: %v", err)
	}
	if _, err := c.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := s.Reindex(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDropBusy leaves a month that somebody reads at length, as pg_dump does, and holds up nobody for long.
func TestDropBusy(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	if _, err := s.Append(t.Context(), message(in(2025, 1))); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), "BEGIN; SELECT count(*) FROM archive", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DropBefore(t.Context(), archive.TimeID(date(2025, 2)), nil); err != nil || n != 0 {
		t.Errorf("dropped %d, error %v", n, err)
	}
	if err := every(t, s, in(2025, 1)+1); err != nil {
		t.Error(err)
	}
	if _, err := c.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DropBefore(t.Context(), archive.TimeID(date(2025, 2)), nil); err != nil || n != 1 {
		t.Errorf("dropped %d, error %v", n, err)
	}
}

// TestVacuumed looks for the bytes of rewritten and deleted rows in the tables' files.
func TestVacuumed(t *testing.T) {
	defer postgres.SetVacuumDelay(10 * time.Millisecond)()
	pg := pgtest.StartServer(t)
	s := open(t, pg.URL)
	data := ask[string](t, pg.URL, `SELECT current_setting('data_directory')`)
	found := func() (n int) {
		raw(t, pg.URL, `CHECKPOINT`)
		for _, query := range []string{`SELECT pg_relation_filepath('archive_2025_01')`,
			`SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = 'archive_2025_01'::regclass`} {
			file, err := os.ReadFile(filepath.Join(data, ask[string](t, pg.URL, query)))
			if err != nil {
				t.Fatal(err)
			}
			n += bytes.Count(file, []byte("SECRET"))
		}
		return n
	}
	var long []byte // more than a page, and nothing that can be compressed away
	for i := range 3000 {
		long = append(long, "SECRET"...)
		long = append(long, byte(i*7), byte(i*i), byte(i>>3))
	}
	rows := []storage.Row{{ID: 1, Owner: alice, Peer: bob, Stanza: []byte("a SECRET")}, {ID: 2, Owner: alice, Peer: bob, Stanza: long}}
	if _, err := s.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
		t.Fatal(err)
	}
	if found() == 0 {
		t.Fatal("the test finds nothing")
	}
	_, err := s.Append(t.Context(), storage.Batch{Rewrites: []storage.Rewrite{{Owner: alice, ID: 1, Tombstone: true}, {Owner: alice, ID: 2, Tombstone: true}}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the table is vacuumed", func() error {
		if ask[int](t, pg.URL, `SELECT vacuum_count FROM pg_stat_all_tables WHERE relname = 'archive_2025_01'`) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	if n := found(); n != 0 {
		t.Errorf("the files hold it %d times", n)
	}

	if _, err := s.CreateAccounts(t.Context(), []storage.Account{{Addr: alice}}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.PutDocument(t.Context(), alice, "vcard", "", []byte("x"), 0), s.DeleteAccount(t.Context(), alice)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an account's tables are vacuumed", func() error {
		if n := ask[int](t, pg.URL, `SELECT count(*) FROM pg_stat_user_tables WHERE vacuum_count > 0 AND
			relname IN ('accounts', 'account_keys', 'roster_items', 'roster_removals', 'documents', 'blocks', 'affiliations', 'held')`); n != 8 {
			return fmt.Errorf("%d of 8", n)
		}
		return nil
	})
}
