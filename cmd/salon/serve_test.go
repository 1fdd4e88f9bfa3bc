package main_test

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite"
)

func TestServe(t *testing.T) {
	data := dataDir(t)
	p := serve(t, "--data", data)
	for _, want := range []string{
		"Salon serves a.test with rooms at conference.a.test.",
		"127.0.0.1:", "(STARTTLS)", "(direct TLS)",
		binary + " user add alice@a.test --data " + data,
		"add the account alice@a.test", "join lobby@conference.a.test",
		"Settings     " + data + "/salon.yaml",
		"self-signed for a.test",
	} {
		if !strings.Contains(p.greeting, want) {
			t.Errorf("no %q in\n%s", want, p.greeting)
		}
	}
	for path, mode := range map[string]os.FileMode{"control.sock": 0o600, "lock": 0o600, "certs/a.test.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(data, path)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", path, info, err)
		}
	}
	second := salon(t, "", "serve", "--data", data)
	second.want(t, 1, "", fmt.Sprintf("salon: the data directory %s is in use by process %d (salon serve) since 20", data, p.Process.Pid))
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d\n%s", code, p.log)
	}
	if _, err := os.Stat(filepath.Join(data, "control.sock")); err == nil {
		t.Error("the socket is still there")
	}
}

func TestServeAfterAKill(t *testing.T) {
	data := dataDir(t)
	p := serve(t, "--data", data)
	p.end(t, syscall.SIGKILL)
	salon(t, "x", "user", "add", "alice@a.test", "--data", data).want(t, 0, "added", "")
	if code := serve(t, "--data", data).end(t, syscall.SIGINT); code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestServeHost(t *testing.T) {
	p := serve(t, "--data", dataDir(t), "--host", "Chat.LAN")
	for _, want := range []string{"Salon serves chat.lan", "user add alice@chat.lan", "self-signed for chat.lan"} {
		if !strings.Contains(p.greeting, want) {
			t.Errorf("no %q in\n%s", want, p.greeting)
		}
	}
}

func TestServeOnATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	data := dataDir(t)
	file(t, data, "salon.yaml", strings.Replace(settings, "127.0.0.1:0", l.Addr().String(), 1))
	r := salon(t, "", "serve", "--data", data)
	r.want(t, 1, "", l.Addr().String())
	if !strings.Contains(r.err, "another program") || !strings.Contains(r.err, "listen") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("%s", r.err)
	}
}

func TestServeReloads(t *testing.T) {
	data := dataDir(t)
	p := serve(t, "--data", data)
	hup := func(text, logged string) {
		t.Helper()
		file(t, data, "salon.yaml", text)
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.log.until(logged)
	}
	hup("hosts: 7\n", `msg="reload failed"`)
	hup(settings+"tls: {files: [{certificate: /nowhere.pem, key: /nowhere.key}]}\n", "/nowhere.pem")
	if strings.Contains(p.log.String(), "tls.files]") {
		t.Errorf("says that it uses a certificate that it cannot read: %s", p.log)
	}
	hup(settings+"log: {level: warn, format: json}\n", `restart=[log.format]`)
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d\n%s", code, p.log)
	}
	if strings.Contains(p.log.String(), "stopping") {
		t.Errorf("the level of before is still in force: %s", p.log)
	}
}

func TestDatabaseOfANewerSalon(t *testing.T) {
	data := dataDir(t)
	salon(t, "", "user", "list", "--data", data).want(t, 0, "", "")
	db, err := sql.Open("sqlite", filepath.Join(data, "salon.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve"}, {"user", "list"}} {
		r := salon(t, "", append(args, "--data", data)...)
		r.want(t, 1, "", "newer Salon")
		if strings.Count(r.err, "\n") != 1 {
			t.Errorf("more than a line: %s", r.err)
		}
	}
}

// A server that waits for its PostgreSQL says so at once, and ends when it is asked to.
func TestServeWaitsForPostgres(t *testing.T) {
	data := dataDir(t)
	file(t, data, "salon.yaml", settings+"storage: {url: 'postgres://salon@/salon?host="+t.TempDir()+"'}\n")
	p := &process{Cmd: exec.CommandContext(t.Context(), binary, "serve", "--data", data), log: newRecord()}
	p.Stderr = p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.log.until("the start waits for it")
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("it ends with %d: %s", code, p.log)
	}
}
