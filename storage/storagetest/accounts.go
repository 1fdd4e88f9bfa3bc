package storagetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func account(addr wire.Addr) storage.Account {
	return storage.Account{Addr: addr, Created: noon, Keys: []storage.Key{
		{Hash: "SHA-1", Iterations: 4096, Salt: []byte("salt"), StoredKey: []byte("stored"), ServerKey: []byte{0, 255}},
		{Hash: "SHA-256", Iterations: 10000, Salt: []byte("pepper"), StoredKey: []byte("s"), ServerKey: []byte("k")},
	}}
}

func create(t *testing.T, s storage.Store, addrs ...wire.Addr) {
	t.Helper()
	var accounts []storage.Account
	for _, a := range addrs {
		accounts = append(accounts, account(a))
	}
	existing, err := s.CreateAccounts(ctx(t), accounts)
	must(t, err)
	want(t, "existing", len(existing), 0)
}

func readAccount(t *testing.T, s storage.Store, addr wire.Addr) storage.Account {
	t.Helper()
	a, err := s.Account(ctx(t), addr)
	must(t, err)
	slices.SortFunc(a.Keys, func(a, b storage.Key) int { return strings.Compare(a.Hash, b.Hash) })
	return a
}

var accountTests = []test{
	{"Accounts/as stored", func(t *testing.T, s storage.Store) {
		a := account(jürgen)
		a.LastSeen, a.Status = noon.Add(time.Hour), "gone \U0001F986"
		_, err := s.CreateAccounts(ctx(t), []storage.Account{a})
		must(t, err)
		want(t, "account", readAccount(t, s, jürgen), a)
	}},
	{"Accounts/unknown", func(t *testing.T, s storage.Store) {
		_, err := s.Account(ctx(t), alice)
		wantErr(t, "Account", err, storage.ErrNotFound)
		wantErr(t, "PutKeys", s.PutKeys(ctx(t), alice, nil), storage.ErrNotFound)
		wantErr(t, "DeleteAccount", s.DeleteAccount(ctx(t), alice), storage.ErrNotFound)
		must(t, s.PutLastSeen(ctx(t), storage.LastSeen{Addr: alice, At: noon}))
		_, err = s.Account(ctx(t), alice)
		wantErr(t, "Account after PutLastSeen", err, storage.ErrNotFound)
	}},
	{"Accounts/existing ones stay as they are", func(t *testing.T, s storage.Store) {
		create(t, s, alice)
		other := storage.Account{Addr: alice, Created: noon.Add(time.Hour), Status: "other"}
		existing, err := s.CreateAccounts(ctx(t), []storage.Account{other, account(bob), account(bob)})
		must(t, err)
		want(t, "existing", existing, []wire.Addr{alice, bob})
		want(t, "alice", readAccount(t, s, alice), account(alice))
		want(t, "bob", readAccount(t, s, bob), account(bob))
	}},
	{"Accounts/created all or none", func(t *testing.T, s storage.Store) {
		twice := account(bob)
		twice.Keys = append(twice.Keys, twice.Keys[0]) // two keys for one hash
		_, err := s.CreateAccounts(ctx(t), []storage.Account{account(alice), twice})
		wantErr(t, "CreateAccounts", err, storage.ErrConflict)
		_, err = s.Account(ctx(t), alice)
		wantErr(t, "Account", err, storage.ErrNotFound)
	}},
	{"Accounts/keys are replaced", func(t *testing.T, s storage.Store) {
		create(t, s, alice, bob)
		keys := []storage.Key{{Hash: "SHA-512", Iterations: 1, Salt: []byte{0}, StoredKey: []byte{0}, ServerKey: []byte{0}}}
		must(t, s.PutKeys(ctx(t), alice, keys))
		want(t, "keys", readAccount(t, s, alice).Keys, keys)
		must(t, s.PutKeys(ctx(t), alice, nil))
		want(t, "no keys", len(readAccount(t, s, alice).Keys), 0)
		want(t, "bob's keys", readAccount(t, s, bob).Keys, account(bob).Keys)
	}},
	{"Accounts/last seen", func(t *testing.T, s storage.Store) {
		create(t, s, alice)
		want(t, "never seen", readAccount(t, s, alice).LastSeen.IsZero(), true)
		must(t, s.PutLastSeen(ctx(t), storage.LastSeen{Addr: bob, At: noon},
			storage.LastSeen{Addr: alice, At: noon.In(time.FixedZone("", 7200)), Status: "à demain"}))
		a := readAccount(t, s, alice)
		want(t, "last seen", a.LastSeen, noon)
		want(t, "status", a.Status, "à demain")
	}},
	{"Accounts/list", listAccounts},
	{"Accounts/deletion removes all that it owns", deleteAccount},
	{"Accounts/deletion of a large archive", deleteLargeArchive},
}

func listAccounts(t *testing.T, s storage.Store) {
	a, b, c := addr("a@example.test"), addr("b@other.test"), addr("c@example.test")
	create(t, s, c, b, a, jürgen)
	list := func(host string, after wire.Addr, limit int) (got []wire.Addr) {
		accounts, err := s.ListAccounts(ctx(t), host, after, limit)
		must(t, err)
		for _, a := range accounts {
			got = append(got, a.Addr)
			want(t, "listed keys", len(a.Keys), 0)
			want(t, "created", a.Created, noon)
		}
		return got
	}
	want(t, "every host", list("", wire.Addr{}, 10), []wire.Addr{a, b, c, jürgen})
	want(t, "one host", list("example.test", wire.Addr{}, 10), []wire.Addr{a, c})
	want(t, "first page", list("", wire.Addr{}, 2), []wire.Addr{a, b})
	want(t, "second page", list("", b, 2), []wire.Addr{c, jürgen})
	want(t, "after one that is gone", list("", addr("b@a.test"), 1), []wire.Addr{b})
	want(t, "past the end", list("", jürgen, 2), nil)
	want(t, "one host, second page", list("example.test", a, 9), []wire.Addr{c})
	want(t, "unknown host", list("nowhere.test", wire.Addr{}, 9), nil)
}

func deleteAccount(t *testing.T, s storage.Store) {
	create(t, s, alice, bob)
	for _, owner := range []wire.Addr{alice, bob} {
		put(t, s, owner, jürgen, func(i *storage.RosterItem) { i.Listed = true })
		put(t, s, owner, example, func(i *storage.RosterItem) { i.Listed = true })
		put(t, s, owner, example, func(i *storage.RosterItem) { i.Listed = false })
		must(t, s.PutDocument(ctx(t), owner, "private", "k", []byte("<x/>"), 0))
		must(t, s.Block(ctx(t), owner, 0, []wire.Addr{example}))
	}
	must(t, s.PutRoom(ctx(t), room(garden), []storage.Affiliation{{Addr: alice, Value: "owner"}, {Addr: bob, Value: "member"}}))
	appendRows(t, s, row(1, alice, bob), row(2, bob, alice))
	must(t, s.DeleteAccount(ctx(t), alice))

	_, err := s.Account(ctx(t), alice)
	wantErr(t, "Account", err, storage.ErrNotFound)
	want(t, "alice's things", owned(t, s, alice), [6]int{})
	want(t, "bob's things", owned(t, s, bob), [6]int{1, 1, 1, 1, 1, 1})
	r, err := s.Room(ctx(t), garden)
	must(t, err)
	want(t, "affiliations", r.Affiliations, []storage.Affiliation{{Addr: bob, Value: "member"}})

	create(t, s, alice)
	want(t, "a new alice's things", owned(t, s, alice), [6]int{})
	appendRows(t, s, row(3, alice, bob))
	want(t, "a new alice's rows", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{3})
	wantErr(t, "deleted again", errors2(s.DeleteAccount(ctx(t), alice), s.DeleteAccount(ctx(t), alice)), storage.ErrNotFound)
}

// owned counts the items, removed items, documents, blocks, rows and marks of a user.
func owned(t *testing.T, s storage.Store, owner wire.Addr) (n [6]int) {
	t.Helper()
	items, version, err := s.Roster(ctx(t), owner)
	must(t, err)
	_, removed, _, _, err := s.RosterChanges(ctx(t), owner, 0)
	must(t, err)
	if len(items) == 0 {
		want(t, "version of an empty roster", version, 0)
	}
	blocks, err := s.Blocklist(ctx(t), owner)
	must(t, err)
	n = [6]int{len(items), len(removed), 0, len(blocks), len(ids(t, s, storage.Query{Owner: owner, Limit: 99}))}
	if _, err := s.Document(ctx(t), owner, "private", "k"); err == nil {
		n[2] = 1
	}
	n[5], err = s.CountUndelivered(ctx(t), owner, 99)
	must(t, err)
	return n
}

// errors2 is the second of two errors, once the first was none.
func errors2(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func deleteLargeArchive(t *testing.T, s storage.Store) {
	create(t, s, alice)
	var rows []storage.Row
	for i := range int64(2500) {
		rows = append(rows, row(i+1, alice, bob))
	}
	appendRows(t, s, rows...)
	appendRows(t, s, row(9000, bob, alice))
	must(t, s.DeleteAccount(ctx(t), alice))
	n, err := s.DeleteBefore(context.Background(), wire.Addr{}, 1<<62, 10_000)
	must(t, err)
	want(t, "rows left in the store", n, 1)
}
