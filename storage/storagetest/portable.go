package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Fill puts something into every table of an empty store, for tests that copy one.
func Fill(t *testing.T, s storage.Store) {
	t.Helper()
	create(t, s, alice, bob, jürgen)
	must(t, s.PutLastSeen(ctx(t), storage.LastSeen{Addr: alice, At: noon, Status: "à demain"}))
	put(t, s, alice, bob, func(i *storage.RosterItem) { i.Listed, i.Groups = true, []string{"ü"} })
	put(t, s, alice, jürgen, listed)
	put(t, s, alice, jürgen, unlisted)
	put(t, s, bob, alice, func(i *storage.RosterItem) { i.Request = []byte("<presence/>") })
	must(t, s.PutDocument(ctx(t), alice, "private", "k", []byte{0, 255}, 0))
	must(t, s.PutDocument(ctx(t), alice, "private", "empty", []byte{}, 0))
	must(t, s.Block(ctx(t), alice, 0, []wire.Addr{example, jürgen}))
	r := room(garden)
	r.Subject = storage.Subject{Text: "x", From: emoji, At: noon, Stanza: []byte("<message/>")}
	must(t, s.PutRoom(ctx(t), r, []storage.Affiliation{{Addr: alice, Value: "owner", At: noon}, {Addr: jürgen, Value: "member"}}))
	must(t, s.PutRoom(ctx(t), room(addr("pond@conference.example.test")), nil))
	holdAll(t, s)
	with := row(11, garden, alice)
	with.Origin = []byte{0}
	appendRows(t, s, with, row(12, jürgen, emoji))
	must(t, s.Index(ctx(t), []storage.Text{{Owner: jürgen, ID: 12, Text: "duck"}}, 12))
	_, err := s.DeleteBefore(ctx(t), garden, 12, 9) // an owner without rows, and a highest id that no row shows
	must(t, err)
	appendRows(t, s, with)
	_, err = s.DeleteBefore(ctx(t), jürgen, 13, 9)
	must(t, err)
	appendRows(t, s, row(5, jürgen, emoji))
}

func dump(t *testing.T, s storage.Store, table *storage.Table, limit int) (all []storage.Record) {
	t.Helper()
	var after storage.Record
	for {
		records, err := s.Dump(ctx(t), table, after, limit)
		must(t, err)
		all = append(all, records...)
		if len(records) < limit {
			return all
		}
		after = records[len(records)-1]
	}
}

// sample is a record with a value in every column that no other record needs, and keys that SQL would sort in its own way.
func sample(table *storage.Table, n int) storage.Record {
	var record storage.Record
	for i, c := range table.Columns {
		var v any
		switch c.Kind {
		case storage.KindText:
			v = []string{"", "B", "a", "ä", "𐐨", "\uffee"}[n%6] + strings.Replace(c.Name, "room", "addr", 1) // refers to the record of rooms
			if i >= table.Key {
				v = fmt.Sprintf("'; ü \\ %%s %d", n)
			}
		case storage.KindInt:
			v = []int64{1, 2, 10, 1<<63 - 2, 1 << 40, 99}[n%6]
			if table.Replace && i == 0 {
				v = int64(1)
			}
		case storage.KindBool:
			v = n%2 == 1
		case storage.KindBytes:
			v = []byte{0, 255, byte(n)}
		}
		if c.Null && n%3 == 2 {
			v = nil
		}
		record = append(record, v)
	}
	return record
}

var portableTests = []test{
	{"Portable/a copy holds the same", portableCopy},
	{"Portable/every table, every kind, every order", func(t *testing.T, s storage.Store) {
		for _, table := range storage.Tables {
			order := []int{3, 0, 5, 2, 4, 1}
			if table.Replace {
				order = order[:1]
			}
			var records []storage.Record
			for _, n := range order {
				records = append(records, sample(table, n))
			}
			if err := s.Restore(ctx(t), table, records); err != nil {
				t.Fatalf("%s: %v", table.Name, err)
			}
			slices.SortFunc(records, table.Compare)
			want(t, table.Name, dump(t, s, table, 99), records)
			want(t, table.Name+" by two", dump(t, s, table, 2), records)
			if table.Replace {
				continue
			}
			err := s.Restore(ctx(t), table, records[:1])
			wantErr(t, table.Name+": a record that is there", err, storage.ErrConflict)
		}
	}},
	{"Portable/all records or none", func(t *testing.T, s storage.Store) {
		blocks := Table("blocks")
		a, b := storage.Record{"o", "a"}, storage.Record{"o", "b"}
		must(t, s.Restore(ctx(t), blocks, []storage.Record{b}))
		wantErr(t, "Restore", s.Restore(ctx(t), blocks, []storage.Record{a, b}), storage.ErrConflict)
		for i, wrong := range []storage.Record{0: {"o"}, 1: {"o", "c", "d"}, 2: {"o", nil}, 3: {"o", int64(1)}, 4: {"o", []byte("c")}, 5: {"o", true}} {
			if s.Restore(ctx(t), blocks, []storage.Record{a, wrong}) == nil {
				t.Errorf("%d: %v was stored", i, wrong)
			}
		}
		want(t, "records", dump(t, s, blocks, 9), []storage.Record{b})
	}},
	{"Portable/empty", func(t *testing.T, s storage.Store) {
		for i, step := range []func() error{
			func() error { return s.Ping(ctx(t)) },
			func() error { return s.Restored(ctx(t)) },
			func() error { return s.Block(ctx(t), alice, 0, []wire.Addr{bob}) },
			func() error { _, err := s.Unblock(ctx(t), alice, nil); return err },
			func() error { return s.PutRoom(ctx(t), room(garden), nil) },
		} {
			must(t, step())
			empty, err := s.Empty(ctx(t))
			must(t, err)
			want(t, fmt.Sprintf("%d: empty", i), empty, i != 2 && i != 4)
		}
	}},
}

// portableCopy fills a store, dumps it, empties it by hand, and restores the dump.
func portableCopy(t *testing.T, s storage.Store) {
	Fill(t, s)
	copies := make(map[string][]storage.Record)
	for _, table := range storage.Tables {
		copies[table.Name] = dump(t, s, table, 3)
		if len(copies[table.Name]) == 0 {
			t.Errorf("table %s is empty", table.Name)
		}
	}
	want(t, "highest id", lastRow(t, s), 12)
	before := view(t, s)
	empty(t, s)
	for _, table := range storage.Tables {
		must(t, s.Restore(ctx(t), table, copies[table.Name]))
	}
	must(t, s.Restored(ctx(t)))
	for _, table := range storage.Tables {
		want(t, table.Name, dump(t, s, table, 2), copies[table.Name])
	}
	want(t, "what the methods show", view(t, s), before)
	want(t, "rows to index", unindexed(t, s, 2), []int64{1, 2})
	appendRows(t, s, row(20, addr("new@example.test"), bob)) // its archive is a new one
	want(t, "a new archive", ids(t, s, storage.Query{Owner: addr("new@example.test"), Limit: 9}), []int64{20})
	want(t, "an old one", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{1, 2, 3, 4})
}

// view is what the other methods show of a filled store.
func view(t *testing.T, s storage.Store) string {
	t.Helper()
	items, version, err := s.Roster(ctx(t), alice)
	must(t, err)
	_, removed, _, ok, err := s.RosterChanges(ctx(t), alice, version-1)
	must(t, err)
	data, err := s.Document(ctx(t), alice, "private", "k")
	must(t, err)
	r, err := s.Room(ctx(t), garden)
	must(t, err)
	owners, err := s.ArchiveOwners(ctx(t), wire.Addr{}, 9)
	must(t, err)
	return fmt.Sprintf("%+v", []any{
		readAccount(t, s, alice), items, version, removed, ok, data, blocks(t, s, alice), r, owners,
		readPage(t, s, storage.Query{Owner: alice, Limit: 9}), held(t, s, alice, 0, 9), undelivered(t, s, bob, 0, 9), lastRow(t, s),
	})
}

// empty removes what Fill made.
func empty(t *testing.T, s storage.Store) {
	t.Helper()
	must(t, errors.Join(s.DeleteRoom(ctx(t), garden), s.DeleteRoom(ctx(t), addr("pond@conference.example.test"))))
	must(t, errors.Join(s.DeleteAccount(ctx(t), alice), s.DeleteAccount(ctx(t), bob),
		s.DeleteAccount(ctx(t), jürgen)))
	is, err := s.Empty(ctx(t))
	must(t, err)
	want(t, "empty", is, true)
}

// Table returns the table with that name, for tests that read one.
func Table(name string) *storage.Table {
	i := slices.IndexFunc(storage.Tables, func(t *storage.Table) bool { return t.Name == name })
	return storage.Tables[i]
}
