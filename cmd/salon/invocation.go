package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// builtByRun matches where `go run` puts a program: its temporary directory or, cached, a directory named by a digest.
var builtByRun = regexp.MustCompile(`/go-build[^/]*/|/[0-9a-f]{64}-d/[^/]+$`)

// invocation returns the words that started this program, so that a hint can be copied.
func invocation(arg0 string) string {
	if exe, err := os.Executable(); err == nil && builtByRun.MatchString(filepath.ToSlash(exe)) {
		return "go run ./cmd/salon"
	}
	return quote(arg0)
}

// hint returns a command line of this program, with the flags that this invocation was given.
func (a *app) hint(words ...string) string {
	line := []string{a.invoked}
	for _, w := range words {
		line = append(line, quote(w))
	}
	if a.data != "" {
		line = append(line, "--data", quote(a.data))
	}
	if a.file != "" {
		line = append(line, "--config", quote(a.file))
	}
	return strings.Join(line, " ")
}

var plainWord = regexp.MustCompile(`^[\p{L}\p{N}@%+=:,./_-]+$`)

// quote makes one word of s for a shell.
func quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
