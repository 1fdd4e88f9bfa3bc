package storagetest

import (
	"testing"

	"salon.im/salon/storage"
)

// CheckAccount looks for the account that every frozen dump of a back end's older schemas holds.
func CheckAccount(t *testing.T, s storage.Store) {
	t.Helper()
	a, err := s.Account(ctx(t), alice)
	if err != nil || len(a.Keys) != 1 || a.Keys[0].Hash != "SHA-256" || a.Created.UnixMilli() != 1700000000123 {
		t.Errorf("account %+v, error %v", a, err)
	}
}

// CheckRelease looks for what the frozen dumps of whole releases hold beside it.
func CheckRelease(t *testing.T, s storage.Store) {
	t.Helper()
	if r, err := s.Room(ctx(t), garden); err != nil || r.Name != "Garden" || len(r.Affiliations) != 1 {
		t.Errorf("room %+v, error %v", r, err)
	}
	items, version, err := s.Roster(ctx(t), alice)
	if err != nil || len(items) != 1 || items[0].Name != "Bob" || version != 1700000001 {
		t.Errorf("roster %+v %d, error %v", items, version, err)
	}
	rows, err := s.Page(ctx(t), storage.Query{Owner: alice, With: bob, Limit: 1})
	if err != nil || len(rows) != 1 || !rows[0].Undelivered || string(rows[0].Stanza) != "<message/>" {
		t.Fatalf("rows %+v, error %v", rows, err)
	}
	id := rows[0].ID
	must(t, s.Index(ctx(t), []storage.Text{{Owner: alice, ID: id, Text: "ducks"}}, id))
	found := readPage(t, s, storage.Query{Owner: alice, Words: []string{"ducks"}, Limit: 9})
	if len(found) != 1 || found[0].ID != id || found[0].Tombstone {
		t.Errorf("found %+v", found)
	}
}
