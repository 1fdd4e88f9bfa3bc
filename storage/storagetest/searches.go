package storagetest

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// index stores a row of alice's for each text, from id 1, and indexes them.
func index(t *testing.T, s storage.Store, texts ...string) {
	t.Helper()
	var rows []storage.Row
	var list []storage.Text
	for i, text := range texts {
		rows = append(rows, row(int64(i+1), alice, bob))
		list = append(list, storage.Text{Owner: alice, ID: int64(i + 1), Text: text})
	}
	appendRows(t, s, rows...)
	must(t, s.Index(ctx(t), list, int64(len(texts))))
}

func search(t *testing.T, s storage.Store, owner wire.Addr, words ...string) []int64 {
	t.Helper()
	return ids(t, s, storage.Query{Owner: owner, Words: words, Limit: 99})
}

func unindexed(t *testing.T, s storage.Store, limit int) (ids []int64) {
	t.Helper()
	rows, err := s.Unindexed(ctx(t), limit)
	must(t, err)
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

var searchTests = []test{
	{"Search/whole words, all of them", func(t *testing.T, s storage.Store) {
		index(t, s, "Hello, world", "hello there", "world-wide HELLO hello", "", "Grüße aus München", "東京")
		for i, tt := range []struct {
			words []string
			want  string
		}{
			0:  {nil, "[1 2 3 4 5 6]"},
			1:  {[]string{"hello"}, "[1 2 3]"},
			2:  {[]string{"WORLD", "hello"}, "[1 3]"},
			3:  {[]string{"wide", "world", "hello"}, "[3]"},
			4:  {[]string{"hello world"}, "[1 3]"},
			5:  {[]string{"hell"}, "[]"},
			6:  {[]string{"hello", "absent"}, "[]"},
			7:  {[]string{"GRÜSSE"}, "[5]"},
			8:  {[]string{"Gru\u0308ße", "mu\u0308nchen"}, "[5]"},
			9:  {[]string{"grusse"}, "[]"},
			10: {[]string{"京"}, "[6]"},
			11: {[]string{"?!"}, "[]"},
			12: {[]string{""}, "[]"},
			13: {[]string{"?!", "there"}, "[2]"},
		} {
			want(t, fmt.Sprint(i), fmt.Sprint(search(t, s, alice, tt.words...)), tt.want)
		}
	}},
	{"Search/nothing is syntax", func(t *testing.T, s storage.Store) {
		index(t, s, "one two", "one", "two", "not one", "near or and", "terms one")
		for i, tt := range []struct {
			query string
			want  string
		}{
			0: {`"one two"`, "[1]"}, 1: {`one*`, "[1 2 4 6]"}, 2: {`on*`, "[]"}, 3: {`one OR two`, "[]"}, 4: {`NOT one`, "[4]"},
			5: {`terms:one`, "[6]"}, 6: {`NEAR(or and)`, "[5]"}, 7: {`^one`, "[1 2 4 6]"}, 8: {`"`, "[]"}, 9: {`one' & !two | :*`, "[1]"},
			10: {`one <-> two`, "[1]"}, 11: {"one\x00two", "[1]"}, 12: {`\ one`, "[1 2 4 6]"}, 13: {"one\xff", "[1 2 4 6]"},
			14: {`'; DROP TABLE archive; --`, "[]"}, 15: {`-one`, "[1 2 4 6]"}, 16: {`{one two}`, "[1]"}, 17: {`one:A`, "[]"},
		} {
			want(t, fmt.Sprint(i), fmt.Sprint(search(t, s, alice, tt.query)), tt.want)
		}
	}},
	{"Search/one owner's rows", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(1, alice, bob), row(2, bob, alice), row(3, garden, alice))
		must(t, s.Index(ctx(t), []storage.Text{
			{Owner: alice, ID: 1, Text: "duck"}, {Owner: bob, ID: 2, Text: "duck alice@example.test"}, {Owner: garden, ID: 3, Text: "pond"},
		}, 3))
		want(t, "alice's", search(t, s, alice, "duck"), []int64{1})
		want(t, "bob's", search(t, s, bob, "duck"), []int64{2})
		want(t, "the room's", search(t, s, garden, "duck"), nil)
		want(t, "nobody's", search(t, s, jürgen, "duck"), nil)
	}},
	{"Search/pages", func(t *testing.T, s storage.Store) {
		var rows []storage.Row
		var texts []storage.Text
		for id := int64(1); id <= 40; id++ {
			peer := bob
			if id%2 == 0 {
				peer = addr("room@conference.example.test/n%d", id)
			}
			rows = append(rows, row(id, alice, peer))
			texts = append(texts, storage.Text{Owner: alice, ID: id, Text: fmt.Sprintf("all third%d", id%3)})
		}
		appendRows(t, s, rows...)
		must(t, s.Index(ctx(t), texts, 40))
		word := []string{"third0"}
		want(t, "first", ids(t, s, storage.Query{Owner: alice, Words: word, Limit: 2}), []int64{3, 6})
		want(t, "newest", ids(t, s, storage.Query{Owner: alice, Words: word, Limit: 2, Newest: true}), []int64{36, 39})
		want(t, "between", ids(t, s, storage.Query{Owner: alice, Words: word, After: 3, Before: 12, Limit: 9}), []int64{6, 9})
		want(t, "newest between", ids(t, s, storage.Query{Owner: alice, Words: word, After: 3, Before: 12, Limit: 1, Newest: true}), []int64{9})
		q := storage.Query{Owner: alice, Words: word, With: addr("room@conference.example.test"), Limit: 3}
		want(t, "with a bare address", ids(t, s, q), []int64{6, 12, 18})
		q.With = addr("room@conference.example.test/n12")
		want(t, "with a full address", ids(t, s, q), []int64{12})
		q.Words = []string{"third1"}
		want(t, "with another's word", ids(t, s, q), nil)
		got := readPage(t, s, storage.Query{Owner: alice, Words: word, Limit: 1})
		want(t, "whole rows", got, rows[2:3])
	}},
	{"Search/the mark", searchMark},
	{"Search/what is left out", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(1, alice, bob), row(2, alice, bob), row(3, bob, alice), row(4, alice, bob))
		rewrite(t, s, dead(2))
		text := func(id int64, text string) storage.Text { return storage.Text{Owner: alice, ID: id, Text: text} }
		must(t, s.Index(ctx(t), []storage.Text{
			text(1, "duck"), text(2, "duck"), text(3, "duck"), text(99, "duck"), text(1, "goose"), {Owner: jürgen, ID: 1, Text: "duck"},
		}, 4))
		must(t, s.Index(ctx(t), []storage.Text{text(1, "swan"), text(4, "late duck")}, 4))
		want(t, "duck", search(t, s, alice, "duck"), []int64{1, 4})
		want(t, "goose", search(t, s, alice, "goose"), nil)
		want(t, "swan", search(t, s, alice, "swan"), nil)
		want(t, "bob's", search(t, s, bob, "duck"), nil)
	}},
	{"Search/words up to a bound", func(t *testing.T, s storage.Store) {
		var text strings.Builder
		for i := range storage.MaxTextWords + 1 {
			fmt.Fprintf(&text, "w%d ", i)
		}
		index(t, s, text.String())
		want(t, "the last within", search(t, s, alice, fmt.Sprintf("w%d", storage.MaxTextWords-1)), []int64{1})
		want(t, "the first beyond", search(t, s, alice, fmt.Sprintf("w%d", storage.MaxTextWords)), nil)
		many := strings.Fields(text.String())
		want(t, "as many as a query may have", search(t, s, alice, append(many[:storage.MaxQueryWords:storage.MaxQueryWords], "absent")...), []int64{1})
		want(t, "one fewer", search(t, s, alice, append(many[:storage.MaxQueryWords-1:storage.MaxQueryWords-1], "absent")...), nil)
	}},
	{"Search/gone with the row", searchGone},
	{"Search/erasure without a tombstone keeps the entry", func(t *testing.T, s storage.Store) {
		index(t, s, "duck")
		rewrite(t, s, storage.Rewrite{Owner: alice, ID: 1, Stanza: []byte("<x/>"), Peer: jürgen})
		want(t, "found", search(t, s, alice, "duck"), []int64{1})
	}},
}

func searchMark(t *testing.T, s storage.Store) {
	want(t, "an empty store", unindexed(t, s, 9), nil)
	marked(t, s)
	rewrite(t, s, dead(3))
	rows, err := s.Unindexed(ctx(t), 3)
	must(t, err)
	want(t, "whole rows, tombstones too", rows, []storage.Row{row(1, alice, bob), row(2, alice, bob), tombstone(3)})
	must(t, s.Index(ctx(t), []storage.Text{{Owner: alice, ID: 1, Text: "duck"}}, 2))
	want(t, "behind the mark, of all owners", unindexed(t, s, 9), []int64{3, 4, 5, 6})
	wantErr(t, "a mark that falls", s.Index(ctx(t), []storage.Text{{Owner: alice, ID: 2, Text: "duck"}}, 1), storage.ErrConflict)
	want(t, "nothing was added", search(t, s, alice, "duck"), []int64{1})
	must(t, s.Index(ctx(t), nil, 2))
	must(t, s.Index(ctx(t), nil, 6))
	want(t, "all is indexed", unindexed(t, s, 9), nil)
	must(t, s.Reindex(ctx(t)))
	want(t, "after Reindex", unindexed(t, s, 9), []int64{1, 2, 3, 4, 5, 6})
	want(t, "the index is empty", search(t, s, alice, "duck"), nil)
	must(t, s.Index(ctx(t), []storage.Text{{Owner: alice, ID: 1, Text: "goose"}}, 1))
	want(t, "indexed anew", search(t, s, alice, "goose"), []int64{1})
	want(t, "not as before", search(t, s, alice, "duck"), nil)
	create(t, s, alice)
	must(t, s.DeleteAccount(ctx(t), alice))
	want(t, "without a deleted account", unindexed(t, s, 9), []int64{6})
}

func searchGone(t *testing.T, s storage.Store) {
	create(t, s, alice)
	index(t, s, "duck a", "duck b", "duck c", "duck d", "duck e")
	appendRows(t, s, row(6, bob, alice))
	must(t, s.Index(ctx(t), []storage.Text{{Owner: bob, ID: 6, Text: "duck"}}, 6))
	rewrite(t, s, dead(2))
	want(t, "after a tombstone", search(t, s, alice, "duck"), []int64{1, 3, 4, 5})
	want(t, "its own word", search(t, s, alice, "b"), nil)
	must(t, s.Index(ctx(t), []storage.Text{{Owner: alice, ID: 2, Text: "duck"}}, 6))
	want(t, "a tombstone is not indexed again", search(t, s, alice, "duck"), []int64{1, 3, 4, 5})
	_, err := s.DeleteBefore(ctx(t), alice, 4, 9)
	must(t, err)
	want(t, "after DeleteBefore", search(t, s, alice, "duck"), []int64{4, 5})
	appendRows(t, s, row(1, alice, bob)) // an id that was free again: what it had before is not found by it
	want(t, "a new row in its place", search(t, s, alice, "duck"), []int64{4, 5})
	must(t, s.DeleteAccount(ctx(t), alice))
	want(t, "after DeleteAccount", search(t, s, alice, "duck"), nil)
	create(t, s, alice)
	appendRows(t, s, row(10, alice, bob))
	want(t, "a new alice's", search(t, s, alice, "duck"), nil)
	want(t, "bob's", search(t, s, bob, "duck"), []int64{6})
	_, err = s.DeleteBefore(ctx(t), wire.Addr{}, 100, 9)
	must(t, err)
	want(t, "after DeleteBefore of all", search(t, s, bob, "duck"), nil)
}
