package salon_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each step of the schema is a pair of files, one for each back end, with one number and one name. A step that concerns one
// of them alone says so in the other's file. The numbers begin at 1 and have no gap: a back end counts the files.
func TestMigrationsAreInStep(t *testing.T) {
	steps := func(backend string) (names []string) {
		files, err := filepath.Glob("storage/" + backend + "/migrations/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("no migrations of %s: %v", backend, err)
		}
		for _, f := range files {
			names = append(names, filepath.Base(f))
		}
		return names
	}
	a, b := steps("sqlite"), steps("postgres")
	if !slices.Equal(a, b) {
		t.Errorf("SQLite's steps are %v, PostgreSQL's are %v", a, b)
	}
	for i, name := range a {
		if !strings.HasPrefix(name, fmt.Sprintf("%04d_", i+1)) {
			t.Errorf("%s is not number %d", name, i+1)
		}
	}
}
