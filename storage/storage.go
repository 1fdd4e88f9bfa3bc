// Package storage defines what Salon keeps: the records, one small interface for each store, and the errors that
// every back end returns. It holds no code that touches a database: that is storage/sqlite and
// storage/postgres, and storage/storagetest is the one conformance suite that each of them passes. What both decide alike
// stands here too (bounds, keys, a roster's versions, the columns of a record, deletions that go on), so that they hold
// little but their dialects; no one else calls that.
//
// Consumers ask for the interface they use, never for Store as a whole. All methods are safe for any goroutine, may
// block on the disk, and honour the context's cancellation. Addresses are bare unless a comment says otherwise.
// Records that are returned belong to the caller; byte slices in them must not be modified.
package storage

import (
	"context"
	"errors"
)

var (
	// ErrNotFound says that no such record is stored.
	ErrNotFound = errors.New("storage: not found")
	// ErrConflict says that the record exists already, or changed since it was read.
	ErrConflict = errors.New("storage: conflict")
	// ErrQuota says that the owner's bound is reached.
	ErrQuota = errors.New("storage: quota reached")
	// ErrTooNew says that the database was written by a newer Salon. Nothing was changed.
	ErrTooNew = errors.New("storage: the database is newer than this program")
)

// Store is everything that a back end offers. Only package server, the storage commands and storagetest hold one whole.
type Store interface {
	Accounts
	Rosters
	Documents
	Blocklists
	Rooms
	Archive
	Retention
	Searches
	Portable

	// Ping says whether the store can be written now. Readiness asks it.
	Ping(ctx context.Context) error
	// Close ends the store after the operations under way. It is idempotent.
	Close() error
}
