package storagetest

import (
	"bytes"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// row is a marked row.
func row(id int64, owner, peer wire.Addr) storage.Row {
	return storage.Row{ID: id, Owner: owner, Peer: peer, Kind: storage.RowChat, Undelivered: true, Stanza: []byte("<message/>")}
}

func appendRows(t *testing.T, s storage.Store, rows ...storage.Row) (dropped []storage.Dropped) {
	t.Helper()
	dropped, err := s.Append(ctx(t), storage.Batch{Rows: rows})
	must(t, err)
	return dropped
}

func readPage(t *testing.T, s storage.Store, q storage.Query) []storage.Row {
	t.Helper()
	rows, err := s.Page(ctx(t), q)
	must(t, err)
	return rows
}

func ids(t *testing.T, s storage.Store, q storage.Query) (ids []int64) {
	t.Helper()
	for _, r := range readPage(t, s, q) {
		ids = append(ids, r.ID)
	}
	return ids
}

func lastRow(t *testing.T, s storage.Store) int64 {
	t.Helper()
	id, err := s.LastRow(ctx(t))
	must(t, err)
	return id
}

var archiveTests = []test{
	{"Archive/as stored", func(t *testing.T, s storage.Store) {
		rows := []storage.Row{
			{ID: 1, Owner: alice, Peer: bob, Kind: storage.RowChat, Outgoing: true, Origin: []byte{0, 255}, Stanza: []byte("<a/>")},
			{ID: 2, Owner: alice, Peer: emoji, Kind: storage.RowPrivate, Undelivered: true, Stanza: []byte("ü \x00 \xff")},
			{ID: 3, Owner: alice, Peer: example, Kind: storage.RowHeadline, Stanza: bytes.Repeat([]byte("0123456789abcdef"), 1<<14)},
			{ID: 1<<63 - 2, Owner: alice, Kind: storage.RowGroupchat, Stanza: []byte("<d/>")},
		}
		want(t, "dropped", len(appendRows(t, s, rows...)), 0)
		want(t, "rows", readPage(t, s, storage.Query{Owner: alice, Limit: 9}), rows)
		want(t, "nobody's", len(readPage(t, s, storage.Query{Owner: jürgen, Limit: 9})), 0)
	}},
	{"Archive/addresses of maximum size", func(t *testing.T, s storage.Store) {
		part := string(bytes.Repeat([]byte("x"), 1023))
		peer := wire.MustAddr(part + "@example.test/" + part)
		r := row(1, peer.Bare(), peer)
		appendRows(t, s, r)
		want(t, "rows", readPage(t, s, storage.Query{Owner: peer.Bare(), With: peer, Limit: 9}), []storage.Row{r})
	}},
	{"Archive/an empty batch", func(t *testing.T, s storage.Store) {
		dropped, err := s.Append(ctx(t), storage.Batch{})
		must(t, err)
		want(t, "dropped", len(dropped), 0)
		want(t, "last row", lastRow(t, s), 0)
	}},
	{"Archive/a batch of 1,000 rows", func(t *testing.T, s storage.Store) {
		var rows []storage.Row
		for i := range int64(1000) {
			rows = append(rows, row(i+1, addr("user%d@example.test", i%300), bob))
		}
		appendRows(t, s, rows...)
		want(t, "rows", ids(t, s, storage.Query{Owner: addr("user7@example.test"), Limit: 9}), []int64{8, 308, 608, 908})
	}},
	{"Archive/resends are dropped", func(t *testing.T, s storage.Store) {
		withOrigin := func(id int64, owner wire.Addr, origin string) storage.Row {
			r := row(id, owner, bob)
			r.Origin = []byte(origin)
			return r
		}
		dropped := appendRows(t, s,
			withOrigin(1, alice, "a"), withOrigin(2, alice, "a"), withOrigin(3, jürgen, "a"), row(4, alice, bob),
			row(5, alice, bob), withOrigin(6, alice, "b"), withOrigin(7, alice, "a"))
		want(t, "in one batch", dropped, []storage.Dropped{{Index: 1, ID: 1}, {Index: 6, ID: 1}})
		dropped = appendRows(t, s, withOrigin(10, alice, "b"), withOrigin(11, alice, "c"), withOrigin(12, jürgen, "a"))
		want(t, "across batches", dropped, []storage.Dropped{{Index: 0, ID: 6}, {Index: 2, ID: 3}})
		want(t, "alice's rows", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{1, 4, 5, 6, 11})
		n, err := s.CountUndelivered(ctx(t), alice, 99)
		must(t, err)
		want(t, "a dropped row leaves no mark", n, 5)
	}},
	{"Archive/a batch may be tried again", func(t *testing.T, s storage.Store) {
		b := storage.Batch{Rows: []storage.Row{row(1, alice, bob), row(2, alice, bob), row(3, bob, alice)}}
		b.Rows[1].Origin = []byte("o")
		_, err := s.Append(ctx(t), b)
		must(t, err)
		must(t, s.ClearUndelivered(ctx(t), alice, 1))
		b.Rows = append(b.Rows, row(4, alice, bob))
		dropped, err := s.Append(ctx(t), b)
		must(t, err)
		want(t, "dropped", dropped, []storage.Dropped{{Index: 0, ID: 1}, {Index: 1, ID: 2}, {Index: 2, ID: 3}})
		want(t, "rows", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{1, 2, 4})
		want(t, "marks", undelivered(t, s, alice, 0, 9), []int64{2, 4})
		other := row(1, alice, bob)
		other.Stanza = []byte("<other/>")
		_, err = s.Append(ctx(t), storage.Batch{Rows: []storage.Row{other}})
		wantErr(t, "another row with that id", err, storage.ErrConflict)
	}},
	{"Archive/a failed batch stores nothing", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(5, alice, bob))
		_, err := s.Append(ctx(t), storage.Batch{
			Rows:      []storage.Row{row(6, addr("new@example.test"), bob), row(5, bob, alice)},
			Delivered: []storage.Mark{{Owner: alice, ID: 5}},
		})
		wantErr(t, "an id that is taken", err, storage.ErrConflict)
		for _, r := range []storage.Row{{Owner: alice}, {ID: 7}, {ID: -1, Owner: alice}} {
			if _, err := s.Append(ctx(t), storage.Batch{Rows: []storage.Row{row(6, bob, alice), r}}); err == nil {
				t.Errorf("a row with id %d and owner %q was stored", r.ID, r.Owner)
			}
		}
		want(t, "last row", lastRow(t, s), 5)
		want(t, "marks", undelivered(t, s, alice, 0, 9), []int64{5})
		appendRows(t, s, row(8, addr("new@example.test"), bob)) // the owner that the failed batch would have made
		want(t, "rows", ids(t, s, storage.Query{Owner: addr("new@example.test"), Limit: 9}), []int64{8})
	}},
	{"Archive/last row", func(t *testing.T, s storage.Store) {
		appendRows(t, s, row(70, alice, bob), row(90, bob, alice), row(80, alice, bob))
		want(t, "last row", lastRow(t, s), 90)
	}},
}
