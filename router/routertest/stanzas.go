package routertest

import (
	"slices"
	"strings"
	"testing"

	"salon.im/salon/wire"
)

// Parse reads one stanza, and ends the test if it is none.
func Parse(t testing.TB, xml string) wire.Stanza {
	t.Helper()
	st, err := wire.Parse([]byte(xml))
	if err != nil {
		t.Fatalf("%v in %s", err, xml)
	}
	return st
}

// Index returns the place of the first stanza, as XML, that contains all the parts; -1 if none does.
func Index(got []string, parts ...string) int {
	return slices.IndexFunc(got, func(st string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(st, part) })
	})
}
