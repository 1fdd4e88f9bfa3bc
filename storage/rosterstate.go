package storage

import (
	"slices"
	"time"

	"salon.im/salon/wire"
)

// MaxRemovals is how many removed contacts of one roster a back end remembers for RosterChanges.
const MaxRemovals = 500

// RosterState is the row that counts a roster's changes. The zero value is a roster that never had one.
type RosterState struct {
	Version   int64 // now
	Start     int64 // the first that there was
	Forgotten int64 // removals up to this version are not known any more
}

// advance goes on to the next version. The first is the time in seconds, so that a client's version from before the
// account was deleted and made again is not taken for one of this roster.
func (r *RosterState) advance() {
	if r.Version++; r.Start == 0 {
		r.Version = time.Now().Unix()
		r.Start = r.Version
	}
}

// Knows reports whether the changes after version since are all there. Version 0 is the empty roster.
func (r *RosterState) Knows(since int64) bool {
	if since == 0 {
		return r.Forgotten == 0
	}
	return since >= r.Start && since >= r.Forgotten && since <= r.Version
}

// RosterEdit is what UpdateRosterItem has to store of a change.
type RosterEdit struct {
	Item  RosterItem
	Keep  bool // the item is to be stored; otherwise it is to be removed
	Added bool // it was not stored before: the bound on items is to be asked
	Seen  bool // the user's clients see a difference: the RosterState is to be stored too
	Left  bool // what they see is that the contact is gone
}

// Edit hands a copy of an item to change, or a new one if old is the zero item. If the user's clients see a difference, item
// and roster have the next version. It returns change's error as it is.
func (r *RosterState) Edit(old RosterItem, contact wire.Addr, change func(*RosterItem) error) (RosterEdit, error) {
	fresh := old.Contact.IsZero()
	if fresh {
		old = RosterItem{Contact: contact, Subscription: SubNone}
	}
	item := old
	item.Groups = slices.Clone(old.Groups)
	if err := change(&item); err != nil {
		return RosterEdit{}, err
	}
	item.Contact, item.Version = contact, old.Version
	e := RosterEdit{Seen: viewChanged(&old, &item), Left: old.Listed && !item.Listed}
	if e.Seen {
		r.advance()
		item.Version = r.Version
	}
	e.Item, e.Keep = item, item.Listed || item.Ask || item.Approved || len(item.Request) > 0
	e.Added = fresh && e.Keep
	return e, nil
}

// viewChanged reports whether the user's clients see a difference.
func viewChanged(a, b *RosterItem) bool {
	if !a.Listed || !b.Listed {
		return a.Listed != b.Listed
	}
	return a.Name != b.Name || a.Subscription != b.Subscription || a.Ask != b.Ask || a.Approved != b.Approved ||
		!slices.Equal(a.Groups, b.Groups)
}
