package postgres_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/storage/storagetest"
)

func TestConformance(t *testing.T) {
	var mu sync.Mutex
	urls := make(map[string]string) // by test: opened again, it is the same database
	storagetest.Run(t, func(t *testing.T) storage.Store {
		mu.Lock()
		defer mu.Unlock()
		if urls[t.Name()] == "" {
			urls[t.Name()] = pgtest.URL(t)
		}
		return open(t, urls[t.Name()])
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
