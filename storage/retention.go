package storage

import (
	"context"

	"salon.im/salon/wire"
)

// Retention is what ends the life of archived rows. Package archive's keeper decides; a back end obeys.
type Retention interface {
	// ArchiveOwners returns up to limit owners of archives, ordered by address, those after `after` (exclusive; zero is the
	// start). One whose archive is empty by now may be among them.
	ArchiveOwners(ctx context.Context, after wire.Addr, limit int) ([]wire.Addr, error)
	// DropBefore removes whole partitions of which every row is older than id, and returns how many partitions went. One
	// with a row of an owner in spared stays. A back end without partitions returns 0.
	DropBefore(ctx context.Context, id int64, spared []wire.Addr) (int, error)
	// Held returns up to limit of the rows that a Rewrite with Hold replaced, as they were but for their mark (Undelivered is
	// false), after id `after`, oldest first. No other method returns them.
	Held(ctx context.Context, owner wire.Addr, after int64, limit int) ([]Row, error)
	// ReleaseHeld removes what Held returns of an owner: the hold has ended.
	ReleaseHeld(ctx context.Context, owner wire.Addr) error
}
