package storage

import (
	"context"

	"salon.im/salon/wire"
)

// The methods of [Store], each through do.

// Ping implements [Store]. It is asked even while nothing else is: it finds out when the store is back.
func (b *bounded) Ping(ctx context.Context) error { return b.call(ctx, b.Store.Ping) }

// Account implements [Accounts].
func (b *bounded) Account(ctx context.Context, addr wire.Addr) (v Account, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Account(ctx, addr)
		return err
	})
	return v, err
}

// CreateAccounts implements [Accounts].
func (b *bounded) CreateAccounts(ctx context.Context, accounts []Account) (existing []wire.Addr, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		existing, err = b.Store.CreateAccounts(ctx, accounts)
		return err
	})
	return existing, err
}

// PutKeys implements [Accounts].
func (b *bounded) PutKeys(ctx context.Context, addr wire.Addr, keys []Key) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.PutKeys(ctx, addr, keys) })
}

// PutLastSeen implements [Accounts].
func (b *bounded) PutLastSeen(ctx context.Context, ends ...LastSeen) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.PutLastSeen(ctx, ends...) })
}

// DeleteAccount implements [Accounts].
func (b *bounded) DeleteAccount(ctx context.Context, addr wire.Addr) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.DeleteAccount(ctx, addr) })
}

// ListAccounts implements [Accounts].
func (b *bounded) ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) (v []Account, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.ListAccounts(ctx, host, after, limit)
		return err
	})
	return v, err
}

// Roster implements [Rosters].
func (b *bounded) Roster(ctx context.Context, owner wire.Addr) (items []RosterItem, version int64, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		items, version, err = b.Store.Roster(ctx, owner)
		return err
	})
	return items, version, err
}

// RosterItem implements [Rosters].
func (b *bounded) RosterItem(ctx context.Context, owner, contact wire.Addr) (v RosterItem, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.RosterItem(ctx, owner, contact)
		return err
	})
	return v, err
}

// UpdateRosterItem implements [Rosters].
func (b *bounded) UpdateRosterItem(ctx context.Context, owner, contact wire.Addr, limit int, change func(*RosterItem) error) (item RosterItem, version int64, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		item, version, err = b.Store.UpdateRosterItem(ctx, owner, contact, limit, change)
		return err
	})
	return item, version, err
}

// RosterChanges implements [Rosters].
func (b *bounded) RosterChanges(ctx context.Context, owner wire.Addr, since int64) (changed []RosterItem, removed []wire.Addr, version int64, ok bool, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		changed, removed, version, ok, err = b.Store.RosterChanges(ctx, owner, since)
		return err
	})
	return changed, removed, version, ok, err
}

// Document implements [Documents].
func (b *bounded) Document(ctx context.Context, owner wire.Addr, kind, key string) (v []byte, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Document(ctx, owner, kind, key)
		return err
	})
	return v, err
}

// PutDocument implements [Documents].
func (b *bounded) PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.PutDocument(ctx, owner, kind, key, data, quota) })
}

// Blocklist implements [Blocklists].
func (b *bounded) Blocklist(ctx context.Context, owner wire.Addr) (v []wire.Addr, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Blocklist(ctx, owner)
		return err
	})
	return v, err
}

// Block implements [Blocklists].
func (b *bounded) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.Block(ctx, owner, limit, addrs) })
}

// Unblock implements [Blocklists].
func (b *bounded) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) (v []wire.Addr, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Unblock(ctx, owner, addrs)
		return err
	})
	return v, err
}

// Room implements [Rooms].
func (b *bounded) Room(ctx context.Context, addr wire.Addr) (v Room, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Room(ctx, addr)
		return err
	})
	return v, err
}

// PutRoom implements [Rooms].
func (b *bounded) PutRoom(ctx context.Context, room Room, affiliations []Affiliation) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.PutRoom(ctx, room, affiliations) })
}

// PutAffiliations implements [Rooms].
func (b *bounded) PutAffiliations(ctx context.Context, room wire.Addr, affiliations []Affiliation) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.PutAffiliations(ctx, room, affiliations) })
}

// PutSubject implements [Rooms].
func (b *bounded) PutSubject(ctx context.Context, room wire.Addr, s Subject) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.PutSubject(ctx, room, s) })
}

// DeleteRoom implements [Rooms].
func (b *bounded) DeleteRoom(ctx context.Context, addr wire.Addr) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.DeleteRoom(ctx, addr) })
}

// ForgetRoom implements [Rooms].
func (b *bounded) ForgetRoom(ctx context.Context, addr wire.Addr) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.ForgetRoom(ctx, addr) })
}

// ListRooms implements [Rooms].
func (b *bounded) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) (v []RoomItem, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.ListRooms(ctx, service, after, limit, hidden)
		return err
	})
	return v, err
}

// CountOwned implements [Rooms].
func (b *bounded) CountOwned(ctx context.Context, addr wire.Addr) (v int, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.CountOwned(ctx, addr)
		return err
	})
	return v, err
}

// Append implements [Archive]. Package archive, its one caller, knows by itself when a store is away.
func (b *bounded) Append(ctx context.Context, batch Batch) (dropped []Dropped, err error) {
	err = b.call(ctx, func(ctx context.Context) error {
		dropped, err = b.Store.Append(ctx, batch)
		return err
	})
	return dropped, err
}

// Page implements [Archive].
func (b *bounded) Page(ctx context.Context, q Query) (v []Row, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Page(ctx, q)
		return err
	})
	return v, err
}

// Rows implements [Archive].
func (b *bounded) Rows(ctx context.Context, owner wire.Addr, ids []int64) (v []Row, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Rows(ctx, owner, ids)
		return err
	})
	return v, err
}

// ByOrigin implements [Archive].
func (b *bounded) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (v Row, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.ByOrigin(ctx, owner, origin)
		return err
	})
	return v, err
}

// Undelivered implements [Archive].
func (b *bounded) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) (v []Row, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Undelivered(ctx, owner, after, limit)
		return err
	})
	return v, err
}

// CountUndelivered implements [Archive].
func (b *bounded) CountUndelivered(ctx context.Context, owner wire.Addr, limit int) (v int, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.CountUndelivered(ctx, owner, limit)
		return err
	})
	return v, err
}

// ClearUndelivered implements [Archive].
func (b *bounded) ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.ClearUndelivered(ctx, owner, upTo) })
}

// LastRow implements [Archive].
func (b *bounded) LastRow(ctx context.Context) (v int64, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.LastRow(ctx)
		return err
	})
	return v, err
}

// DeleteBefore implements [Archive].
func (b *bounded) DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (v int, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.DeleteBefore(ctx, owner, id, limit)
		return err
	})
	return v, err
}

// ArchiveOwners implements [Retention].
func (b *bounded) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) (v []wire.Addr, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.ArchiveOwners(ctx, after, limit)
		return err
	})
	return v, err
}

// Held implements [Retention].
func (b *bounded) Held(ctx context.Context, owner wire.Addr, after int64, limit int) (v []Row, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Held(ctx, owner, after, limit)
		return err
	})
	return v, err
}

// ReleaseHeld implements [Retention].
func (b *bounded) ReleaseHeld(ctx context.Context, owner wire.Addr) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.ReleaseHeld(ctx, owner) })
}

// Unindexed implements [Searches].
func (b *bounded) Unindexed(ctx context.Context, limit int) (v []Row, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		v, err = b.Store.Unindexed(ctx, limit)
		return err
	})
	return v, err
}

// Index implements [Searches].
func (b *bounded) Index(ctx context.Context, texts []Text, upTo int64) error {
	return b.do(ctx, func(ctx context.Context) error { return b.Store.Index(ctx, texts, upTo) })
}
