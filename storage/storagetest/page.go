package storagetest

import (
	"fmt"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var pageTests = []test{
	{"Page/borders", func(t *testing.T, s storage.Store) {
		for id := int64(10); id <= 50; id += 10 {
			appendRows(t, s, row(id, alice, bob), row(id+1, bob, alice))
		}
		for i, tt := range []struct {
			q    storage.Query
			want string
		}{
			0:  {storage.Query{Limit: 9}, "[10 20 30 40 50]"},
			1:  {storage.Query{Limit: 5}, "[10 20 30 40 50]"},
			2:  {storage.Query{Limit: 2}, "[10 20]"},
			3:  {storage.Query{Limit: 2, Newest: true}, "[40 50]"},
			4:  {storage.Query{Limit: 9, After: 20}, "[30 40 50]"},
			5:  {storage.Query{Limit: 9, After: 19}, "[20 30 40 50]"},
			6:  {storage.Query{Limit: 9, Before: 40}, "[10 20 30]"},
			7:  {storage.Query{Limit: 9, Before: 41}, "[10 20 30 40]"},
			8:  {storage.Query{Limit: 9, After: 10, Before: 50}, "[20 30 40]"},
			9:  {storage.Query{Limit: 2, After: 10, Before: 50}, "[20 30]"},
			10: {storage.Query{Limit: 2, After: 10, Before: 50, Newest: true}, "[30 40]"},
			11: {storage.Query{Limit: 1, Before: 10}, "[]"},
			12: {storage.Query{Limit: 1, After: 50}, "[]"},
			13: {storage.Query{Limit: 1, After: 20, Before: 21}, "[]"},
			14: {storage.Query{Limit: 9, After: 40, Before: 10}, "[]"},
			15: {storage.Query{Limit: 1, After: 29, Before: 31}, "[30]"},
			16: {storage.Query{Limit: 1, Newest: true}, "[50]"},
		} {
			tt.q.Owner = alice
			want(t, fmt.Sprintf("%d", i), fmt.Sprint(ids(t, s, tt.q)), tt.want)
		}
	}},
	{"Page/with one correspondent", func(t *testing.T, s storage.Store) {
		duck, goose := addr("room@conference.example.test/duck"), addr("room@conference.example.test/duck pond")
		appendRows(t, s, row(1, alice, bob), row(2, alice, duck), row(3, alice, goose), row(4, alice, duck.Bare()),
			row(5, alice, addr("room@conference.example.tester")), row(6, alice, example), row(7, bob, duck), row(8, alice, bob),
			row(9, alice, addr("Room%c@conference.example.test", 'x')), row(10, alice, addr("example.test/bot")), row(11, alice, emoji))
		for i, tt := range []struct {
			with wire.Addr
			want string
		}{
			0: {bob, "[1 8]"},
			1: {duck, "[2]"},
			2: {goose, "[3]"},
			3: {duck.Bare(), "[2 3 4 11]"},
			4: {example, "[6 10]"},
			5: {addr("bob@example.test/phone"), "[]"},
			6: {jürgen, "[]"},
			7: {emoji, "[11]"},
		} {
			want(t, fmt.Sprint(i), fmt.Sprint(ids(t, s, storage.Query{Owner: alice, With: tt.with, Limit: 99})), tt.want)
		}
		want(t, "first", ids(t, s, storage.Query{Owner: alice, With: duck.Bare(), Limit: 2}), []int64{2, 3})
		want(t, "newest", ids(t, s, storage.Query{Owner: alice, With: duck.Bare(), Limit: 2, Newest: true}), []int64{4, 11})
		want(t, "between", ids(t, s, storage.Query{Owner: alice, With: duck.Bare(), Limit: 9, After: 2, Before: 4}), []int64{3})
		want(t, "non-ASCII bare", ids(t, s, storage.Query{Owner: alice, With: jürgen, Limit: 9}), nil)
	}},
	{"Page/unicode correspondents", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(1, jürgen, addr("ß@example.test")), row(2, jürgen, addr("ß@example.test/ü")), row(3, jürgen, addr("ßß@example.test")))
		want(t, "bare", ids(t, s, storage.Query{Owner: jürgen, With: addr("ß@example.test"), Limit: 9}), []int64{1, 2})
		want(t, "full", ids(t, s, storage.Query{Owner: jürgen, With: addr("ß@example.test/ü"), Limit: 9}), []int64{2})
	}},
}
