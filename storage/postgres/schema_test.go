package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// derived are the tables that hold nothing of their own: no copy takes them along.
var derived = []string{"archive_origins", "archive_words", "archive_words_mark", "goose_db_version", "pings"}

// TestTables holds storage.Tables against the schema, so that no copy of a store forgets a new table or column.
func TestTables(t *testing.T) {
	url := pgtest.URL(t)
	open(t, url).Close()
	kinds := map[storage.Kind]string{storage.KindText: "text", storage.KindInt: "bigint", storage.KindBool: "boolean", storage.KindBytes: "bytea"}
	var listed []string
	for _, table := range storage.Tables {
		var want []string
		for i, c := range table.Columns {
			want = append(want, fmt.Sprint(c.Name, " ", kinds[c.Kind], " ", !c.Null, " ", i < table.Key))
		}
		slices.Sort(want) // a table's own order is that of its layout
		got := ask[string](t, url, `SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
				CASE WHEN a.attnotnull THEN 'true' ELSE 'false' END,
				CASE WHEN a.attnum = ANY(i.indkey::int2[]) THEN 'true' ELSE 'false' END), ', ' ORDER BY a.attname COLLATE "C")
			FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
			WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`, table.Name)
		if got != strings.Join(want, ", ") {
			t.Errorf("%s:\n the schema has %s\n the list has   %s", table.Name, got, strings.Join(want, ", "))
		}
		listed = append(listed, table.Name)
	}
	all := ask[string](t, url, `SELECT string_agg(relname, ' ') FROM pg_class
		WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace`)
	for _, name := range strings.Fields(all) {
		if !slices.Contains(listed, name) && !slices.Contains(derived, name) {
			t.Errorf("storage.Tables lacks %s", name)
		}
	}
}

// TestPlans holds the queries of archive pages to their indexes, over two years of months: none may sort, pages are read
// month by month until they are full, and months out of bounds are not looked at.
func TestPlans(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	for month := range 24 {
		var b storage.Batch
		first := archive.TimeID(date(2025, time.January+time.Month(month)))
		for n := range int64(100) {
			b.Rows = append(b.Rows, storage.Row{ID: first + n, Owner: wire.MustAddr(fmt.Sprintf("user%d@example.test", n%20)), Peer: bob})
		}
		if _, err := s.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	raw(t, url, `ANALYZE`)
	for i, tt := range []struct {
		q          storage.Query
		has, lacks []string
	}{
		0: {storage.Query{}, []string{"Append", "Index Scan using archive_2025_01_owner_id_idx"}, nil},
		1: {storage.Query{Newest: true}, []string{"Append", "Index Scan Backward using archive_2026_12_owner_id_idx"}, nil},
		2: {storage.Query{With: bob, Newest: true}, []string{"Append", "Index Scan Backward using archive_2026_12_owner_peer_key_id_idx"}, nil},
		3: {storage.Query{After: archive.TimeID(date(2025, 3)), Before: archive.TimeID(date(2025, 4))},
			[]string{"archive_2025_03"}, []string{"archive_2025_02", "archive_2025_04", "archive_2026"}},
		4: {storage.Query{Words: []string{"a"}, With: bob}, []string{"Bitmap Index Scan on archive_words_2025_01_words_idx"}, nil},
		5: {storage.Query{Words: []string{"a"}, Newest: true}, []string{"Bitmap Index Scan on archive_words_2026_12_words_idx"}, nil},
	} {
		tt.q.Owner, tt.q.Limit = wire.MustAddr("user1@example.test"), 50
		plan, err := s.Plan(t.Context(), tt.q)
		if err != nil {
			t.Fatal(err)
		}
		if tt.q.Words == nil && tt.q.After == 0 { // five rows of one month may be sorted
			tt.lacks = append(tt.lacks, "Sort", "Merge")
		}
		for _, word := range append(tt.lacks, "Seq Scan on archive_20") {
			if strings.Contains(plan, word) {
				t.Errorf("%d: %q in\n%s", i, word, plan)
			}
		}
		for _, word := range tt.has {
			if !strings.Contains(plan, word) {
				t.Errorf("%d: no %q in\n%s", i, word, plan)
			}
		}
	}
}
