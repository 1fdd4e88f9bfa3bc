package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(t.TempDir(), "a b?c%20#", "x.db")})
	if err != nil {
		t.Fatal(err)
	}
	me := wire.MustAddr("a@example.test")
	d, err := s.Append(ctx, storage.Batch{Rows: []storage.Row{{ID: 5, Owner: me, Peer: wire.MustAddr("b@example.test"), Kind: 1, Stanza: []byte("x"), Undelivered: true, Origin: []byte("o")},
		{ID: 6, Owner: me, Origin: []byte("o")}}})
	t.Log(d, err)
	rows, err := s.Page(ctx, storage.Query{Owner: me, Limit: 5})
	t.Log(rows, err)
	_, err = s.Append(ctx, storage.Batch{Rows: []storage.Row{{ID: 5, Owner: me}}})
	t.Log(err)
	t.Log(s.Close(), s.Close(), s.Ping(ctx))
}
