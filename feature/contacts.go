package feature

import (
	"slices"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// contact is what presence needs of a roster item.
type contact struct {
	addr wire.Addr
	bits uint8
}

const (
	seesUs uint8 = 1 << iota // "from" or "both": gets our presence
	weSee                    // "to" or "both": we get theirs
	asks                     // "pending in": waits for our answer
	listed
)

func (c contact) is(bit uint8) bool { return c.bits&bit != 0 }

// contacts is a roster in brief, ordered by address, immutable: about 60 bytes a contact.
type contacts []contact

func newContact(it *storage.RosterItem) contact {
	c := contact{addr: it.Contact}
	set := func(on bool, bit uint8) {
		if on {
			c.bits |= bit
		}
	}
	set(it.Subscription == storage.SubFrom || it.Subscription == storage.SubBoth, seesUs)
	set(it.Subscription == storage.SubTo || it.Subscription == storage.SubBoth, weSee)
	set(len(it.Request) > 0, asks)
	set(it.Listed, listed)
	return c
}

func newContacts(items []storage.RosterItem) contacts {
	out := make(contacts, 0, len(items))
	for i := range items {
		out = append(out, newContact(&items[i]))
	}
	slices.SortFunc(out, func(a, b contact) int { return a.addr.Compare(b.addr) })
	return out
}

func (l contacts) find(addr wire.Addr) (int, bool) {
	return slices.BinarySearchFunc(l, addr, func(c contact, a wire.Addr) int { return c.addr.Compare(a) })
}

// get returns a contact; one that is not in the roster has no bits.
func (l contacts) get(addr wire.Addr) contact {
	if i, ok := l.find(addr); ok {
		return l[i]
	}
	return contact{}
}

// with returns the contacts with the item's state; kept says whether it is still stored.
func (l contacts) with(it *storage.RosterItem, kept bool) contacts {
	i, ok := l.find(it.Contact)
	out := slices.Clone(l)
	switch {
	case ok && kept:
		out[i].bits = newContact(it).bits
	case ok:
		out = slices.Delete(out, i, i+1)
	case kept:
		c := newContact(it)
		c.addr = c.addr.Clone()
		out = slices.Insert(out, i, c)
	}
	return out
}

// count counts the contacts that have the bit.
func (l contacts) count(bit uint8) (n int) {
	for _, c := range l {
		if c.is(bit) {
			n++
		}
	}
	return n
}
