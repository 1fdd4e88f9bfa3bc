package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"salon.im/salon/storage"
)

// derived are the tables that hold nothing of their own: no copy takes them along.
var derived = []string{
	"archive_by_origin", "archive_by_owner", "archive_by_peer", "archive_folded", "goose_db_version", "pings", "search_mark", "search_terms",
}

// TestTables holds storage.Tables against the schema, so that no copy of a store forgets a new table or column.
func TestTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	open(t, path).Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var listed []string
	for _, table := range storage.Tables {
		listed = append(listed, table.Name)
		if got, want := schemaOf(t, db, table.Name), describe(table); got != want {
			t.Errorf("%s:\n the schema has %s\n the list has   %s", table.Name, got, want)
		}
	}
	rows, err := db.Query(`SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(listed, name) && !slices.Contains(derived, name) {
			t.Errorf("storage.Tables lacks %s", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func schemaOf(t *testing.T, db *sql.DB, table string) string {
	t.Helper()
	rows, err := db.Query(`SELECT name, type, "notnull" OR pk AND type = 'INTEGER', pk FROM pragma_table_info(?) ORDER BY cid`, table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var name, kind string
		var notNull bool
		var key int
		if err := rows.Scan(&name, &kind, &notNull, &key); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, fmt.Sprint(name, " ", kind, " ", notNull, " ", key))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(columns, ", ")
}

func describe(table *storage.Table) string {
	kinds := map[storage.Kind]string{
		storage.KindText: "TEXT", storage.KindInt: "INTEGER", storage.KindBool: "INTEGER", storage.KindBytes: "BLOB",
	}
	var columns []string
	for i, c := range table.Columns {
		key := 0
		if i < table.Key {
			key = i + 1
		}
		columns = append(columns, fmt.Sprint(c.Name, " ", kinds[c.Kind], " ", !c.Null, " ", key))
	}
	return strings.Join(columns, ", ")
}
