package pgtest

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// Env names a running server, by the URL of a superuser: URL makes its databases there.
const Env = "SALON_TEST_POSTGRES"

// shared is the server of this process for all who call URL.
var shared = sync.OnceValues(func() (string, error) {
	if u := os.Getenv(Env); u != "" {
		return u, nil
	}
	s, err := newServer(nil)
	if err != nil {
		return "", err
	}
	if err := s.start(); err != nil {
		return "", err
	}
	kept.Store(s.dir, s)
	return s.url("postgres"), nil
})

// kept keeps the server of shared from being collected as garbage: its pipe would be closed, and the reaper comes.
var kept sync.Map

// URL returns the URL of a fresh, empty database. It is dropped at the end of the test, whoever is connected then.
func URL(t testing.TB) string {
	t.Helper()
	admin, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name := "salon_test_" + strings.ToLower(rand.Text())
	if err := create(admin, name); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := run(admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return withDatabase(admin, name)
}

// create makes an empty database. Its text sorts by English rules: see the package's documentation.
func create(admin, name string) error {
	plain := "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'"
	err := run(admin, plain+" LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
	if err != nil && (strings.Contains(err.Error(), "not supported in this build") || strings.Contains(err.Error(), `option "locale_provider" not recognized`)) {
		return run(admin, plain) // PostgreSQL 14, or one built without ICU
	}
	return err
}

// run runs one statement.
func run(admin, statement string) error {
	psql, err := tool("psql")
	if err != nil {
		return err
	}
	out, err := exec.Command(psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", admin, "-c", statement).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", statement, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// withDatabase returns a URL with another database.
func withDatabase(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil {
		return admin // psql has read it by now
	}
	u.Path = "/" + name
	return u.String()
}
