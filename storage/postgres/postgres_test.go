package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/storage/storagetest"
)

func TestConformance(t *testing.T) {
	template := pgtest.URL(t)
	open(t, template).Close()
	var mu sync.Mutex
	urls := make(map[string]string) // by test: opened again, it is the same database
	storagetest.Run(t, func(t *testing.T) storage.Store {
		mu.Lock()
		url := urls[t.Name()]
		if url == "" {
			url = clone(t, template)
			urls[t.Name()] = url
		}
		mu.Unlock()
		return open(t, url)
	})
}

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var clones atomic.Int64

// clone returns the URL of a copy of a database, which nobody may use meanwhile: that is quicker than to migrate an empty one.
func clone(t *testing.T, template string) string {
	t.Helper()
	from := databaseOf(t, template)
	name := fmt.Sprintf("%s_%d", from, clones.Add(1))
	admin := with(t, template, func(u *url.URL) { u.Path = "/postgres" })
	raw(t, admin, `CREATE DATABASE `+name+` TEMPLATE `+from)
	t.Cleanup(func() { raw(t, admin, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return with(t, template, func(u *url.URL) { u.Path = "/" + name })
}

// databaseOf returns the name in a URL.
func databaseOf(t *testing.T, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path[1:]
}

// raw runs SQL on a database behind the store's back.
func raw(t testing.TB, url string, statements ...string) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for _, s := range statements {
		if _, err := c.Exec(context.Background(), s); err != nil {
			t.Fatal(s, err)
		}
	}
}

// TestModel holds stores against a model. Each look may be at a store that was opened anew.
func TestModel(t *testing.T) {
	template := pgtest.URL(t)
	open(t, template).Close()
	seeds := uint64(4)
	if os.Getenv("SALON_LONG") != "" {
		seeds = 100
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			url := clone(t, template)
			s := open(t, url)
			storagetest.Model(t, seed, 60, func(r *rand.Rand) storage.Store {
				if r.IntN(20) == 0 {
					s.Close()
					s = open(t, url)
				}
				return s
			}, func(*rand.Rand) storage.Store { return s })
			const kept, rows = `SELECT owner, origin, id FROM archive_origins`, `SELECT owner, origin, id FROM archive WHERE origin IS NOT NULL`
			for _, query := range []string{kept + ` EXCEPT ` + rows, rows + ` EXCEPT ` + kept} {
				if n := ask[int](t, url, `SELECT count(*) FROM (`+query+`) x`); n != 0 {
					t.Errorf("%d rows: %s", n, query)
				}
			}
		})
	}
}
