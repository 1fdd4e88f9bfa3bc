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

// Advance goes on to the next version. The first is the time in seconds, so that a client's version from before the
// account was deleted and made again is not taken for one of this roster.
func (r *RosterState) Advance() {
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
	Item RosterItem // its version is that of before: it is the roster's next one if Seen
	Keep bool       // the item is to be stored; otherwise it is to be removed
	Seen bool       // the user's clients see a difference
	Left bool       // what they see is that the contact is gone
}

// EditRosterItem hands a copy of an item to change, or a new one if old is the zero item. It returns change's error as it is.
func EditRosterItem(old RosterItem, contact wire.Addr, change func(*RosterItem) error) (RosterEdit, error) {
	if old.Contact.IsZero() {
		old = RosterItem{Contact: contact, Subscription: SubNone}
	}
	item := old
	item.Groups = slices.Clone(old.Groups)
	if err := change(&item); err != nil {
		return RosterEdit{}, err
	}
	item.Contact, item.Version = contact, old.Version
	return RosterEdit{
		Item: item,
		Keep: item.Listed || item.Ask || item.Approved || len(item.Request) > 0,
		Seen: viewChanged(&old, &item),
		Left: old.Listed && !item.Listed,
	}, nil
}

// viewChanged reports whether the user's clients see a difference.
func viewChanged(a, b *RosterItem) bool {
	if !a.Listed || !b.Listed {
		return a.Listed != b.Listed
	}
	return a.Name != b.Name || a.Subscription != b.Subscription || a.Ask != b.Ask || a.Approved != b.Approved ||
		!slices.Equal(a.Groups, b.Groups)
}
