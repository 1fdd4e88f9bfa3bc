package xmpptest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityTable keeps docs/security-tests.md true: each test that it names exists, and each script of security/ stands in it.
func TestSecurityTable(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(root + "/docs/security-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := goTests(t, root)
	named := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[1]) == "rows" {
			continue
		}
		names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[4], -1)
		if len(names) == 0 {
			t.Errorf("no test for%s:%s", cells[1], cells[2])
		}
		for _, n := range names {
			named[n[1]] = true
			if strings.Contains(n[1], ".Test") {
				if !tests[n[1]] {
					t.Errorf("%s: there is no test %s", cells[1], n[1])
				}
			} else if _, err := os.Stat(root + "/testdata/script/" + n[1] + ".txt"); err != nil {
				t.Errorf("%s: %v", cells[1], err)
			}
		}
	}
	scripts, err := filepath.Glob(root + "/testdata/script/security/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, s := range scripts {
		if name := "security/" + strings.TrimSuffix(filepath.Base(s), ".txt"); !named[name] {
			t.Errorf("%s stands in no row", name)
		}
	}
	rows := map[string]bool{}
	for _, a := range append(before, after...) {
		rows[a.row] = true
	}
	for _, group := range []struct {
		letter      string
		first, last int
	}{{"A", 1, 17}, {"C", 1, 26}, {"C", 32, 34}} {
		for n := group.first; n <= group.last; n++ {
			if row := group.letter + string(rune('0'+n/10)) + string(rune('0'+n%10)); !rows[row] {
				t.Errorf("TestBadInput has nothing for %s", row)
			}
		}
	}
}

var testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// goTests returns the tests of the module as package.TestName.
func goTests(t *testing.T, root string) map[string]bool {
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			tests[filepath.Base(filepath.Dir(path))+"."+string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
