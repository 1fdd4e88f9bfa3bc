package archive_test

import (
	"path/filepath"
	"sync"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
)

// Who pages behind the newest message while others are being stored misses none: what a page does not show has a higher id
// than all that it shows.
func TestPagingWhileMessagesCome(t *testing.T) {
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "salon.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := open(t, s, archive.Options{})
	const senders, each = 4, 300
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for range each {
				if err := w.Append(t.Context(), []storage.Row{row("hello")}, func(archive.Result) {}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	r := archive.NewReader(s, ids)
	seen, pages := map[int64]bool{}, 0
	for at := ""; len(seen) < senders*each && pages < 1_000_000; pages++ {
		a, err := r.Query(t.Context(), juliet, request(t, set(`<max>7</max><after>`+at+`</after>`)), wide)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range a.Rows {
			if seen[row.ID] {
				t.Fatalf("row %d twice", row.ID)
			}
			seen[row.ID] = true
		}
		if len(a.Rows) > 0 {
			at = ids.Text(a.Last)
		}
		if a.Complete && len(a.Rows) == 0 {
			if err := w.Barrier(t.Context()); err != nil { // until more has come
				t.Fatal(err)
			}
		}
	}
	sending.Wait()
	if len(seen) != senders*each {
		t.Errorf("%d of %d in %d pages", len(seen), senders*each, pages)
	}
}
