package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

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
			urls[t.Name()] = database(t)
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

var (
	databases    atomic.Int64
	makeTemplate sync.Once
)

// database returns the URL of an empty database.
func database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("salon_test_%d_%d", os.Getpid(), databases.Add(1))
	admin(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return strings.ReplaceAll(server(t), "/postgres?", "/"+name+"?")
}

func server(t testing.TB) string {
	text := os.Getenv("SALON_TEST_POSTGRES")
	if _, err := url.Parse(text); text == "" || err != nil {
		t.Fatal("SALON_TEST_POSTGRES names no server")
	}
	return text
}

func admin(t testing.TB, statements ...string) {
	t.Helper()
	raw(t, server(t), statements...)
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
