package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
)

// TestModel holds stores against a model. Rows move on by few, each change may be another process's, and a store may vanish
// and be opened anew.
func TestModel(t *testing.T) {
	seeds := uint64(12)
	if os.Getenv("SALON_LONG") != "" {
		seeds = 300
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			model(t, seed)
		})
	}
}

func model(t *testing.T, seed uint64) {
	path := filepath.Join(t.TempDir(), "salon.db")
	var stores []*sqlite.Store
	reopen := func(r *rand.Rand) *sqlite.Store {
		s := open(t, path)
		s.SetFold(r.IntN(12))
		return s
	}
	at := 0
	storagetest.Model(t, seed, 60, func(r *rand.Rand) storage.Store {
		if len(stores) == 0 {
			stores = []*sqlite.Store{reopen(r), reopen(r)}
		}
		switch r.IntN(12) {
		case 0:
			stores[at].Close()
			stores[at] = reopen(r)
		case 1: // a crash
			stores[at] = reopen(r)
		case 2:
			at = 1 - at
		}
		return stores[at]
	}, func(r *rand.Rand) storage.Store {
		s := stores[at]
		switch r.IntN(10) {
		case 0: // the other one, once it has seen the change
			s = stores[1-at]
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 1:
			s = reopen(r)
		}
		return s
	})
	checkFile(t, path)
}

// checkFile holds the tables by which rows are found against the archive, and everything against SQLite's own check.
func checkFile(t *testing.T, path string) {
	t.Helper()
	if s := ask[string](t, path, `PRAGMA integrity_check`); s != "ok" {
		t.Error(s)
	}
	const below = ` FROM archive WHERE id <= (SELECT id FROM archive_folded)`
	for table, columns := range map[string][2]string{
		"archive_by_owner":  {"owner, id", ""},
		"archive_by_peer":   {"owner, peer_key, id", ""},
		"archive_by_origin": {"owner, origin, id", " AND origin IS NOT NULL"},
	} {
		found, rows := `SELECT `+columns[0]+` FROM `+table, `SELECT `+columns[0]+below+columns[1]
		for _, query := range []string{found + ` EXCEPT ` + rows, rows + ` EXCEPT ` + found} {
			if n := ask[int](t, path, `SELECT count(*) FROM (`+query+`)`); n != 0 {
				t.Errorf("%d rows: %s", n, query)
			}
		}
	}
}
