package pgtest_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"salon.im/salon/internal/pgtest"
)

// psql runs a statement and returns what it prints.
func psql(t *testing.T, url, statement string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, pgtest.Tool(t, "psql"), "-XAtq", "-d", url, "-c", statement)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func must(t *testing.T, url, statement string) string {
	t.Helper()
	out, err := psql(t, url, statement)
	if err != nil {
		t.Fatalf("%s: %v: %s", statement, err, out)
	}
	return out
}

// Each URL is an empty database of its own, and is gone after the test.
func TestURL(t *testing.T) {
	var first string
	t.Run("one", func(t *testing.T) {
		first = pgtest.URL(t)
		must(t, first, "CREATE TABLE a (b text)")
		second := pgtest.URL(t)
		if n := must(t, second, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); n != "0" {
			t.Errorf("%s tables", n)
		}
		if first, ok := strings.CutPrefix(must(t, second, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,A,a,B}'::text[]) x"), "aA"); !ok {
			t.Errorf("text sorts by bytes: %s", first)
		}
	})
	if out, err := psql(t, first, "SELECT 1"); err == nil || !strings.Contains(out, "does not exist") {
		t.Errorf("after the test: %s", out)
	}
}

// A server that was killed, stopped or hung holds what was committed, and is at the same URL.
func TestServer(t *testing.T) {
	s := pgtest.StartServer(t)
	must(t, s.URL, "CREATE TABLE a (b int); INSERT INTO a VALUES (1)")
	s.Kill()
	if out, err := psql(t, s.URL, "SELECT 1"); err == nil {
		t.Errorf("killed, it says %s", out)
	}
	s.Restart()
	must(t, s.URL, "INSERT INTO a VALUES (2)")
	s.Stop()
	s.Restart()
	s.Hang()
	if out, err := psql(t, s.URL, "SELECT 1"); err == nil {
		t.Errorf("hung, it says %s", out)
	}
	s.Release()
	if n := must(t, s.URL, "SELECT count(*) FROM a"); n != "2" {
		t.Errorf("%s rows", n)
	}
}

// TestMain, run again by TestOrphans, starts a server and waits to be killed.
func TestMain(m *testing.M) {
	if os.Getenv("PGTEST_ORPHAN") == "" {
		os.Exit(m.Run())
	}
	pgtest.Orphan(os.Stdout)
}

// A test process that is killed leaves neither a server nor a directory behind.
func TestOrphans(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PGTEST_ORPHAN=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dir, _ := bufio.NewReader(out).ReadString('\n')
	dir = strings.TrimSpace(dir)
	_, err = os.Stat(dir + "/data/postmaster.pid")
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil {
		t.Fatalf("%q: %v", dir, err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); ; <-tick.C {
		if _, err = os.Stat(dir); os.IsNotExist(err) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is still there", dir)
		}
	}
}
