package disk_test

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"salon.im/salon/internal/xmpptest/disk"
)

// Each fault is what SQLite says it is, the transaction that met it is gone, and the file is whole.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault disk.Fault
		want  string
	}{
		"full":  {disk.Fault{Full: true}, "database or disk is full"},
		"short": {disk.Fault{Short: true}, "disk I/O error"},
		"sync":  {disk.Fault{NoSync: true}, "disk I/O error"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := disk.Under(t, dir)
			db := open(t, filepath.Join(dir, "x.db"))
			other := open(t, filepath.Join(t.TempDir(), "x.db"))
			insert := func(db *sql.DB) error {
				_, err := db.Exec(`INSERT INTO x VALUES (?)`, strings.Repeat("x", 5000))
				return err
			}
			if err := insert(db); err != nil {
				t.Fatal(err)
			}
			d.Break(c.fault)
			if err := insert(db); err == nil || !strings.Contains(err.Error(), c.want) || d.Met() == 0 {
				t.Errorf("%v, %d calls met the fault", err, d.Met())
			}
			if err := insert(other); err != nil {
				t.Errorf("on another disk: %v", err)
			}
			d.Mend()
			if err := insert(db); err != nil {
				t.Error(err)
			}
			var rows int
			var check string
			if err := db.QueryRow(`SELECT count(*) FROM x`).Scan(&rows); err != nil || rows != 2 {
				t.Errorf("%d rows, %v", rows, err)
			}
			if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || check != "ok" {
				t.Errorf("%q, %v", check, err)
			}
		})
	}
}

func TestSlow(t *testing.T) {
	dir := t.TempDir()
	d := disk.Under(t, dir)
	db := open(t, filepath.Join(dir, "x.db"))
	d.Break(disk.Fault{Slow: 50 * time.Millisecond})
	began := time.Now()
	if _, err := db.Exec(`INSERT INTO x VALUES (1)`); err != nil || time.Since(began) < 50*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// After a power cut there is what was flushed, and a whole database. SQLite that does not flush loses it.
func TestPowerCut(t *testing.T) {
	for mode, want := range map[string]bool{"FULL": true, "OFF": false} {
		dir, after := t.TempDir(), t.TempDir()
		d := disk.Under(t, dir)
		db := open(t, filepath.Join(dir, "x.db"))
		if _, err := db.Exec("PRAGMA synchronous = " + mode); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			if _, err := db.Exec(`INSERT INTO x VALUES (?)`, i); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.PowerCut(after, rand.New(rand.NewPCG(1, 2))); err != nil {
			t.Fatal(err)
		}
		left, err := sql.Open("sqlite", filepath.Join(after, "x.db"))
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		err = left.QueryRow(`SELECT count(*) FROM x`).Scan(&rows) // without flushes the file may be anything
		if (rows == 20) != want {
			t.Errorf("synchronous = %s: %d rows of 20, %v", mode, rows, err)
		}
		_ = left.Close()
	}
}

// open opens a database with a write-ahead log and a table.
func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	for _, s := range []string{`PRAGMA journal_mode = WAL`, `PRAGMA synchronous = FULL`, `CREATE TABLE x (y)`} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	return db
}
