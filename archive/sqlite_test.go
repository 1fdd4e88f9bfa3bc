package archive_test

import (
	"path/filepath"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
)

// The whole way on a real back end: stored, resent, waiting, delivered, and ids that go on after a restart.
func TestOnSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	var last int64
	for start := range 2 {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Synchronous: sqlite.Off})
		if err != nil {
			t.Fatal(err)
		}
		w := open(t, s, archive.Options{})
		mine := row("hello")
		mine.Undelivered, mine.Origin = true, archive.Origin(romeo, "o1")
		rows := []storage.Row{mine}
		if r := <-send(t, w, rows...); r.Err != nil || r.DroppedRow(0) != (start == 1) {
			t.Fatalf("start %d: %+v", start, r)
		}
		if rows[0].ID <= last {
			t.Errorf("start %d: id %d after %d", start, rows[0].ID, last)
		}
		last = rows[0].ID
		p, err := archive.Undelivered(t.Context(), s, juliet, 0, 5)
		if err != nil || len(p.Items) != 1-start {
			t.Fatalf("start %d: %d wait, %v", start, len(p.Items), err)
		}
		if start == 0 {
			w.Delivered(storage.Mark{Owner: juliet, ID: p.Items[0].ID})
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if p, err := archive.Before(t.Context(), s, juliet, 0, 5); err != nil || len(p.Items) != 1 || p.Items[0].Stanza.From() != romeo {
			t.Errorf("start %d: %+v, %v", start, p, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
