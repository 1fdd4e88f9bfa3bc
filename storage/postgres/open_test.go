package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

var (
	alice = wire.MustAddr("alice@example.test")
	bob   = wire.MustAddr("bob@example.test")
)

// ask asks a database behind the store's back.
func ask[T any](t testing.TB, url, query string, args ...any) (v T) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if err := c.QueryRow(context.Background(), query, args...).Scan(&v); err != nil {
		t.Fatal(query, err)
	}
	return v
}

// with changes a URL.
func with(t *testing.T, text string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

func TestOpenErrors(t *testing.T) {
	good, latin, other := pgtest.URL(t), pgtest.URL(t), pgtest.URL(t)
	raw(t, latin, `CREATE DATABASE `+databaseOf(t, latin)+`_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`)
	t.Cleanup(func() { raw(t, good, `DROP DATABASE `+databaseOf(t, latin)+`_latin WITH (FORCE)`) })
	raw(t, other, `CREATE TABLE x (y int)`)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for i, tt := range []struct{ url, where, remedy string }{
		0: {"", "no URL", "write postgres://"},
		1: {"mysql://salon:hunter2@db/salon", "not one of PostgreSQL", "write postgres://"},
		2: {"postgres://salon:hunter2%@db/salon", "not one of PostgreSQL", "write postgres://"},
		3: {"postgres://salon:hunter2@db/salon?sslmode=perhaps", "sslmode", "write postgres://"},
		4: {"postgres://salon:hunter2@" + closed.Addr().String() + "/salon", closed.Addr().String(), "see whether PostgreSQL runs there"},
		5: {with(t, good, func(u *url.URL) { u.Path = "/nowhere"; u.User = url.UserPassword("postgres", "hunter2") }), `"nowhere"`, "createdb"},
		6: {with(t, good, func(u *url.URL) { u.User = url.UserPassword("stranger", "hunter2") }), `"stranger"`, "createuser"},
		7: {with(t, latin, func(u *url.URL) { u.Path += "_latin" }), "LATIN1", "createdb -E UTF8"},
		8: {other, "another program's tables", "createdb"},
		9: {with(t, good, func(u *url.URL) { u.RawQuery = "host=/nowhere" }), "/nowhere", "see whether PostgreSQL runs there"},
	} {
		_, err := postgres.Open(t.Context(), postgres.Options{URL: tt.url})
		if err == nil {
			t.Errorf("%d: no error", i)
			continue
		}
		if !strings.Contains(err.Error(), tt.where) || !strings.Contains(err.Error(), tt.remedy) {
			t.Errorf("%d: the error lacks %q or %q: %v", i, tt.where, tt.remedy, err)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%d: the error shows the password: %v", i, err)
		}
	}
	if n := ask[int](t, other, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); n != 1 {
		t.Errorf("the other program's database has %d tables now", n)
	}
}

// TestWrongPassword has a server that asks for one, over TCP.
func TestWrongPassword(t *testing.T) {
	pg := pgtest.StartServer(t, "password_encryption=scram-sha-256")
	raw(t, pg.URL, `CREATE ROLE salon LOGIN PASSWORD 'right'`, `ALTER DATABASE salon OWNER TO salon`)
	hba := ask[string](t, pg.URL, `SELECT setting FROM pg_settings WHERE name = 'hba_file'`)
	if err := os.WriteFile(hba, []byte("local all postgres trust\nlocal all all scram-sha-256\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	raw(t, pg.URL, `SELECT pg_reload_conf()`)
	as := func(password string) string {
		return with(t, pg.URL, func(u *url.URL) { u.User = url.UserPassword("salon", password) })
	}
	pg.Restart()
	open(t, as("right")).Close()
	_, err := postgres.Open(t.Context(), postgres.Options{URL: as("hunter2")})
	if err == nil || !strings.Contains(err.Error(), "check the user and the password") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestOpenTooNew(t *testing.T) {
	url := pgtest.URL(t)
	open(t, url).Close()
	raw(t, url, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)", "DROP TABLE archive_words")
	_, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if !errors.Is(err, storage.ErrTooNew) {
		t.Fatalf("got error %v, want ErrTooNew", err)
	}
	for _, word := range []string{"salon_test_", "9999", "install the newer Salon"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error lacks %q: %v", word, err)
		}
	}
	if n := ask[int](t, url, "SELECT count(*) FROM pg_tables WHERE tablename = 'archive_words'"); n != 0 {
		t.Error("the database was changed")
	}
}

// TestOneHolder has a second Salon refused, told who the first is, and let in after its end.
func TestOneHolder(t *testing.T) {
	defer postgres.SetLockWait(0)()
	url := pgtest.URL(t)
	first := open(t, url)
	_, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err == nil || !strings.Contains(err.Error(), "another Salon holds the database (process ") || !strings.Contains(err.Error(), "end that one") {
		t.Errorf("got error %v", err)
	}
	first.Close()
	// PostgreSQL gives the lock back a moment after the connection's end.
	defer postgres.SetLockWait(time.Minute)()
	open(t, url)
}

// TestOpenTogether opens an empty database several times at once: each migrates, or finds it done, in its turn.
func TestOpenTogether(t *testing.T) {
	defer postgres.SetLockWait(time.Minute)()
	url := pgtest.URL(t)
	var g errgroup.Group
	for range 4 {
		g.Go(func() error {
			s, err := postgres.Open(t.Context(), postgres.Options{URL: url})
			if err != nil {
				return err
			}
			return errors.Join(s.Ping(t.Context()), s.Close())
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// TestSettings looks at the connection that writes, and at the warning of a server that may forget.
func TestSettings(t *testing.T) {
	url := pgtest.URL(t)
	raw(t, url, `ALTER DATABASE `+databaseOf(t, url)+` SET synchronous_commit = off`)
	var log bytes.Buffer
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if v, err := s.Setting(t.Context(), "synchronous_commit"); err != nil || v != "on" {
		t.Errorf("synchronous_commit is %q (%v)", v, err)
	}
	if !strings.Contains(log.String(), "fsync") {
		t.Errorf("no warning that fsync is off: %q", log.String())
	}
}

// TestUpgrade opens databases as earlier versions left them. The dumps in testdata are frozen: add, never change.
func TestUpgrade(t *testing.T) {
	dumps, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(dumps) == 0 {
		t.Fatal(dumps, err)
	}
	head, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, dump := range dumps {
		t.Run(filepath.Base(dump), func(t *testing.T) {
			text, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			url := pgtest.URL(t)
			raw(t, url, string(text))
			s := open(t, url)
			storagetest.CheckAccount(t, s)
			rows := []storage.Row{{ID: 1 << 60, Owner: alice, Peer: bob}, {ID: 8, Owner: alice, Peer: bob, Origin: []byte{1, 2}}}
			dropped, err := s.Append(t.Context(), storage.Batch{Rows: rows})
			if err != nil {
				t.Error(err)
			}
			if !strings.HasPrefix(filepath.Base(dump), "0001") {
				storagetest.CheckRelease(t, s)
				if len(dropped) != 1 || dropped[0] != (storage.Dropped{Index: 1, ID: 7}) {
					t.Errorf("dropped %v", dropped)
				}
			}
			s.Close()
			if v := ask[int](t, url, "SELECT max(version_id) FROM goose_db_version"); v != len(head) {
				t.Errorf("the schema is number %d, want %d", v, len(head))
			}
		})
	}
}

// TestSchemaExplainsItself wants a comment on every table, partitions of the archive included.
func TestSchemaExplainsItself(t *testing.T) {
	url := pgtest.URL(t)
	open(t, url).Close()
	bare := ask[string](t, url, `SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class WHERE relkind IN ('r', 'p')
		AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version' AND obj_description(oid) IS NULL AND NOT relispartition`)
	if bare != "" {
		t.Errorf("no comment on: %s", bare)
	}
}

func TestInspect(t *testing.T) {
	url := pgtest.URL(t)
	o, err := postgres.Inspect(t.Context(), url)
	if err != nil || !o.Missing || o.Program == 0 || !strings.HasPrefix(o.Backend, "PostgreSQL ") {
		t.Errorf("an empty database: %+v, error %v", o, err)
	}
	s := open(t, url)
	if _, err := s.Append(t.Context(), storage.Batch{Rows: []storage.Row{{ID: 7, Owner: alice, Peer: bob}, {ID: 9, Owner: alice, Peer: bob}}}); err != nil {
		t.Fatal(err)
	}
	o, err = postgres.Inspect(t.Context(), url)
	if err != nil || o.Missing || o.Schema != o.Program || o.Oldest != 7 || o.Newest != 9 || o.Bytes == 0 || len(o.Tables) != len(storage.Tables) ||
		!strings.HasPrefix(o.Holder, "process ") {
		t.Errorf("%+v, error %v", o, err)
	}
	for _, table := range o.Tables {
		if want := map[string]int64{"archive": 2, "owners": 1, "archive_last": 1}[table.Table]; table.Rows != want || table.Estimate {
			t.Errorf("%+v, want %d rows", table, want)
		}
	}
	if strings.Contains(o.Name, "hunter2") || !strings.Contains(o.Name, databaseOf(t, url)) {
		t.Errorf("named %s", o.Name)
	}
}
