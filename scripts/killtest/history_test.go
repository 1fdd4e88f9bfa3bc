package killtest_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"salon.im/salon/archive"
	"salon.im/salon/internal/xmpptest/promise"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// history reads archives from a copy of the database.
func (w *town) history() promise.Rows {
	dir := w.t.TempDir()
	for _, name := range []string{"salon.db", "salon.db-wal"} {
		b, err := os.ReadFile(filepath.Join(w.server.data, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	store, err := sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(dir, "salon.db"), Synchronous: sqlite.Off})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = store.Close() })
	return rowsOf(store)
}

// rowsOf reads a store's archives for a ledger.
func rowsOf(store storage.Archive) promise.Rows {
	return func(ctx context.Context, owner wire.Addr, after string) (out []promise.Row, err error) {
		q := storage.Query{Owner: owner, Limit: 1000}
		if after != "" {
			if q.After, err = archive.ParseID(after); err != nil {
				return nil, err
			}
		}
		rows, err := store.Page(ctx, q)
		for _, r := range rows {
			st, err := wire.Parse(r.Stanza)
			if err != nil {
				return nil, err
			}
			body, _ := st.Kid("", "body")
			out = append(out, promise.Row{ID: archive.FormatID(r.ID), Body: body.Text()})
		}
		return out, err
	}
}

func (w *town) grow(int)         {}
func (w *town) killDatabase(any) {}
