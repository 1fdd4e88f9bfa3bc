package storagetest

import (
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func undelivered(t *testing.T, s storage.Store, owner wire.Addr, after int64, limit int) (ids []int64) {
	t.Helper()
	rows, err := s.Undelivered(ctx(t), owner, after, limit)
	must(t, err)
	for _, r := range rows {
		want(t, "mark", r.Undelivered, true)
		ids = append(ids, r.ID)
	}
	return ids
}

func count(t *testing.T, s storage.Store, owner wire.Addr, limit int) int {
	t.Helper()
	n, err := s.CountUndelivered(ctx(t), owner, limit)
	must(t, err)
	return n
}

// marked stores rows 1 to 5 of alice, the third without a mark, and one of bob's.
func marked(t *testing.T, s storage.Store) {
	t.Helper()
	var rows []storage.Row
	for id := int64(1); id <= 5; id++ {
		rows = append(rows, row(id, alice, bob))
	}
	rows[2].Undelivered = false
	appendRows(t, s, append(rows, row(6, bob, alice))...)
}

var undeliveredTests = []test{
	{"Undelivered/pages, oldest first", func(t *testing.T, s storage.Store) {
		marked(t, s)
		want(t, "all", undelivered(t, s, alice, 0, 9), []int64{1, 2, 4, 5})
		want(t, "after", undelivered(t, s, alice, 2, 9), []int64{4, 5})
		want(t, "limit", undelivered(t, s, alice, 1, 2), []int64{2, 4})
		want(t, "nobody's", undelivered(t, s, jürgen, 0, 9), nil)
		rows, err := s.Undelivered(ctx(t), alice, 0, 1)
		must(t, err)
		want(t, "the whole row", rows, []storage.Row{row(1, alice, bob)})
	}},
	{"Undelivered/count up to a bound", func(t *testing.T, s storage.Store) {
		marked(t, s)
		want(t, "all", count(t, s, alice, 9), 4)
		want(t, "as many", count(t, s, alice, 4), 4)
		want(t, "bounded", count(t, s, alice, 3), 3)
		want(t, "nobody's", count(t, s, jürgen, 9), 0)
	}},
	{"Undelivered/cleared one by one", func(t *testing.T, s storage.Store) {
		marked(t, s)
		_, err := s.Append(ctx(t), storage.Batch{
			Rows:      []storage.Row{row(7, alice, bob)},
			Delivered: []storage.Mark{{Owner: alice, ID: 4}, {Owner: alice, ID: 7}, {Owner: alice, ID: 3}, {Owner: alice, ID: 6}, {Owner: jürgen, ID: 1}},
		})
		must(t, err)
		want(t, "alice's", undelivered(t, s, alice, 0, 9), []int64{1, 2, 5})
		want(t, "bob's", undelivered(t, s, bob, 0, 9), []int64{6})
		want(t, "the rows stay", len(ids(t, s, storage.Query{Owner: alice, Limit: 9})), 6)
	}},
	{"Undelivered/cleared up to an id", func(t *testing.T, s storage.Store) {
		marked(t, s)
		must(t, s.ClearUndelivered(ctx(t), alice, 4))
		want(t, "alice's", undelivered(t, s, alice, 0, 9), []int64{5})
		want(t, "bob's", undelivered(t, s, bob, 0, 9), []int64{6})
		must(t, s.ClearUndelivered(ctx(t), jürgen, 100))
		for _, r := range readPage(t, s, storage.Query{Owner: alice, Limit: 9}) {
			want(t, "mark in a page", r.Undelivered, r.ID == 5)
		}
	}},
}

var deleteTests = []test{
	{"DeleteBefore/one owner", func(t *testing.T, s storage.Store) {
		marked(t, s)
		del := func(owner wire.Addr, id int64, limit, deleted int) {
			t.Helper()
			n, err := s.DeleteBefore(ctx(t), owner, id, limit)
			must(t, err)
			want(t, "deleted", n, deleted)
		}
		del(alice, 1, 9, 0)
		del(alice, 5, 2, 2)
		want(t, "the oldest went", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{3, 4, 5})
		want(t, "and their marks", undelivered(t, s, alice, 0, 9), []int64{4, 5})
		del(alice, 5, 9, 2)
		del(alice, 5, 9, 0)
		del(jürgen, 5, 9, 0)
		want(t, "left", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{5})
		want(t, "bob's", undelivered(t, s, bob, 0, 9), []int64{6})
		want(t, "count", count(t, s, alice, 9), 1)
	}},
	{"DeleteBefore/every owner", func(t *testing.T, s storage.Store) {
		marked(t, s)
		appendRows(t, s, row(7, garden, alice))
		n, err := s.DeleteBefore(ctx(t), wire.Addr{}, 7, 5)
		must(t, err)
		want(t, "first chunk", n, 5)
		n, err = s.DeleteBefore(ctx(t), wire.Addr{}, 7, 5)
		must(t, err)
		want(t, "second chunk", n, 1)
		want(t, "bob's marks", count(t, s, bob, 9), 0)
		want(t, "left", ids(t, s, storage.Query{Owner: garden, Limit: 9}), []int64{7})
	}},
	{"DeleteBefore/a deleted row may come again", func(t *testing.T, s storage.Store) {
		r := row(1, alice, bob)
		r.Origin = []byte("o")
		appendRows(t, s, r)
		_, err := s.DeleteBefore(ctx(t), alice, 2, 9)
		must(t, err)
		want(t, "dropped", len(appendRows(t, s, r)), 0)
	}},
	{"LastRow/does not fall", func(t *testing.T, s storage.Store) { // XEP-0313 §6.2: ids are not used again
		marked(t, s)
		del := func(owner wire.Addr, before, last int64) {
			t.Helper()
			_, err := s.DeleteBefore(ctx(t), owner, before, 9)
			must(t, err)
			want(t, "last row", lastRow(t, s), last)
		}
		del(bob, 7, 6) // the newest of all
		del(alice, 3, 6)
		del(wire.Addr{}, 7, 6) // the rest
		appendRows(t, s, row(5, alice, bob))
		want(t, "last row, with a lower one stored", lastRow(t, s), 6)
		appendRows(t, s, row(8, garden, alice))
		want(t, "last row, with a higher one stored", lastRow(t, s), 8)
		must(t, s.PutRoom(ctx(t), room(garden), nil))
		must(t, s.DeleteRoom(ctx(t), garden))
		want(t, "last row after a room's end", lastRow(t, s), 8)
		create(t, s, alice)
		appendRows(t, s, row(9, alice, bob))
		must(t, s.DeleteAccount(ctx(t), alice))
		want(t, "last row after an account's end", lastRow(t, s), 9)
	}},
}
