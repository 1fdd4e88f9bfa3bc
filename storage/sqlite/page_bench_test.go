package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
)

// grow appends rows to alice's archive until there are n, every tenth with bob, the others with one of a hundred.
func grow(t testing.TB, s *sqlite.Store, from, n int) {
	t.Helper()
	stanza := fmt.Appendf(nil, "<message>%0400d</message>", 0)
	var b storage.Batch
	for i := from; i < n; i++ {
		peer := bob
		if i%10 > 0 {
			peer = benchPeers[i%len(benchPeers)]
		}
		b.Rows = append(b.Rows, storage.Row{ID: int64(i + 1), Owner: alice, Peer: peer, Kind: storage.RowChat, Stanza: stanza})
		if len(b.Rows) < 1000 && i < n-1 {
			continue
		}
		if _, err := s.Append(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		b.Rows = b.Rows[:0]
	}
}

var benchPeers = benchAddrs()[:100]

// readPages reads pages of 50 all over an archive of n rows.
func readPages(t testing.TB, s *sqlite.Store, q storage.Query, n, pages int) {
	t.Helper()
	q.Owner, q.Limit = alice, 50
	for i := range pages {
		q.After = int64(i*7919) % int64(n-1000)
		if rows, err := s.Page(context.Background(), q); err != nil || len(rows) != 50 {
			t.Fatal(len(rows), err)
		}
	}
}

var pageQueries = map[string]storage.Query{"all": {}, "newest": {Newest: true}, "with": {With: bob}}

// BenchmarkPage reads pages of archives of two sizes; an operation is a page of 50.
func BenchmarkPage(b *testing.B) {
	s, have := openBench(b), 0
	for _, n := range []int{10_000, 1_000_000} {
		grow(b, s, have, n)
		have = n
		for name, q := range pageQueries {
			b.Run(fmt.Sprint(n, "/", name), func(b *testing.B) {
				b.ReportAllocs()
				readPages(b, s, q, n, b.N)
			})
		}
	}
}

// TestPageRatio holds what a page costs against the size of the archive: with twenty times as many rows, at most twice as much.
func TestPageRatio(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("a measurement")
	}
	const small, large, pages, attempts = 5_000, 100_000, 20, 30
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	grow(t, s, 0, small)
	best := func(q storage.Query, n int) time.Duration {
		least := time.Hour
		for range attempts {
			began := time.Now()
			readPages(t, s, q, n, pages)
			least = min(least, time.Since(began))
		}
		return least
	}
	before := make(map[string]time.Duration)
	for name, q := range pageQueries {
		before[name] = best(q, small)
	}
	grow(t, s, small, large)
	for name, q := range pageQueries {
		after := best(q, large)
		t.Logf("%s: %v for a page among %d rows, %v among %d", name, before[name]/pages, small, after/pages, large)
		if after > 2*before[name] {
			t.Errorf("%s: a page costs %.1f times as much", name, float64(after)/float64(before[name]))
		}
	}
}
