package xmpptest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestSecurityTable keeps docs/security-tests.md true: each attack that we know of has a row, each test that it names exists,
// and each script of security/ stands in it.
func TestSecurityTable(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(root + "/docs/security-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := goTests(t, root)
	named, listed := map[string]bool{}, map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[1]) == "rows" {
			continue
		}
		for _, id := range ids(cells[1]) {
			if listed[id] {
				t.Errorf("%s has two rows", id)
			}
			listed[id] = true
		}
		if len(cells) == 5 { // it comes later
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
	for _, id := range ids("A01–A21, B01–B31, C01–C38, D01–D21, E01–E13, F01–F11, G01–G16, H01–H18, I01–I04") {
		if !listed[id] {
			t.Errorf("%s has no row", id)
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
	for _, id := range ids("A01–A17, C01–C26, C32–C34") {
		if !rows[id] {
			t.Errorf("TestBadInput has nothing for %s", id)
		}
	}
}

// ids returns the attacks of a list such as "A01–A03, B07"; what is none is passed over.
func ids(list string) (out []string) {
	for _, m := range regexp.MustCompile(`([A-I])(\d\d)(?:–([A-I])(\d\d))?`).FindAllStringSubmatch(list, -1) {
		first, _ := strconv.Atoi(m[2])
		last := first
		if m[3] == m[1] {
			last, _ = strconv.Atoi(m[4])
		}
		for n := first; n <= last; n++ {
			out = append(out, fmt.Sprintf("%s%02d", m[1], n))
		}
	}
	return out
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
