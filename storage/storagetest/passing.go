package storagetest

import (
	"testing"

	"salon.im/salon/storage"
)

var passingTests = []test{
	{"Passing/found by no query, gone with its mark", func(t *testing.T, s storage.Store) {
		passing := func(id int64) storage.Row {
			r := row(id, alice, bob)
			r.Kind = storage.RowPassing
			return r
		}
		appendRows(t, s, row(1, alice, bob), passing(2), passing(3), passing(4), passing(5))
		hidden := func() {
			t.Helper()
			want(t, "page", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{1})
			want(t, "newest", ids(t, s, storage.Query{Owner: alice, With: bob, Newest: true, Limit: 1}), []int64{1})
			want(t, "rows", len(readRows(t, s, alice, 2, 3, 4, 5)), 0)
			rows, err := s.Unindexed(ctx(t), 9)
			must(t, err)
			want(t, "to be indexed", len(rows), 1)
		}
		hidden()
		rows, err := s.Undelivered(ctx(t), alice, 1, 1)
		must(t, err)
		want(t, "waiting", rows, []storage.Row{passing(2)})
		_, err = s.Append(ctx(t), storage.Batch{Delivered: []storage.Mark{{Owner: bob, ID: 2}, {Owner: alice, ID: 5}, {Owner: alice, ID: 1}}})
		must(t, err)
		want(t, "not delivered", undelivered(t, s, alice, 0, 9), []int64{2, 3, 4})
		last, err := s.LastRow(ctx(t))
		must(t, err)
		want(t, "the last id ever", last, int64(5))
		rewrite(t, s, dead(4))
		must(t, s.ClearUndelivered(ctx(t), alice, 2))
		want(t, "not delivered", undelivered(t, s, alice, 0, 9), []int64{3})
		hidden()
		n, err := s.DeleteBefore(ctx(t), alice, 100, 9)
		must(t, err)
		want(t, "rows left", n, 2)
	}},
	{"Passing/the first one after none", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(1, alice, bob))
		must(t, s.ClearUndelivered(ctx(t), alice, 1))
		r := row(2, alice, bob)
		r.Kind, r.Origin = storage.RowPassing, []byte{1}
		appendRows(t, s, r)
		_, err := s.Append(ctx(t), storage.Batch{Delivered: []storage.Mark{{Owner: alice, ID: 2}}})
		must(t, err)
		r.ID = 3
		want(t, "taken for a resend of what is gone", len(appendRows(t, s, r)), 0)
		n, err := s.DeleteBefore(ctx(t), alice, 100, 9)
		must(t, err)
		want(t, "rows left", n, 2)
	}},
}
