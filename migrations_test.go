package salon_test

import (
	"path/filepath"
	"slices"
	"testing"
)

// Each step of the schema is a pair of files, one for each back end, with one number and one name. A step that concerns one
// of them alone says so in the other's file.
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
	if a, b := steps("sqlite"), steps("postgres"); !slices.Equal(a, b) {
		t.Errorf("SQLite's steps are %v, PostgreSQL's are %v", a, b)
	}
}
