package xmpptest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const facetDir = "../../muc"

// check is a line of package muc that some script holds the server to: without it, the script fails.
type check struct {
	file    string // in muc/, without .go
	text    string // of the source; it is there once
	off     string // what stands in its place when the check is switched off; "" is false && (text)
	scripts string // that fail then, separated by spaces
}

// source returns the file with the check switched off.
func (c check) source(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(facetDir, c.file+".go"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), c.text); n != 1 {
		t.Errorf("%s.go has %d times, want once: %s", c.file, n, c.text)
	}
	off := c.off
	if off == "" {
		off = "false && (" + c.text + ")"
	}
	return strings.Replace(string(b), c.text, off, 1)
}

// elsewhere are the files with refusals that no script can show, and where they are shown.
var elsewhere = map[string]string{
	"activity":    "it has nothing to say before an hour has passed: activity_test.go",
	"line":        "it refuses what the archive cannot keep: history_test.go",
	"names":       "it names the refusals that others share",
	"operate":     "the operator's, who does not come by XMPP: operate_test.go",
	"operateform": "the same",
	"operateshow": "the same",
	"room":        "it refuses what the store cannot keep, and what fails by a mistake of ours: owner_test.go, panic_test.go",
}

var (
	isFacet   = regexp.MustCompile(`(?m)^var \w+Facet = facet\{`)
	isRefusal = regexp.MustCompile(`\brefusal\(|\berr[A-Z]`)
)

// The table of checks is in step with the sources: each check is there, each facet and each file that refuses something has one,
// and each script that is to fail exists.
func TestEveryFacetHasACheck(t *testing.T) {
	has := map[string]bool{}
	for _, c := range checks {
		has[c.file] = true
		c.source(t)
		for _, name := range strings.Fields(c.scripts) {
			if _, err := os.Stat(filepath.Join("../..", scriptDir, name+".txt")); err != nil {
				t.Errorf("%s: %v", c.file, err)
			}
		}
		if c.scripts == "" {
			t.Errorf("%s: no script fails without %s", c.file, c.text)
		}
	}
	files, err := filepath.Glob(filepath.Join(facetDir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	facets := 0
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".go")
		n := len(isFacet.FindAll(b, -1))
		facets += n
		if strings.HasSuffix(name, "_test") || n == 0 && !isRefusal.Match(b) {
			continue
		}
		if has[name] == (elsewhere[name] != "") {
			t.Errorf("%s.go has a facet or a refusal: either a check of its own, or a reason why not", name)
		}
	}
	if list, err := os.ReadFile(filepath.Join(facetDir, "facet.go")); err != nil || facets != strings.Count(string(list), "Facet,\n") {
		t.Errorf("%d facets are defined, which are not those of facet.go: %v", facets, err)
	}
}

// TestLongFacets switches each check off, one after the other, in a build of its own: its scripts must fail then.
func TestLongFacets(t *testing.T) {
	if os.Getenv("SALON_LONG") == "" {
		t.Skip("it builds the server for each check: run it with SALON_LONG=1, or scripts/test -long")
	}
	for _, c := range checks {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			c.mustBeMissed(t)
		})
	}
}

var failed = regexp.MustCompile(`(?m)^ +--- FAIL: (\S+) `)

// testOf names the test that runs a script.
func testOf(script string) string {
	if name, ok := strings.CutPrefix(script, "security/"); ok {
		return "TestSecurityScripts/direct/" + name // one transport will do
	}
	return "TestScripts/" + script
}

func (c check) mustBeMissed(t *testing.T) {
	t.Helper()
	off := filepath.Join(t.TempDir(), "off.go")
	if err := os.WriteFile(off, []byte(c.source(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(filepath.Join(facetDir, c.file+".go"))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: off}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	scripts := strings.Fields(c.scripts)
	var run []string
	for _, name := range scripts {
		run = append(run, "^"+strings.ReplaceAll(testOf(name), "/", "$/^")+"$")
	}
	out, err := exec.Command("go", "test", "-vet=off", "-count=1", "-overlay", list, "-run", strings.Join(run, "|"), ".").CombinedOutput()
	var got []string
	for _, m := range failed.FindAllSubmatch(out, -1) {
		got = append(got, string(m[1]))
	}
	for _, name := range scripts {
		if !slices.Contains(got, testOf(name)) {
			t.Errorf("without %s\n%s passes, or nothing was built: %v\n%.1500s", c.text, name, err, out)
		}
	}
}
