package xmpptest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	conformance = "docs/muc-conformance.md"
	scriptDir   = "testdata/script"
)

// rule is a row of docs/muc-conformance.md.
type rule struct {
	section string // without §
	by      []string
	state   string
}

// citations returns the sections of XEP-0045 that a script's first line, or a comment, names.
func citations(line string) (out []string) {
	of := ""
	for _, m := range regexp.MustCompile(`(XEP-\d+|RFC \d+)|§([\d.]+\d|\d+)`).FindAllStringSubmatch(line, -1) {
		if m[1] != "" {
			of = m[1]
		} else if of == "XEP-0045" {
			out = append(out, m[2])
		}
	}
	return out
}

// title returns what a script's first line cites.
func title(script []byte) []string {
	line, _, _ := strings.Cut(string(script), "\n")
	head, _, _ := strings.Cut(line, ": ")
	return citations(head)
}

func TestCitations(t *testing.T) {
	for i, c := range []struct{ line, want string }{
		0: {"# XEP-0045 §7.2.5: a room", "7.2.5"},
		1: {"# XEP-0313 §6.1.2, XEP-0045 §7.2.15, §9, RFC 6120 §8.1: a subject (§4)", "7.2.15 9"},
		2: {"# XEP-0410 §3: not in", ""},
	} {
		if got := strings.Join(title([]byte(c.line+"\nmore")), " "); got != c.want {
			t.Errorf("%d: got %q, want %q", i, got, c.want)
		}
	}
}

// rules reads the table.
func rules(t *testing.T) (out []rule) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../..", conformance))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		section, ok := strings.CutPrefix(line, "| §")
		if !ok || strings.HasPrefix(section, " |") {
			continue
		}
		cells := strings.Split(section, " | ")
		if len(cells) != 4 {
			t.Fatalf("%s:%d: %d cells, want 4", conformance, i+1, len(cells))
		}
		r := rule{section: cells[0], state: strings.TrimSuffix(cells[3], " |")}
		if cells[2] != "–" {
			r.by = strings.Split(cells[2], ", ")
		}
		out = append(out, r)
	}
	if len(out) < 100 {
		t.Fatalf("%s: %d rules: it was not read", conformance, len(out))
	}
	return out
}

// Every row's scripts and tests exist and cite its section; what is not shown says why.
func TestEveryRuleIsShown(t *testing.T) {
	for _, r := range rules(t) {
		switch word, why, _ := strings.Cut(r.state, ": "); {
		case word == "shown" && len(r.by) == 0:
			t.Errorf("§%s: shown by nothing", r.section)
		case word == "shown":
		case (word == "missing" || word == "not applicable") && why != "":
		default:
			t.Errorf("§%s: the state is %q: want shown, or missing or not applicable with why", r.section, r.state)
		}
		for _, by := range r.by {
			if err := shows(by, r.section); err != nil {
				t.Errorf("§%s: %v", r.section, err)
			}
		}
	}
}

// shows checks that a script, `name`, or a Go test, `file` Test, is there and cites the section.
func shows(by, section string) error {
	name, test, goTest := strings.Cut(by, " ")
	name = strings.Trim(name, "`")
	if !goTest {
		b, err := os.ReadFile(filepath.Join("../..", scriptDir, name+".txt"))
		if err == nil && !slices.Contains(title(b), section) {
			err = fmt.Errorf("%s does not cite it in its first line", name)
		}
		return err
	}
	b, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		return err
	}
	before, _, found := strings.Cut(string(b), "\nfunc "+test+"(")
	if !found {
		return fmt.Errorf("%s has no %s", name, test)
	}
	if comment := before[strings.LastIndex(before, "\n\n")+2:]; !slices.Contains(citations(comment), section) {
		return fmt.Errorf("%s does not cite it in its comment", test)
	}
	return nil
}

// Every section of XEP-0045 that a script cites has a row that names the script.
func TestEveryScriptHasItsRule(t *testing.T) {
	named := map[string]bool{} // "section script"
	for _, r := range rules(t) {
		for _, by := range r.by {
			named[r.section+" "+strings.Trim(by, "`")] = true
		}
	}
	scripts, err := filepath.Glob(filepath.Join("../..", scriptDir, "*.txt"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		for _, section := range title(b) {
			if !named[section+" "+name] {
				t.Errorf("%s cites §%s: no row of %s has both", name, section, conformance)
			}
		}
	}
}

// XEP-0045 §16.6.2: every registered status code is in a script that shows when it is sent.
func TestEveryStatusCodeIsShown(t *testing.T) {
	var all strings.Builder
	scripts, err := filepath.Glob(filepath.Join("../..", scriptDir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range scripts {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, code := range []int{100, 101, 104, 110, 170, 171, 172, 173, 201, 210, 301, 303, 307, 321, 322, 333} {
		// Without 102 and 103, of members who are away and shown all the same: rooms show none. 332: TestClose of package muc.
		if !strings.Contains(all.String(), fmt.Sprintf(`<status code="%d"/>`, code)) {
			t.Errorf("no script shows status %d", code)
		}
	}
}
