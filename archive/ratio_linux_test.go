package archive_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
)

const producers = 1000

// disk returns a folder whose fsync is real, or skips.
func disk(t testing.TB) string {
	t.Helper()
	const tmpfs = 0x01021994
	var fs syscall.Statfs_t
	dir := t.TempDir()
	if err := syscall.Statfs(dir, &fs); err != nil || fs.Type != tmpfs {
		t.Logf("file system %#x", fs.Type)
		return dir
	}
	dir, err := os.MkdirTemp(".", "ratio-")
	if err != nil {
		t.Skip("no real disk:", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := syscall.Statfs(dir, &fs); err != nil || fs.Type == tmpfs {
		t.Skip("no real disk: both folders are in memory")
	}
	t.Logf("file system %#x", fs.Type)
	return dir
}

func openSQLite(t testing.TB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(disk(t), "salon.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// message is a row of about 430 bytes.
func message() []storage.Row {
	r := row("%0300d", 0)
	return []storage.Row{r}
}

// serially returns how many rows a second one committer stores, each in a transaction of its own.
func serially(t testing.TB, d time.Duration) float64 {
	t.Helper()
	s, rows := openSQLite(t), message()
	n, began := 0, time.Now()
	for ; time.Since(began) < d; n++ {
		rows[0].ID++
		if _, err := s.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
			t.Fatal(err)
		}
	}
	return float64(n) / time.Since(began).Seconds()
}

// together returns how many rows a second 1,000 producers store that each wait for their commit.
func together(t testing.TB, d time.Duration, o archive.Options) (float64, archive.Stats) {
	t.Helper()
	w := open(t, openSQLite(t), o)
	var n atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range producers {
		wg.Go(func() {
			told := make(chan error, 1)
			done := func(r archive.Result) { told <- r.Err }
			for time.Since(began) < d {
				if err := w.Append(t.Context(), message(), done); err != nil {
					t.Error(err)
					return
				}
				if err := <-told; err != nil {
					t.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(began).Seconds(), w.Stats()
}

// What group commit is for: many who wait for the disk share the wait.
func TestGroupCommitRatio(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("a measurement")
	}
	const bar = 8
	best := 0.0
	for range 3 {
		one := serially(t, 300*time.Millisecond)
		many, stats := together(t, 300*time.Millisecond, archive.Options{})
		best = max(best, many/one)
		t.Logf("serial %.0f rows/s, together %.0f rows/s in batches of %d: %.1f ×", one, many, stats.Rows/max(stats.Batches, 1), many/one)
		if best >= bar {
			return
		}
	}
	t.Errorf("%.1f × at best, want %d ×", best, bar)
}

// BenchmarkAppend measures 1,000 producers that wait, with and without Options.Wait.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name string
		wait time.Duration
	}{{"at once", 0}, {"2ms", 2 * time.Millisecond}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				rate, s := together(b, 500*time.Millisecond, archive.Options{Wait: c.wait})
				b.ReportMetric(rate, "rows/s")
				b.ReportMetric(float64(s.Rows)/float64(max(s.Batches, 1)), "rows/batch")
				b.ReportMetric(s.Latency.Sum.Seconds()*1e3/float64(max(s.Rows, 1)), "ms/row")
			}
		})
	}
}
