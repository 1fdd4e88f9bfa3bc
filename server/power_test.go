package server_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"salon.im/salon/storage/sqlite"
)

// The power fails again and again while people talk: what is left on the disk then holds all that was acknowledged before.
// SIGKILL cannot show that, since the system keeps what a killed process wrote.
func TestPowerCut(t *testing.T) {
	cuts := 10
	if raceEnabled {
		cuts = 2 // SQLite is slow with it
	}
	w := newDiskWorld(t, time.Minute)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	ids := idsOf(t, w.s)
	luck := rand.New(rand.NewPCG(seed, 0))
	for range cuts {
		acked := w.book.Sums().Acked + 20 + luck.IntN(60)
		w.until("more is acknowledged", func() bool { return w.book.Sums().Acked > acked })
		promised, dir := w.book.Now(), t.TempDir()
		if err := w.disk.PowerCut(dir, luck); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "salon.db")
		whole(t, path)
		left, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Synchronous: sqlite.Off})
		if err != nil {
			t.Fatal(err)
		}
		for _, owner := range w.book.Owners() {
			if err := w.book.CheckCopy(context.Background(), owner, archived(left, ids), promised); err != nil {
				t.Fatal(err)
			}
		}
		if err := left.Close(); err != nil {
			t.Error(err)
		}
	}
	w.settle()
}
