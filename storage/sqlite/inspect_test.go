package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
)

// Inspect makes no file, tells the ends of the archive, and estimates its rows without counting them.
func TestInspect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	o, err := sqlite.Inspect(t.Context(), path)
	if err != nil || !o.Missing || o.Program == 0 {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file now")
	}
	s := open(t, path)
	const rows = 30_000
	var batch storage.Batch
	for i := range rows {
		batch.Rows = append(batch.Rows, storage.Row{ID: int64(1000 + i), Owner: alice, Peer: bob, Kind: storage.RowChat,
			Stanza: bytes.Repeat([]byte("x"), 200)})
	}
	if _, err := s.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	o, err = sqlite.Inspect(t.Context(), path)
	if err != nil || o.Missing || o.Schema != o.Program || o.Oldest != 1000 || o.Newest != 999+rows {
		t.Errorf("%+v, %v", o, err)
	}
	for _, size := range o.Tables {
		switch size.Table {
		case "archive":
			if !size.Estimate || size.Rows < rows*2/3 || size.Rows > rows*3/2 {
				t.Errorf("about %d rows of %d", size.Rows, rows)
			}
		case "owners":
			if size.Estimate || size.Rows != 1 {
				t.Errorf("owners: %+v", size)
			}
		}
	}
}
