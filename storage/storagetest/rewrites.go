package storagetest

import (
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func rewrite(t *testing.T, s storage.Store, rewrites ...storage.Rewrite) {
	t.Helper()
	_, err := s.Append(ctx(t), storage.Batch{Rewrites: rewrites})
	must(t, err)
}

func held(t *testing.T, s storage.Store, owner wire.Addr, after int64, limit int) []storage.Row {
	t.Helper()
	rows, err := s.Held(ctx(t), owner, after, limit)
	must(t, err)
	return rows
}

// dead is what is left of a row of alice's.
func dead(id int64) storage.Rewrite {
	return storage.Rewrite{Owner: alice, ID: id, Stanza: []byte("<retracted/>"), Tombstone: true}
}

// tombstone is the row that dead leaves of row(id, alice, bob).
func tombstone(id int64) storage.Row {
	r := row(id, alice, bob)
	r.Stanza, r.Undelivered, r.Tombstone = []byte("<retracted/>"), false, true
	return r
}

// readRows asks for rows of alice's by number.
func readRows(t *testing.T, s storage.Store, owner wire.Addr, ids ...int64) []storage.Row {
	t.Helper()
	rows, err := s.Rows(ctx(t), owner, ids)
	must(t, err)
	return rows
}

var rewriteTests = []test{
	{"Rewrites/tombstones", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(1, alice, bob), row(2, alice, bob), row(1000, bob, alice))
		_, err := s.Append(ctx(t), storage.Batch{
			Rows:     []storage.Row{row(3, alice, bob)},
			Rewrites: []storage.Rewrite{dead(1), dead(3), dead(77), dead(1000), {Owner: jürgen, ID: 1, Tombstone: true}},
		})
		must(t, err)
		want(t, "rows", readPage(t, s, storage.Query{Owner: alice, Limit: 9}), []storage.Row{tombstone(1), row(2, alice, bob), tombstone(3)})
		want(t, "marks", undelivered(t, s, alice, 0, 9), []int64{2})
		want(t, "another owner's row", readPage(t, s, storage.Query{Owner: bob, Limit: 9}), []storage.Row{row(1000, bob, alice)})
		owners, err := s.ArchiveOwners(ctx(t), wire.Addr{}, 9)
		must(t, err)
		want(t, "a rewrite makes no archive", owners, []wire.Addr{alice, bob})
	}},
	{"Rewrites/Append sets no tombstone", func(t *testing.T, s storage.Store) {
		r := row(1, alice, bob)
		r.Tombstone = true
		appendRows(t, s, r)
		want(t, "rows", readRows(t, s, alice, 1), []storage.Row{row(1, alice, bob)})
	}},
	{"Rewrites/a tombstone stays as it is", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(1, alice, bob))
		again := dead(1)
		again.Stanza, again.Peer, again.Hold = []byte("<moderated/>"), jürgen, true
		rewrite(t, s, dead(1), again)
		rewrite(t, s, again)
		want(t, "rows", readRows(t, s, alice, 1), []storage.Row{tombstone(1)})
		want(t, "held", len(held(t, s, alice, 0, 9)), 0)
	}},
	{"Rewrites/without a tombstone", func(t *testing.T, s storage.Store) {
		ghost := addr("ghost@erased.invalid")
		appendRows(t, s, row(1, alice, bob), row(2, alice, bob), row(3, alice, bob))
		rewrite(t, s, dead(2), storage.Rewrite{Owner: alice, ID: 1, Stanza: []byte("<new/>"), Peer: ghost},
			storage.Rewrite{Owner: alice, ID: 2, Stanza: []byte("<other/>"), Peer: ghost}, storage.Rewrite{Owner: alice, ID: 3, Stanza: []byte("<z/>")})
		one, two, three := row(1, alice, ghost), tombstone(2), row(3, alice, bob)
		one.Stanza, two.Stanza, three.Stanza = []byte("<new/>"), []byte("<other/>"), []byte("<z/>")
		two.Peer = ghost
		want(t, "rows", readPage(t, s, storage.Query{Owner: alice, Limit: 9}), []storage.Row{one, two, three})
		want(t, "the new peer's", ids(t, s, storage.Query{Owner: alice, With: ghost, Limit: 9}), []int64{1, 2})
		want(t, "the old peer's", ids(t, s, storage.Query{Owner: alice, With: bob, Limit: 9}), []int64{3})
	}},
	{"Rewrites/a resend does not bring a tombstone back", func(t *testing.T, s storage.Store) {
		r := row(1, alice, bob)
		r.Origin = []byte("o")
		appendRows(t, s, r)
		rewrite(t, s, dead(1))
		r.ID = 2
		want(t, "dropped", appendRows(t, s, r), []storage.Dropped{{Index: 0, ID: 1}})
		got, err := s.ByOrigin(ctx(t), alice, []byte("o"))
		must(t, err)
		kept := tombstone(1)
		kept.Origin = []byte("o")
		want(t, "row", got, kept)
	}},
	{"Rewrites/a batch may be tried again", func(t *testing.T, s storage.Store) {
		hold := dead(1)
		hold.Hold = true
		b := storage.Batch{Rows: []storage.Row{row(1, alice, bob)}, Rewrites: []storage.Rewrite{hold}}
		b.Rows[0].Origin = []byte("o")
		for range 2 {
			_, err := s.Append(ctx(t), b)
			must(t, err)
		}
		kept := row(1, alice, bob)
		kept.Origin, kept.Undelivered = []byte("o"), false
		want(t, "held", held(t, s, alice, 0, 9), []storage.Row{kept})
		want(t, "tombstone", readRows(t, s, alice, 1)[0].Tombstone, true)
	}},
	{"Rewrites/a failed batch rewrites nothing", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(1, alice, bob))
		_, err := s.Append(ctx(t), storage.Batch{Rows: []storage.Row{row(1, bob, alice)}, Rewrites: []storage.Rewrite{dead(1)}})
		wantErr(t, "Append", err, storage.ErrConflict)
		want(t, "rows", readRows(t, s, alice, 1), []storage.Row{row(1, alice, bob)})
	}},
	{"Held/what rows were", heldRows},
	{"Held/released", func(t *testing.T, s storage.Store) {
		holdAll(t, s)
		must(t, s.ReleaseHeld(ctx(t), jürgen))
		must(t, s.ReleaseHeld(ctx(t), alice))
		want(t, "alice's", len(held(t, s, alice, 0, 9)), 0)
		want(t, "bob's", len(held(t, s, bob, 0, 9)), 1)
		want(t, "the rows stay", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{1, 2, 3, 4})
	}},
	{"Held/goes with the row", func(t *testing.T, s storage.Store) {
		holdAll(t, s)
		_, err := s.DeleteBefore(ctx(t), alice, 3, 9)
		must(t, err)
		want(t, "alice's", len(held(t, s, alice, 0, 9)), 1)
		_, err = s.DeleteBefore(ctx(t), wire.Addr{}, 100, 9)
		must(t, err)
		want(t, "alice's, later", len(held(t, s, alice, 0, 9)), 0)
		want(t, "bob's", len(held(t, s, bob, 0, 9)), 0)
	}},
	{"Held/goes with the account", func(t *testing.T, s storage.Store) {
		create(t, s, alice)
		holdAll(t, s)
		must(t, s.DeleteAccount(ctx(t), alice))
		want(t, "alice's", len(held(t, s, alice, 0, 9)), 0)
		want(t, "bob's", len(held(t, s, bob, 0, 9)), 1)
		create(t, s, alice)
		appendRows(t, s, row(20, alice, bob))
		want(t, "a new alice's", len(held(t, s, alice, 0, 9)), 0)
	}},
}

// holdAll stores and rewrites rows 1 to 4 of alice, the fourth without Hold, and row 10 of bob.
func holdAll(t *testing.T, s storage.Store) {
	t.Helper()
	appendRows(t, s, row(1, alice, bob), row(2, alice, emoji), row(3, alice, bob), row(4, alice, bob), row(10, bob, alice))
	var rewrites []storage.Rewrite
	for id := range int64(4) {
		r := dead(id + 1)
		r.Hold = id < 3
		rewrites = append(rewrites, r)
	}
	rewrite(t, s, append(rewrites, storage.Rewrite{Owner: bob, ID: 10, Hold: true})...)
}

func heldRows(t *testing.T, s storage.Store) {
	r := storage.Row{
		ID: 5, Owner: alice, Peer: emoji, Kind: storage.RowPrivate, Outgoing: true, Origin: []byte{0, 255},
		Stanza: []byte("ü \x00 \xff"),
	}
	appendRows(t, s, r)
	erase := storage.Rewrite{Owner: alice, ID: 5, Stanza: []byte("<x/>"), Peer: jürgen, Hold: true}
	rewrite(t, s, erase)
	want(t, "held", held(t, s, alice, 0, 9), []storage.Row{r})
	erase.Stanza = []byte("<y/>")
	rewrite(t, s, erase)
	want(t, "held after another", held(t, s, alice, 0, 9), []storage.Row{r})

	holdAll(t, s)
	var got []int64
	for _, r := range held(t, s, alice, 1, 2) {
		got = append(got, r.ID)
	}
	want(t, "a page", got, []int64{2, 3})
	want(t, "nobody's", len(held(t, s, jürgen, 0, 9)), 0)
	want(t, "another owner's rewrite", len(held(t, s, bob, 0, 9)), 1)
	want(t, "its mark stays", undelivered(t, s, bob, 0, 9), []int64{10})
}
