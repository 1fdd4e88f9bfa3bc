package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"salon.im/salon/storage"
)

// TestPlans holds the queries of archive pages to their indexes: none may scan or sort the archive.
func TestPlans(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	if _, err := s.Append(t.Context(), storage.Batch{Rows: []storage.Row{{ID: 1, Owner: alice, Peer: bob}}}); err != nil {
		t.Fatal(err)
	}
	const (
		search  = "SEARCH k USING PRIMARY KEY "
		ofOwner = search + "(owner=? AND id>? AND id<?)\n"
		ofPeer  = search + "(owner=? AND peer_key=? AND id>? AND id<?)\n"
	)
	for i, tt := range []struct {
		q     storage.Query
		first string // how the first table is read
	}{
		0: {storage.Query{}, ofOwner},
		1: {storage.Query{Newest: true}, ofOwner},
		2: {storage.Query{With: bob}, ofPeer},
		3: {storage.Query{With: bob, Newest: true}, ofPeer},
		4: {storage.Query{Words: []string{"a"}}, "SCAN k VIRTUAL TABLE INDEX 64:M"},
		5: {storage.Query{Words: []string{"a", "b"}, With: bob, Newest: true}, "SCAN k VIRTUAL TABLE INDEX 192:M"},
	} {
		tt.q.Owner, tt.q.Limit = alice, 9
		plan, err := s.Plan(t.Context(), tt.q)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(plan, tt.first) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN a") {
			t.Errorf("%d: %s", i, plan)
		}
	}
}
