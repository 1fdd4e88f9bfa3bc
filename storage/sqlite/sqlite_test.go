package sqlite_test

import (
	"path/filepath"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
)

func TestConformance(t *testing.T) {
	storagetest.Run(t, func() func(t *testing.T) storage.Store {
		dir := t.TempDir()
		return func(t *testing.T) storage.Store {
			return open(t, filepath.Join(dir, t.Name(), "salon.db"))
		}
	}())
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
