package storage

import (
	"context"

	"salon.im/salon/wire"
)

// Subscription is a roster item's state, in the words of RFC 6121 §2.1.2.5.
type Subscription string

// The four states of RFC 6121 §2.1.2.5.
const (
	SubNone Subscription = "none"
	SubTo   Subscription = "to"
	SubFrom Subscription = "from"
	SubBoth Subscription = "both"
)

// RosterItem is one contact of one user, with the whole of its state (RFC 6121 appendix A).
type RosterItem struct {
	Contact      wire.Addr // bare, or a host
	Name         string
	Groups       []string // no duplicates, in the client's order
	Subscription Subscription
	Ask          bool // the user asked for a subscription that is not answered: "pending out"
	Approved     bool // the user approved in advance (RFC 6121 §3.4)
	// Request is the contact's unanswered subscription request, the whole stanza as it came: "pending in". nil is none.
	Request []byte
	// Listed says that the item is in the roster that the user's clients see. A contact that only asked is stored,
	// but not listed (RFC 6121 §3.1.3).
	Listed bool
	// Version is the roster's version at which this item last changed.
	Version int64
}

// Rosters keeps contact lists. A roster's version is a number that grows with every change of a listed item.
type Rosters interface {
	// Roster returns every item, listed or not, ordered by contact, and the roster's version. No items is no error.
	Roster(ctx context.Context, owner wire.Addr) ([]RosterItem, int64, error)
	// RosterItem returns one item, or ErrNotFound.
	RosterItem(ctx context.Context, owner, contact wire.Addr) (RosterItem, error)
	// UpdateRosterItem reads the item (a zero one with Contact and SubNone when there is none), hands it to change, and
	// stores the outcome, in one transaction. An item that is then neither listed nor asked, approved or requested is
	// removed. change must not call the store; its error aborts and is returned as it is. limit bounds the owner's items:
	// ErrQuota; 0 is no bound. It returns the item as stored and the roster's version; the version grows only if the listed view changed.
	UpdateRosterItem(ctx context.Context, owner, contact wire.Addr, limit int, change func(*RosterItem) error) (RosterItem, int64, error)
	// RosterChanges returns the listed items that changed after version since, and the contacts removed after it, and
	// the version now. ok is false if since is not known any more: then the whole roster must be sent (RFC 6121 §2.6).
	RosterChanges(ctx context.Context, owner wire.Addr, since int64) (changed []RosterItem, removed []wire.Addr, version int64, ok bool, err error)
}

// Blocklists keeps whom a user does not want to hear of (XEP-0191).
type Blocklists interface {
	// Blocklist returns the blocked addresses in order: bare, full, host, or host with resource (XEP-0191 §3.1 JID matching).
	Blocklist(ctx context.Context, owner wire.Addr) ([]wire.Addr, error)
	// Block adds addresses; limit bounds the list (ErrQuota, and nothing is added). Known ones are no error.
	Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error
	// Unblock removes addresses; none given empties the list. It returns those that were there.
	Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) ([]wire.Addr, error)
}

// Documents keeps small XML documents of a user by kind and key: private XML (XEP-0049), the vCard (XEP-0054).
type Documents interface {
	// Document returns one document, or ErrNotFound.
	Document(ctx context.Context, owner wire.Addr, kind, key string) ([]byte, error)
	// PutDocument stores a document; nil removes it. quota bounds the owner's bytes over all documents of that kind
	// (ErrQuota); 0 is no bound.
	PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error
}
