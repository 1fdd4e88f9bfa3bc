package storagetest

import (
	"fmt"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// put changes an item and returns it with the roster's version.
func put(t *testing.T, s storage.Store, owner, contact wire.Addr, change func(*storage.RosterItem)) (storage.RosterItem, int64) {
	t.Helper()
	item, version, err := s.UpdateRosterItem(ctx(t), owner, contact, 0, func(i *storage.RosterItem) error {
		change(i)
		return nil
	})
	must(t, err)
	return item, version
}

func listed(i *storage.RosterItem)   { i.Listed = true }
func unlisted(i *storage.RosterItem) { i.Listed = false }

var rosterTests = []test{
	{"Rosters/empty", func(t *testing.T, s storage.Store) {
		items, version, err := s.Roster(ctx(t), alice)
		must(t, err)
		want(t, "items", len(items), 0)
		want(t, "version", version, 0)
		_, err = s.RosterItem(ctx(t), alice, bob)
		wantErr(t, "RosterItem", err, storage.ErrNotFound)
		changed, removed, version, ok, err := s.RosterChanges(ctx(t), alice, 0)
		must(t, err)
		want(t, "changes", fmt.Sprint(len(changed), len(removed), version, ok), "0 0 0 true")
	}},
	{"Rosters/as stored", rosterAsStored},
	{"Rosters/ordered by contact, listed or not", rosterOrder},
	{"Rosters/an item without content is removed", rosterItemEnds},
	{"Rosters/a failed change stores nothing", rosterFailedChange},
	{"Rosters/a change that panics leaves the store to others", rosterPanic},
	{"Rosters/quota", rosterQuota},
	{"Rosters/the version grows with the listed view", rosterVersion},
	{"Rosters/changes", rosterChanges},
	{"Rosters/removals are forgotten in the end", rosterForgets},
}

func rosterAsStored(t *testing.T, s storage.Store) {
	item, version := put(t, s, alice, jürgen, func(i *storage.RosterItem) {
		want(t, "new item", *i, storage.RosterItem{Contact: jürgen, Subscription: storage.SubNone})
		i.Name, i.Groups, i.Subscription = "Jürgen", []string{"z", "a", "ü"}, storage.SubBoth
		i.Ask, i.Approved, i.Request, i.Listed = true, true, []byte("<presence/>"), true
	})
	want(t, "stored", item, storage.RosterItem{
		Contact: jürgen, Name: "Jürgen", Groups: []string{"z", "a", "ü"}, Subscription: storage.SubBoth,
		Ask: true, Approved: true, Request: []byte("<presence/>"), Listed: true, Version: version,
	})
	got, err := s.RosterItem(ctx(t), alice, jürgen)
	must(t, err)
	want(t, "read", got, item)
	put(t, s, alice, jürgen, func(i *storage.RosterItem) { want(t, "handed to change", *i, item) })
}

func rosterOrder(t *testing.T, s storage.Store) {
	put(t, s, alice, jürgen, listed)
	put(t, s, alice, bob, func(i *storage.RosterItem) { i.Request = []byte("<presence/>") })
	_, now := put(t, s, alice, example, listed)
	put(t, s, bob, alice, listed)
	items, version, err := s.Roster(ctx(t), alice)
	must(t, err)
	var got []wire.Addr
	for _, i := range items {
		got = append(got, i.Contact)
	}
	want(t, "contacts", got, []wire.Addr{bob, example, jürgen})
	want(t, "version", version, now)
}

func rosterItemEnds(t *testing.T, s storage.Store) {
	keep := []func(*storage.RosterItem, bool){
		func(i *storage.RosterItem, on bool) { i.Listed = on },
		func(i *storage.RosterItem, on bool) { i.Ask = on },
		func(i *storage.RosterItem, on bool) { i.Approved = on },
		func(i *storage.RosterItem, on bool) {
			if i.Request = nil; on {
				i.Request = []byte("<presence/>")
			}
		},
	}
	for n, set := range keep {
		put(t, s, alice, bob, func(i *storage.RosterItem) { set(i, true) })
		if _, err := s.RosterItem(ctx(t), alice, bob); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		put(t, s, alice, bob, func(i *storage.RosterItem) { set(i, false); i.Name = "ignored" })
		_, err := s.RosterItem(ctx(t), alice, bob)
		wantErr(t, fmt.Sprint(n), err, storage.ErrNotFound)
	}
}

func rosterFailedChange(t *testing.T, s storage.Store) {
	_, before := put(t, s, alice, bob, listed)
	_, _, err := s.UpdateRosterItem(ctx(t), alice, bob, 0, func(i *storage.RosterItem) error {
		i.Name = "changed"
		return errChange
	})
	if err != errChange {
		t.Errorf("got error %v, want the very error of change", err)
	}
	item, err := s.RosterItem(ctx(t), alice, bob)
	must(t, err)
	want(t, "item", item, storage.RosterItem{Contact: bob, Subscription: storage.SubNone, Listed: true, Version: before})
}

// rosterPanic panics within a transaction: the next one must find a clean connection.
func rosterPanic(t *testing.T, s storage.Store) {
	func() {
		defer func() { recover() }()
		s.UpdateRosterItem(ctx(t), alice, bob, 0, func(*storage.RosterItem) error { panic("change") })
	}()
	must(t, s.Ping(ctx(t)))
	put(t, s, alice, bob, listed)
	appendRows(t, s, row(1, alice, bob))
	want(t, "rows", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{1})
}

func rosterQuota(t *testing.T, s storage.Store) {
	one := func(contact wire.Addr, limit int, change func(*storage.RosterItem)) error {
		_, _, err := s.UpdateRosterItem(ctx(t), alice, contact, limit, func(i *storage.RosterItem) error { change(i); return nil })
		return err
	}
	must(t, one(bob, 2, listed))
	must(t, one(jürgen, 2, func(i *storage.RosterItem) { i.Request = []byte("<presence/>") }))
	wantErr(t, "a third", one(example, 2, listed), storage.ErrQuota)
	must(t, one(bob, 2, func(i *storage.RosterItem) { i.Name = "known" }))
	must(t, one(bob, 1, func(i *storage.RosterItem) { i.Name = "above the bound already" }))
	must(t, one(example, 2, func(*storage.RosterItem) {}))
	must(t, one(example, 0, listed))
}

func rosterVersion(t *testing.T, s storage.Store) {
	_, last := put(t, s, alice, bob, listed)
	if last <= 0 {
		t.Fatalf("the first version is %d", last)
	}
	steps := []struct {
		grows  bool
		change func(*storage.RosterItem)
	}{
		0:  {true, func(i *storage.RosterItem) { i.Name = "Bob" }},
		1:  {false, func(i *storage.RosterItem) { i.Name = "Bob" }},
		2:  {true, func(i *storage.RosterItem) { i.Groups = []string{"a", "b"} }},
		3:  {true, func(i *storage.RosterItem) { i.Groups[0], i.Groups[1] = "b", "a" }},
		4:  {true, func(i *storage.RosterItem) { i.Subscription = storage.SubTo }},
		5:  {true, func(i *storage.RosterItem) { i.Ask = true }},
		6:  {true, func(i *storage.RosterItem) { i.Approved = true }},
		7:  {false, func(i *storage.RosterItem) { i.Request = []byte("<presence/>") }},
		8:  {true, unlisted},
		9:  {false, func(i *storage.RosterItem) { i.Name, i.Request = "Robert", nil }},
		10: {true, listed},
		11: {true, func(i *storage.RosterItem) { *i = storage.RosterItem{} }},
	}
	for n, step := range steps {
		item, version := put(t, s, alice, bob, step.change)
		if (version > last) != step.grows || version < last {
			t.Errorf("%d: version %d after %d", n, version, last)
		}
		if step.grows && item.Version != version {
			t.Errorf("%d: the item has version %d, the roster %d", n, item.Version, version)
		}
		want(t, "contact", item.Contact, bob)
		last = version
	}
	_, version, err := s.Roster(ctx(t), alice)
	must(t, err)
	want(t, "an empty roster keeps its version", version, last)
}

func rosterChanges(t *testing.T, s storage.Store) {
	changes := func(since int64) string {
		changed, removed, version, ok, err := s.RosterChanges(ctx(t), alice, since)
		must(t, err)
		_, now, err := s.Roster(ctx(t), alice)
		must(t, err)
		want(t, "version", version, now)
		out := fmt.Sprint(ok)
		for _, i := range changed {
			out += " +" + i.Contact.Local()
		}
		for _, a := range removed {
			out += " -" + a.Local()
		}
		return out
	}
	_, v1 := put(t, s, alice, addr("a@example.test"), listed)
	_, v2 := put(t, s, alice, addr("b@example.test"), listed)
	_, v3 := put(t, s, alice, addr("a@example.test"), unlisted)
	_, v4 := put(t, s, alice, addr("c@example.test"), listed)
	put(t, s, alice, addr("d@example.test"), func(i *storage.RosterItem) { i.Request = []byte("<presence/>") })
	want(t, "since the start", changes(0), "true +b +c -a")
	want(t, "since v1", changes(v1), "true +b +c -a")
	want(t, "since v2", changes(v2), "true +c -a")
	want(t, "since v3", changes(v3), "true +c")
	want(t, "since v4", changes(v4), "true")
	want(t, "from the future", changes(v4+1000), "false")
	put(t, s, alice, addr("a@example.test"), listed)
	want(t, "a is back", changes(v2), "true +a +c")
}

// rosterForgets removes more contacts than any store must remember.
func rosterForgets(t *testing.T, s storage.Store) {
	_, first := put(t, s, alice, bob, listed)
	var last int64
	for i := range 600 {
		contact := addr("c%d@example.test", i)
		put(t, s, alice, contact, listed)
		_, last = put(t, s, alice, contact, unlisted)
	}
	_, removed, _, ok, err := s.RosterChanges(ctx(t), alice, first)
	must(t, err)
	if ok && len(removed) != 600 {
		t.Errorf("RosterChanges says it knows all, and lists %d of 600", len(removed))
	}
	if _, _, _, ok, _ = s.RosterChanges(ctx(t), alice, 0); ok && len(removed) != 600 {
		t.Error("version 0 is known after removals were forgotten")
	}
	_, removed, _, ok, err = s.RosterChanges(ctx(t), alice, last-20)
	must(t, err)
	want(t, "recent removals", fmt.Sprint(ok, len(removed)), "true 10")
}
