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
	for i, tt := range []struct {
		q     storage.Query
		first string // how the first table is read
	}{
		0: {storage.Query{}, "SEARCH a USING INDEX archive_owner (owner=? AND id>? AND id<?)"},
		1: {storage.Query{Newest: true}, "SEARCH a USING INDEX archive_owner (owner=? AND id>? AND id<?)"},
		2: {storage.Query{With: bob}, "SEARCH a USING INDEX archive_peer (owner=? AND peer_key=? AND id>? AND id<?)"},
		3: {storage.Query{With: bob, Newest: true}, "SEARCH a USING INDEX archive_peer (owner=? AND peer_key=? AND id>? AND id<?)"},
		4: {storage.Query{Words: []string{"a"}}, "SCAN f VIRTUAL TABLE INDEX 64:M"},
		5: {storage.Query{Words: []string{"a", "b"}, With: bob, Newest: true}, "SCAN f VIRTUAL TABLE INDEX 192:M"},
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
