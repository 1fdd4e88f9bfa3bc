package main_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"salon.im/salon/internal/pgtest"
)

// Six lines of settings make a server on PostgreSQL of one on SQLite, and the way back is as short.
func TestStorageCopy(t *testing.T) {
	data, url := dataDir(t), pgtest.URL(t)
	there := file(t, data, "url", url+"\n")
	salon(t, "secret\n", "user", "add", "alice@a.test", "--data", data).want(t, 0, "added", "")
	salon(t, "", "storage", "copy", "--data", data, "--to-file", there, "--json").want(t, 0, `{"table":"accounts","records":1}`, "")
	salon(t, "", "storage", "copy", "--data", data, "--to-file", there).want(t, 1, "", "the target holds data: name an empty one")

	onPostgres := dataDir(t)
	file(t, onPostgres, "salon.yaml", settings+"storage: {url_file: "+there+"}\n")
	salon(t, "", "user", "list", "--data", onPostgres).want(t, 0, "alice@a.test", "")
	salon(t, "secret\n", "user", "add", "bob@a.test", "--data", onPostgres).want(t, 0, "added", "")
	salon(t, "", "storage", "migrate", "--data", onPostgres).want(t, 0, ", the newest\n", "")
	salon(t, "", "storage", "status", "--data", onPostgres).want(t, 0, "in use by nobody\n", "")
	salon(t, "", "config", "print", "--data", onPostgres).want(t, 0, "url_file: "+there, "")

	p := serve(t, "--data", onPostgres)
	salon(t, "secret\n", "user", "add", "carol@a.test", "--data", onPostgres).want(t, 0, "added", "")
	salon(t, "", "storage", "status", "--data", onPostgres, "--json").want(t, 0, `"holder":"process `, "")
	back := "sqlite:" + filepath.Join(t.TempDir(), "back.db")
	// Another machine's data directory: the database itself says that it is in use.
	salon(t, "", "storage", "copy", "--data", dataDir(t), "--from-file", there, "--to", back).want(t, 1, "", "another Salon holds the database")
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the server ends with %d", code)
	}

	salon(t, "", "storage", "copy", "--data", onPostgres, "--to", back, "--json").want(t, 0, `{"table":"accounts","records":3}`, "")
	home := dataDir(t)
	file(t, home, "salon.yaml", settings+"storage: {url: '"+back+"'}\n")
	r := salon(t, "", "user", "list", "--data", home)
	if strings.Count(r.out, "\n") != 3 {
		t.Errorf("%+v", r)
	}
}
