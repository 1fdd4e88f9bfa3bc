package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

var (
	alice = wire.MustAddr("alice@example.test")
	bob   = wire.MustAddr("bob@example.test")
)

// raw runs SQL on a file behind the store's back.
func raw(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

func ask[T any](t *testing.T, path, query string) (v T) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpenModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c%20#", "sälon.db")
	s := open(t, path)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700 | os.ModeDir, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	} {
		if fi, err := os.Stat(name); err != nil || fi.Mode() != want {
			t.Errorf("%s: mode %v, error %v, want %v", name, fi.Mode(), err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log is left: %v", err)
	}
}

// TestPragmas looks at the connection that writes, in a new file and in an old one.
func TestPragmas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	for range 2 {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		for i, tt := range [][2]string{
			0: {"synchronous", "2"}, 1: {"journal_mode", "wal"}, 2: {"secure_delete", "1"}, 3: {"foreign_keys", "1"},
			4: {"busy_timeout", "10000"}, 5: {"page_size", "4096"},
		} {
			if v, err := s.Pragma(t.Context(), tt[0]); err != nil || v != tt[1] {
				t.Errorf("%d: %s is %q (%v), want %q", i, tt[0], v, err, tt[1])
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Synchronous: "NORMAL"}); err == nil {
		t.Error("an unknown mode is taken")
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "text")
	if err := os.WriteFile(file, bytes.Repeat([]byte("not a database\n"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.db")
	raw(t, other, "CREATE TABLE x (y)")
	for i, tt := range []struct{ path, remedy string }{
		0: {"", "name a file"},
		1: {dir, "name a file"},
		2: {filepath.Join(file, "salon.db"), "name a path that this user may write"},
		3: {file, "name another one, or move it away"},
		4: {other, "it is a database of another program"},
	} {
		before, _ := os.ReadFile(tt.path)
		_, err := sqlite.Open(t.Context(), sqlite.Options{Path: tt.path})
		if err == nil {
			t.Errorf("%d: no error", i)
			continue
		}
		if !strings.Contains(err.Error(), tt.path) || !strings.Contains(err.Error(), tt.remedy) {
			t.Errorf("%d: the error names no path or no remedy: %v", i, err)
		}
		if after, _ := os.ReadFile(tt.path); !bytes.Equal(before, after) {
			t.Errorf("%d: the file was changed", i)
		}
	}
}

func TestOpenTooNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	open(t, path).Close()
	raw(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if !errors.Is(err, storage.ErrTooNew) {
		t.Fatalf("got error %v, want ErrTooNew", err)
	}
	for _, word := range []string{path, "9999", "install the newer Salon"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error lacks %q: %v", word, err)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
}

// lastOf is the highest id that the dumps have known.
var lastOf = map[string]int64{"0005_first_release.sql": 1, "0006_archive_last.sql": 7, "0009_archive_fresh.sql": 14}

// TestUpgrade opens databases as released versions left them. The dumps in testdata are frozen: add, never change.
func TestUpgrade(t *testing.T) {
	dumps, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(dumps) == 0 {
		t.Fatal(dumps, err)
	}
	head := ask[int](t, func() string { p := filepath.Join(t.TempDir(), "x.db"); open(t, p).Close(); return p }(),
		"SELECT max(version_id) FROM goose_db_version")
	for _, dump := range dumps {
		t.Run(filepath.Base(dump), func(t *testing.T) {
			text, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "salon.db")
			raw(t, path, string(text))
			s := open(t, path)
			storagetest.CheckAccount(t, s)
			if last, err := s.LastRow(t.Context()); err != nil || last != lastOf[filepath.Base(dump)] {
				t.Errorf("the highest id is %d (%v)", last, err)
			}
			if _, err := s.Append(t.Context(), storage.Batch{Rows: []storage.Row{{ID: 1 << 60, Owner: alice, Peer: bob}}}); err != nil {
				t.Error(err)
			}
			if !strings.HasPrefix(filepath.Base(dump), "0001") {
				storagetest.CheckRelease(t, s)
			}
			s.Close()
			if v := ask[int](t, path, "SELECT max(version_id) FROM goose_db_version"); v != head {
				t.Errorf("the schema is number %d, want %d", v, head)
			}
		})
	}
}

// TestUpgradeFresh opens a database whose newest rows wait in archive_fresh: none is lost, and none is there twice.
func TestUpgradeFresh(t *testing.T) {
	text, err := os.ReadFile("testdata/0009_archive_fresh.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "salon.db")
	raw(t, path, string(text))
	for range 2 { // and another start
		s := open(t, path)
		garden := wire.MustAddr("garden@conference.example.test")
		for _, newest := range []bool{false, true} {
			wantPage(t, s, storage.Query{Owner: alice, Newest: newest, Limit: 9}, 1, 8, 9, 10)
			wantPage(t, s, storage.Query{Owner: alice, With: bob, Newest: newest, Limit: 9}, 1, 8, 9, 10)
			wantPage(t, s, storage.Query{Owner: garden, With: alice, Newest: newest, Limit: 9}, 12)
			wantPage(t, s, storage.Query{Owner: bob, Newest: newest, Limit: 9})
		}
		for i, tt := range []struct {
			owner  wire.Addr
			origin string
			id     int64
		}{{alice, "moved", 8}, {alice, "fresh", 10}, {garden, "fresh", 12}} {
			r := chatRow(int64(20+i), tt.origin)
			r.Owner = tt.owner
			if d := mustAppend(t, s, r); len(d) != 1 || d[0].ID != tt.id {
				t.Errorf("a resend of row %d: %v", tt.id, d)
			}
		}
		if n := s.FreshRows(); n != 0 {
			t.Errorf("%d rows are fresh", n)
		}
		if n, err := s.CountUndelivered(t.Context(), bob, 9); err != nil || n != 1 {
			t.Errorf("%d rows wait for bob: %v", n, err)
		}
		checkFile(t, path)
	}
	s := open(t, path)
	if _, err := s.Append(t.Context(), storage.Batch{Delivered: []storage.Mark{{Owner: bob, ID: 14}}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DeleteBefore(t.Context(), bob, 99, 9); err != nil || n != 0 {
		t.Errorf("%d rows that were on their way are left: %v", n, err)
	}
}
