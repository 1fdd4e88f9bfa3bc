package killtest_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// settings let the test talk fast. What makes messages durable stays as it is by default.
const settings = `hosts: [{name: a.test}]
listen: {c2s: ["127.0.0.1:0"], c2s_direct: ["127.0.0.1:0"], http: "127.0.0.1:0"}
auth: {iterations: 4096, mechanisms: [SCRAM-SHA-256]}
limits: {stanzas_per_second: 100000, stanzas_burst: 100000, bytes_per_second: 64MiB, bytes_burst: 64MiB, offline_stanzas: 1000000, connections_exempt: ["127.0.0.0/8"]}
rooms: {stanzas_per_second: 100000, stanzas_burst: 100000}
`

// salon is the built server: one process after the other on the same data.
type salon struct {
	t      *testing.T
	binary string
	data   string
	url    string
	cmd    *exec.Cmd
	log    bytes.Buffer // of the process that runs or ran last

	mu           sync.Mutex
	direct, http string // addresses
}

var (
	directTLS = regexp.MustCompile(`(127\.0\.0\.1:\d+) \(direct TLS\)`)
	health    = regexp.MustCompile(`(127\.0\.0\.1:\d+) \(health`)
)

// build builds the server and makes its data directory. url names the database, "" the file in there.
func build(t *testing.T, url string) *salon {
	t.Helper()
	s := &salon{t: t, url: url, binary: filepath.Join(t.TempDir(), "salon"), data: filepath.Join(t.TempDir(), "data")}
	if out, err := exec.Command("go", "build", "-o", s.binary, "salon.im/salon/cmd/salon").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if *keep != "" {
		s.data = filepath.Join(*keep, t.Name())
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	text := settings + fmt.Sprintf("storage: {url: %q}\n", url)
	if err := os.WriteFile(filepath.Join(s.data, "salon.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	return s
}

// addUsers makes accounts, with the password "secret".
func (s *salon) addUsers(names ...string) {
	s.t.Helper()
	var users strings.Builder
	for _, name := range names {
		fmt.Fprintf(&users, `{"jid": "%s@a.test", "password": "secret"}`+"\n", name)
	}
	file := filepath.Join(s.t.TempDir(), "users.jsonl")
	if err := os.WriteFile(file, []byte(users.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if out, err := exec.Command(s.binary, "user", "import", file, "--data", s.data).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}

// start starts the server by its ordinary command, and returns how long it took until it said that it is ready.
func (s *salon) start() time.Duration {
	s.t.Helper()
	began := time.Now()
	s.cmd = exec.Command(s.binary, "serve", "--data", s.data)
	s.log.Reset()
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	greeting := ""
	for lines := bufio.NewScanner(out); !strings.Contains(greeting, "Certificate"); {
		if !lines.Scan() {
			_ = s.cmd.Wait()
			s.t.Fatalf("the server does not start: %s%s", greeting, s.log.String())
		}
		greeting += lines.Text() + "\n"
	}
	s.mu.Lock()
	s.direct, s.http = directTLS.FindStringSubmatch(greeting)[1], health.FindStringSubmatch(greeting)[1]
	s.mu.Unlock()
	s.awaitReady(30 * time.Second)
	return time.Since(began)
}

// awaitReady waits until readiness is green.
func (s *salon) awaitReady(limit time.Duration) {
	s.t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(limit)
	defer tick.Stop()
	for s.ready() != http.StatusOK {
		select {
		case <-tick.C:
		case <-late:
			s.t.Fatalf("not ready after %v: %s", limit, s.log.String())
		}
	}
}

// ready returns what /readyz answers, 0 for nothing.
func (s *salon) ready() int {
	res, err := http.Get("http://" + s.http + "/readyz")
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// kill ends the server with SIGKILL.
func (s *salon) kill() { s.end(syscall.SIGKILL) }

func (s *salon) end(sig os.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// dial reaches the server where it listens now.
func (s *salon) dial(ctx context.Context) (net.Conn, error) {
	s.mu.Lock()
	addr := s.direct
	s.mu.Unlock()
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// whole asks SQLite whether the database is in order. The server must have ended.
func (s *salon) whole() {
	s.t.Helper()
	if s.url != "" {
		return
	}
	db, err := sql.Open("sqlite", filepath.Join(s.data, "salon.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var check string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || check != "ok" {
		s.t.Errorf("integrity_check: %q, %v", check, err)
	}
}
