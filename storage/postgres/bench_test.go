package postgres_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"salon.im/salon/archive"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/wire"
)

// benchUsers is how many archives the benchmarks spread their rows over.
const benchUsers = 1000

// openBench opens a store on a server that waits for the disk.
func openBench(b *testing.B) *postgres.Store {
	b.Helper()
	return open(b, pgtest.StartServer(b, "fsync=on", "full_page_writes=on", "shared_buffers=256MB", "max_wal_size=4GB").URL)
}

func benchAddrs() []wire.Addr {
	addrs := make([]wire.Addr, benchUsers)
	for i := range addrs {
		addrs[i] = wire.MustAddr(fmt.Sprintf("user%d@example.test", i))
	}
	return addrs
}

// one is a message without an id.
func one(addrs []wire.Addr, n int64) storage.Row {
	from, to := addrs[n*7919%int64(len(addrs))], addrs[n*104729%int64(len(addrs))]
	return storage.Row{Owner: from, Peer: to, Kind: storage.RowChat, Outgoing: true,
		Origin: binary.BigEndian.AppendUint64(make([]byte, 8, 16), uint64(n)*0x9e3779b97f4a7c15), Stanza: bytes.Repeat([]byte("x"), 430)}
}

// BenchmarkAppend compares one committer, who waits for each row, with a thousand producers who do so while the archive's
// writer commits their rows in groups.
func BenchmarkAppend(b *testing.B) {
	b.Run("serial", func(b *testing.B) {
		s, addrs := openBench(b), benchAddrs()
		first := archive.TimeID(time.Now())
		for n := int64(0); b.Loop(); n++ {
			r := one(addrs, n)
			r.ID = first + n
			if _, err := s.Append(context.Background(), storage.Batch{Rows: []storage.Row{r}}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("1000 producers", func(b *testing.B) {
		s, addrs := openBench(b), benchAddrs()
		w, err := archive.Open(context.Background(), s, archive.Options{Wait: 2 * time.Millisecond})
		if err != nil {
			b.Fatal(err)
		}
		defer w.Close()
		var next atomic.Int64
		var g errgroup.Group
		b.ResetTimer()
		for range 1000 {
			g.Go(func() error {
				done := make(chan error, 1)
				for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
					err := w.Append(context.Background(), []storage.Row{one(addrs, n)}, func(r archive.Result) { done <- r.Err })
					if err == nil {
						err = <-done
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkPage reads the newest 50 rows of archives of equal size, in a store of 10,000 rows and in one of 1,000,000 that
// are spread over two years.
func BenchmarkPage(b *testing.B) {
	for _, rows := range []int64{10_000, 1_000_000} {
		b.Run(fmt.Sprint(rows, " rows"), func(b *testing.B) {
			s, addrs := openBench(b), benchAddrs()
			first, step := archive.TimeID(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)), int64(2*365*24*time.Hour/time.Millisecond)<<postgres.IDShift/rows
			addrs = addrs[:rows/1000]
			for n := int64(0); n < rows; n += 1000 {
				var batch storage.Batch
				for i := n; i < n+1000; i++ {
					r := one(addrs, i)
					r.ID = first + i*step
					batch.Rows = append(batch.Rows, r)
				}
				if _, err := s.Append(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
			}
			n := 0
			for b.Loop() {
				n++
				got, err := s.Page(context.Background(), storage.Query{Owner: addrs[n%len(addrs)], Newest: true, Limit: 50})
				if err != nil || len(got) != 50 {
					b.Fatal(len(got), err)
				}
			}
		})
	}
}
