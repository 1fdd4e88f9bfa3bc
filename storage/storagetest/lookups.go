package storagetest

import (
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var lookupTests = []test{
	{"Rows/by id", func(t *testing.T, s storage.Store) {
		marked(t, s)
		rewrite(t, s, dead(2))
		got := readRows(t, s, alice, 5, 2, 6, 99, -1, 2)
		want(t, "rows", got, []storage.Row{tombstone(2), row(5, alice, bob)})
		want(t, "none asked", len(readRows(t, s, alice)), 0)
		want(t, "nobody's", len(readRows(t, s, jürgen, 1)), 0)
	}},
	{"Rows/at most 250", func(t *testing.T, s storage.Store) {
		var rows []storage.Row
		var all []int64
		for id := int64(1); id <= storage.MaxRows+1; id++ {
			rows = append(rows, row(id, alice, bob))
			all = append(all, id)
		}
		appendRows(t, s, rows...)
		got := readRows(t, s, alice, all...)
		want(t, "rows", len(got), storage.MaxRows)
		want(t, "the last", got[len(got)-1].ID, storage.MaxRows)
	}},
	{"ByOrigin", func(t *testing.T, s storage.Store) {
		find := func(owner wire.Addr, origin string) (storage.Row, error) {
			return s.ByOrigin(ctx(t), owner, []byte(origin))
		}
		r, plain := row(1, alice, bob), row(2, alice, bob)
		r.Origin = []byte{0, 255}
		appendRows(t, s, r, plain)
		got, err := find(alice, "\x00\xff")
		must(t, err)
		want(t, "row", got, r)
		for _, tt := range []struct {
			owner  wire.Addr
			origin string
		}{{alice, "\x00"}, {alice, ""}, {bob, "\x00\xff"}, {jürgen, "\x00\xff"}} {
			_, err := find(tt.owner, tt.origin)
			wantErr(t, tt.owner.String(), err, storage.ErrNotFound)
		}
	}},
	{"ArchiveOwners", func(t *testing.T, s storage.Store) {
		create(t, s, alice, bob)
		owners := func(after wire.Addr, limit int) []wire.Addr {
			list, err := s.ArchiveOwners(ctx(t), after, limit)
			must(t, err)
			return list
		}
		want(t, "no archive", owners(wire.Addr{}, 9), nil)
		appendRows(t, s, row(1, jürgen, bob), row(2, garden, alice), row(3, alice, bob), row(4, alice, bob))
		want(t, "all", owners(wire.Addr{}, 9), []wire.Addr{alice, garden, jürgen})
		want(t, "first page", owners(wire.Addr{}, 1), []wire.Addr{alice})
		want(t, "second page", owners(bob, 1), []wire.Addr{garden})
		want(t, "past the end", owners(jürgen, 9), nil)
		must(t, s.DeleteAccount(ctx(t), alice))
		want(t, "after a deletion", owners(wire.Addr{}, 9), []wire.Addr{garden, jürgen})
	}},
	{"DropBefore/never drops what is young or spared", func(t *testing.T, s storage.Store) {
		marked(t, s)
		for before, spared := range map[int64][]wire.Addr{0: nil, 1: nil, 1 << 62: {alice, bob, jürgen}} {
			_, err := s.DropBefore(ctx(t), before, spared)
			must(t, err)
		}
		want(t, "alice's", len(ids(t, s, storage.Query{Owner: alice, Limit: 9})), 5)
		want(t, "bob's", len(ids(t, s, storage.Query{Owner: bob, Limit: 9})), 1)
	}},
}
