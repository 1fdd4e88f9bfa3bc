package sqlite_test

import (
	"path/filepath"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
)

func TestConformance(t *testing.T) { conform(t, func(*sqlite.Store) {}) }

// TestConformanceFolded folds before each batch, and between them at each third row, so that rows are found in both places.
func TestConformanceFolded(t *testing.T) {
	for _, rows := range []int{0, 3} {
		conform(t, func(s *sqlite.Store) { s.SetFold(rows) })
	}
}

func conform(t *testing.T, set func(*sqlite.Store)) {
	dir := t.TempDir()
	storagetest.Run(t, func(t *testing.T) storage.Store {
		s := open(t, filepath.Join(dir, t.Name(), "salon.db"))
		set(s)
		return s
	})
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
