package storage_test

import (
	"errors"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func TestRosterStateKnows(t *testing.T) {
	none, some, old := storage.RosterState{}, storage.RosterState{Version: 105, Start: 100}, storage.RosterState{Version: 105, Start: 100, Forgotten: 103}
	for i, tt := range []struct {
		r     storage.RosterState
		since int64
		want  bool
	}{
		0: {none, 0, true}, 1: {none, 1, false},
		2: {some, 0, true}, 3: {some, 99, false}, 4: {some, 100, true}, 5: {some, 105, true}, 6: {some, 106, false},
		7: {old, 0, false}, 8: {old, 102, false}, 9: {old, 103, true},
	} {
		if got := tt.r.Knows(tt.since); got != tt.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

func TestRosterStateEdit(t *testing.T) {
	bob := wire.MustAddr("bob@example.test")
	old := storage.RosterItem{Contact: bob, Subscription: storage.SubBoth, Groups: []string{"a"}, Listed: true, Version: 7}
	var r storage.RosterState
	edit, err := r.Edit(old, bob, func(i *storage.RosterItem) error {
		i.Contact, i.Version, i.Groups[0], i.Listed = wire.Addr{}, 99, "b", false
		return nil
	})
	if err != nil || edit.Item.Contact != bob || edit.Item.Version != r.Version || edit.Keep || edit.Added || !edit.Seen || !edit.Left {
		t.Errorf("%+v, error %v", edit, err)
	}
	first := r.Version
	if first < 1e9 || r.Start != first {
		t.Errorf("the first version: %+v", r)
	}
	if old.Groups[0] != "a" {
		t.Error("the old item's groups were changed")
	}
	edit, err = r.Edit(storage.RosterItem{}, bob, func(i *storage.RosterItem) error { i.Request = []byte("x"); return nil })
	if err != nil || edit.Item.Subscription != storage.SubNone || !edit.Keep || !edit.Added || edit.Seen || edit.Left || r.Version != first {
		t.Errorf("a new one: %+v, error %v", edit, err)
	}
	edit, err = r.Edit(edit.Item, bob, func(i *storage.RosterItem) error { i.Listed = true; return nil })
	if err != nil || edit.Added || !edit.Seen || edit.Item.Version != first+1 || r.Version != first+1 {
		t.Errorf("listed: %+v, error %v", edit, err)
	}
	failed := errors.New("no")
	if _, err := r.Edit(old, bob, func(*storage.RosterItem) error { return failed }); err != failed {
		t.Errorf("got error %v", err)
	}
}
