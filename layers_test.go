// Package salon_test keeps the house in order: which package may import which, and how long a file or a function may get.
package salon_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module           = "salon.im/salon"
	maxFileLines     = 700
	maxFunctionLines = 80
)

// ranks is the table of docs/architecture.md: a package imports packages of lower ranks, and its own parents.
var ranks = map[string]int{
	"wire":    0,
	"config":  1,
	"storage": 1,
	"auth":    1,
	"archive": 2,
	"stream":  2,
	"router":  2,
	"c2s":     3,
	"s2s":     3,
	"muc":     3,
	"feature": 3,
	"certs":   3,
	"web":     4,
	"control": 4,
	"check":   4,
	"server":  5,
	"cmd":     6,
	"scripts": 6,
}

// testServer and testDatabase are imported by tests alone. xmpptest imports the server, so it is for external _test packages.
const (
	testServer   = "internal/xmpptest"
	testDatabase = "internal/pgtest"
)

// homes says which package, with its children, may import a library.
var homes = map[string]string{
	"github.com/spf13/viper":           "config",
	"github.com/jackc/pgx":             "storage/postgres",
	"github.com/caddyserver/certmagic": "certs",
	"go.uber.org/zap":                  "certs",
	"github.com/spf13/cobra":           "cmd",
}

// source is a Go file: its package's directory, whether it is a test, whether it belongs to an external test package, its
// imports.
type source struct {
	dir      string
	test     bool
	external bool
	imports  []string
}

func TestLayers(t *testing.T) {
	eachFile(t, func(name string, set *token.FileSet, f *ast.File) {
		s := source{dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
		s.external = s.test && strings.HasSuffix(f.Name.Name, "_test")
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			s.imports = append(s.imports, imported)
		}
		for _, wrong := range s.judge() {
			t.Errorf("%s: %s", name, wrong)
		}
	})
}

// judge says what is wrong with a file's imports.
func (s source) judge() (wrong []string) {
	for _, imported := range s.imports {
		for library, home := range homes {
			if within(imported, library) && !within(s.dir, home) {
				wrong = append(wrong, fmt.Sprintf("imports %s, which only %s may", imported, home))
			}
		}
		target, ours := strings.CutPrefix(imported, module+"/")
		if !ours {
			continue
		}
		if why := s.reach(target); why != "" {
			wrong = append(wrong, fmt.Sprintf("imports %s: %s", target, why))
		}
	}
	return wrong
}

// reach says why this file may not import target, a directory of the module; "" if it may.
func (s source) reach(target string) string {
	if within(target, testServer) {
		if s.external || within(s.dir, testServer) {
			return ""
		}
		return "it is for external _test packages"
	}
	if within(target, testDatabase) {
		if s.test || within(s.dir, testServer) {
			return ""
		}
		return "it is for tests"
	}
	if within(s.dir, target) || s.external {
		return "" // its parent or, in a test, the package itself; tests may look at the whole house
	}
	if within(s.dir, testServer) {
		return ""
	}
	from, ok := ranks[top(s.dir)]
	if !ok {
		return "the importer has no rank: add it to the table here and in docs/architecture.md"
	}
	to, ok := ranks[top(target)]
	switch {
	case !ok:
		return "it has no rank: add it to the table here and in docs/architecture.md"
	case top(s.dir) == top(target):
		return "a parent does not import its children, nor do those import each other"
	case to >= from:
		return fmt.Sprintf("imports point down, from rank %d to %d is not", from, to)
	}
	return ""
}

// within says whether an import path or directory is root or below it.
func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

func top(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

func TestLayersJudge(t *testing.T) {
	const us = module + "/"
	for _, c := range []struct {
		dir      string
		external bool
		imported string
		wrong    string
	}{
		{"muc", false, us + "router", ""},
		{"muc", false, us + "wire", ""},
		{"muc", false, us + "c2s", "from rank 3 to 3"},
		{"wire", false, us + "config", "from rank 0 to 1"},
		{"router", false, us + "stream", "from rank 2 to 2"},
		{"storage/sqlite", false, us + "storage", ""},
		{"storage", false, us + "storage/sqlite", "a parent does not import its children"},
		{"storage/sqlite", false, us + "storage/postgres", "nor do those import each other"},
		{"storage/sqlite", true, us + "storage/storagetest", ""},
		{"server", false, us + "storage/sqlite", ""},
		{"c2s", true, us + "internal/xmpptest", ""},
		{"c2s", false, us + "internal/xmpptest", "external _test"},
		{"cmd/salon", false, us + "internal/xmpptest", "external _test"},
		{"internal/xmpptest", false, us + "server", ""},
		{"internal/xmpptest", false, us + "internal/pgtest", ""},
		{"internal/pgtest", false, us + "wire", "has no rank"},
		{"storage/postgres", true, us + "internal/pgtest", ""},
		{"storage/postgres", false, us + "internal/pgtest", "it is for tests"},
		{"newcomer", false, us + "wire", "has no rank"},
		{"muc", false, us + "newcomer", "has no rank"},
		{"router", false, us + "wireless", "has no rank"},
		{"config", false, "github.com/spf13/viper", ""},
		{"muc", true, "github.com/spf13/viper", "only config may"},
		{"storage/sqlite", false, "github.com/jackc/pgx/v5/pgxpool", "only storage/postgres may"},
		{"storage/postgres", false, "github.com/jackc/pgx/v5", ""},
		{"web", false, "github.com/caddyserver/certmagic", "only certs may"},
		{"web", false, "net/http", ""},
	} {
		got := strings.Join(source{c.dir, c.external, c.external, []string{c.imported}}.judge(), "; ")
		if (got == "") != (c.wrong == "") || !strings.Contains(got, c.wrong) {
			t.Errorf("%s imports %s: %q, want %q", c.dir, c.imported, got, c.wrong)
		}
	}
}

func TestSizes(t *testing.T) {
	eachFile(t, func(name string, set *token.FileSet, f *ast.File) {
		if lines := set.File(f.Pos()).LineCount(); lines > maxFileLines {
			t.Errorf("%s: %d lines, at most %d", name, lines, maxFileLines)
		}
		for _, d := range f.Decls { // a table at package level is no function
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := linesOf(set, fn) + 1
			if strings.HasSuffix(name, "_test.go") {
				lines -= tableLines(set, fn)
			}
			if lines > maxFunctionLines {
				t.Errorf("%s: func %s has %d lines, at most %d", name, fn.Name.Name, lines, maxFunctionLines)
			}
		}
	})
}

func linesOf(set *token.FileSet, n ast.Node) int {
	return set.Position(n.End()).Line - set.Position(n.Pos()).Line
}

// tableLines counts the lines of the tables in a test: its outermost literals of slices and maps.
func tableLines(set *token.FileSet, fn ast.Node) (lines int) {
	ast.Inspect(fn, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		switch lit.Type.(type) {
		case *ast.ArrayType, *ast.MapType:
			lines += linesOf(set, lit)
			return false
		}
		return true
	})
	return lines
}

// eachFile parses every Go file of the module. The name is relative to the root, with slashes.
func eachFile(t *testing.T, visit func(name string, set *token.FileSet, f *ast.File)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "data" || base == "dist") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(name), set, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no Go file found")
	}
}
