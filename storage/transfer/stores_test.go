package transfer_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/storage/transfer"
	"salon.im/salon/wire"
)

// A filled store comes from SQLite into PostgreSQL and back as it was, and can be written to behind that.
func TestCopyStores(t *testing.T) {
	const months, perMonth = 4, 700
	first, there, back := openSQLite(t), openPostgres(t), openSQLite(t)
	storagetest.Fill(t, first)
	garden := wire.MustAddr("garden@conference.example.test")
	for m := range months {
		var b storage.Batch
		id := archive.TimeID(time.Date(2026, time.Month(1+m), 1, 0, 0, 0, 0, time.UTC)) - perMonth/2 // both sides of midnight
		for i := range int64(perMonth) {
			b.Rows = append(b.Rows, storage.Row{ID: id + i, Owner: garden, Peer: wire.MustAddr("zoë@example.test"), Kind: storage.RowGroupchat,
				Origin: fmt.Append(nil, m, "/", i), Undelivered: i%50 == 0, Stanza: bytes.Repeat([]byte("ü\x00"), int(i))})
		}
		if _, err := first.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ from, to storage.Store }{{first, there}, {there, back}} {
		report, err := transfer.Copy(t.Context(), c.from, c.to, transfer.Options{})
		if err != nil || report.Records < months*perMonth {
			t.Fatalf("%v: %+v", err, report)
		}
	}
	if _, err := transfer.Verify(t.Context(), first, back, transfer.Options{Batch: 17}); err != nil {
		t.Error(err)
	}
	for name, s := range map[string]storage.Store{"PostgreSQL": there, "SQLite": back} {
		for _, q := range []storage.Query{{Limit: 250}, {Limit: 250, Newest: true}, {With: wire.MustAddr("zoë@example.test"), Limit: 9, Newest: true}} {
			q.Owner = garden
			got, err := s.Page(t.Context(), q)
			want, _ := first.Page(t.Context(), q)
			if err != nil || len(want) == 0 || !slices.EqualFunc(got, want, sameRow) {
				t.Errorf("%s: %+v: %d rows, not the %d that were copied: %v", name, q, len(got), len(want), err)
			}
		}
		last, err := s.LastRow(t.Context())
		want, _ := first.LastRow(t.Context())
		if err != nil || last != want {
			t.Errorf("%s: the last id is %d, want %d: %v", name, last, want, err)
		}
		row := storage.Row{ID: archive.TimeID(time.Now()), Owner: wire.MustAddr("new@example.test"), Peer: garden, Kind: storage.RowChat, Stanza: []byte("<message/>")}
		if _, err := s.Append(t.Context(), storage.Batch{Rows: []storage.Row{row}}); err != nil {
			t.Errorf("%s: a new row: %v", name, err)
		}
		if rows, err := s.Page(t.Context(), storage.Query{Owner: row.Owner, Limit: 9}); err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows of a new owner: %v", name, len(rows), err)
		}
	}
	if _, err := transfer.Copy(t.Context(), first, there, transfer.Options{}); err != transfer.ErrNotEmpty {
		t.Errorf("into a store with data: %v", err)
	}
}

func sameRow(a, b storage.Row) bool {
	return a.ID == b.ID && a.Peer == b.Peer && a.Undelivered == b.Undelivered && bytes.Equal(a.Origin, b.Origin) && bytes.Equal(a.Stanza, b.Stanza)
}

func openSQLite(t *testing.T) storage.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "salon.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openPostgres(t *testing.T) storage.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.URL(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
