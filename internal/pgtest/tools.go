package pgtest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Tool returns the path of one of PostgreSQL's programs, such as pg_dump.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := tool(name)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return path
}

// tool finds a program in the newest of Debian's versions, which are not in PATH, or in PATH: so client and server fit.
func tool(name string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	best, version := "", 0.0
	for _, path := range found {
		if v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64); err == nil && v > version {
			best, version = path, v
		}
	}
	if best != "" {
		return best, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("there is no %s: install PostgreSQL's server (on Debian: apt-get install postgresql), or set %s to the URL of a superuser of a running one", name, Env)
	}
	return path, nil
}
