package archive_test

import (
	"path/filepath"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// BenchmarkPage reads pages of 50 out of SQLite and splices their messages, as a client does that pages through an archive.
// ns/msg is the cost of one message.
func BenchmarkPage(b *testing.B) {
	const n, size = 10_000, 50
	s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "bench.db"), Synchronous: sqlite.Off})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	rows := make([]storage.Row, n)
	for i := range rows {
		rows[i] = note(i, "a")
	}
	if _, err := s.Append(b.Context(), storage.Batch{Rows: rows}); err != nil {
		b.Fatal(err)
	}
	r := archive.NewReader(s, ids)
	to := wire.MustAddr(juliet.String() + "/balcony")
	buf := make([]byte, 0, 1<<16)
	b.ReportAllocs()
	at := ""
	for b.Loop() {
		q := request(b, set(`<max>50</max><after>`+at+`</after>`))
		a, err := r.Query(b.Context(), juliet, q, wide)
		if err != nil || len(a.Rows) != size && !a.Complete {
			b.Fatal(len(a.Rows), err)
		}
		for i := range a.Rows {
			buf = q.Message(juliet, to, &a.Rows[i], nil).Append(buf[:0])
		}
		if at = ids.Text(a.Last); a.Complete {
			at = ""
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/msg")
}
