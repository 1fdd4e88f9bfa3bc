package storage

import (
	"context"
	"time"

	"salon.im/salon/wire"
)

// Account is one local user. It never holds a password, only keys derived from it.
type Account struct {
	Addr    wire.Addr // bare
	Keys    []Key     // one for each hash, any order
	Created time.Time
	// LastSeen is when the last session ended, zero if none ever did; Status is the text of its last unavailable presence
	// (XEP-0012 §4).
	LastSeen time.Time
	Status   string
}

// Key is what SCRAM needs of a password for one hash (RFC 5802 §3).
type Key struct {
	Hash       string // "SHA-1", "SHA-256" or "SHA-512"
	Iterations int
	Salt       []byte
	StoredKey  []byte
	ServerKey  []byte
}

// LastSeen is the end of an account's session: see Account.
type LastSeen struct {
	Addr   wire.Addr // bare
	At     time.Time
	Status string
}

// Accounts keeps the local users.
type Accounts interface {
	// Account returns one account, or ErrNotFound.
	Account(ctx context.Context, addr wire.Addr) (Account, error)
	// CreateAccounts adds the accounts in one transaction and returns the addresses that existed already; those are left
	// as they were.
	CreateAccounts(ctx context.Context, accounts []Account) (existing []wire.Addr, err error)
	// PutKeys replaces all keys of an account. It returns ErrNotFound.
	PutKeys(ctx context.Context, addr wire.Addr, keys []Key) error
	// PutLastSeen notes the ends of sessions, in one transaction. An unknown account is no error.
	PutLastSeen(ctx context.Context, ends ...LastSeen) error
	// DeleteAccount removes the account with everything it owns: roster, documents, block list, archive, marks, and its
	// affiliations in rooms. It returns ErrNotFound. The rows of a large archive, which nobody finds any more, may outlast the
	// call by a while; no error is returned for that.
	DeleteAccount(ctx context.Context, addr wire.Addr) error
	// ListAccounts returns up to limit accounts without their keys, ordered by address, those after `after` (exclusive).
	// host "" is every host.
	ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) ([]Account, error)
}
