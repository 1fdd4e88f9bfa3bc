package storage

import (
	"context"

	"salon.im/salon/wire"
)

// Via makes one call of a [Store]: of the method of that name, by calling f, once or not at all. What it returns, the call does.
type Via func(ctx context.Context, method string, f func(context.Context) error) error

// Through returns a store whose calls go to s by way of via, all but Close.
func Through(s Store, via Via) Store { return &through{s, via} }

// through has a method for each of [Store]. A test sees to it that none is left to what it embeds.
type through struct {
	Store
	via Via
}

// Ping implements [Store].
func (t *through) Ping(ctx context.Context) error { return t.via(ctx, "Ping", t.Store.Ping) }

// Account implements [Accounts].
func (t *through) Account(ctx context.Context, addr wire.Addr) (v Account, err error) {
	err = t.via(ctx, "Account", func(ctx context.Context) error {
		v, err = t.Store.Account(ctx, addr)
		return err
	})
	return v, err
}

// CreateAccounts implements [Accounts].
func (t *through) CreateAccounts(ctx context.Context, accounts []Account) (existing []wire.Addr, err error) {
	err = t.via(ctx, "CreateAccounts", func(ctx context.Context) error {
		existing, err = t.Store.CreateAccounts(ctx, accounts)
		return err
	})
	return existing, err
}

// PutKeys implements [Accounts].
func (t *through) PutKeys(ctx context.Context, addr wire.Addr, keys []Key) error {
	return t.via(ctx, "PutKeys", func(ctx context.Context) error { return t.Store.PutKeys(ctx, addr, keys) })
}

// PutLastSeen implements [Accounts].
func (t *through) PutLastSeen(ctx context.Context, ends ...LastSeen) error {
	return t.via(ctx, "PutLastSeen", func(ctx context.Context) error { return t.Store.PutLastSeen(ctx, ends...) })
}

// DeleteAccount implements [Accounts].
func (t *through) DeleteAccount(ctx context.Context, addr wire.Addr) error {
	return t.via(ctx, "DeleteAccount", func(ctx context.Context) error { return t.Store.DeleteAccount(ctx, addr) })
}

// ListAccounts implements [Accounts].
func (t *through) ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) (v []Account, err error) {
	err = t.via(ctx, "ListAccounts", func(ctx context.Context) error {
		v, err = t.Store.ListAccounts(ctx, host, after, limit)
		return err
	})
	return v, err
}

// Roster implements [Rosters].
func (t *through) Roster(ctx context.Context, owner wire.Addr) (items []RosterItem, version int64, err error) {
	err = t.via(ctx, "Roster", func(ctx context.Context) error {
		items, version, err = t.Store.Roster(ctx, owner)
		return err
	})
	return items, version, err
}

// RosterItem implements [Rosters].
func (t *through) RosterItem(ctx context.Context, owner, contact wire.Addr) (v RosterItem, err error) {
	err = t.via(ctx, "RosterItem", func(ctx context.Context) error {
		v, err = t.Store.RosterItem(ctx, owner, contact)
		return err
	})
	return v, err
}

// UpdateRosterItem implements [Rosters].
func (t *through) UpdateRosterItem(ctx context.Context, owner, contact wire.Addr, limit int, change func(*RosterItem) error) (item RosterItem, version int64, err error) {
	err = t.via(ctx, "UpdateRosterItem", func(ctx context.Context) error {
		item, version, err = t.Store.UpdateRosterItem(ctx, owner, contact, limit, change)
		return err
	})
	return item, version, err
}

// RosterChanges implements [Rosters].
func (t *through) RosterChanges(ctx context.Context, owner wire.Addr, since int64) (changed []RosterItem, removed []wire.Addr, version int64, ok bool, err error) {
	err = t.via(ctx, "RosterChanges", func(ctx context.Context) error {
		changed, removed, version, ok, err = t.Store.RosterChanges(ctx, owner, since)
		return err
	})
	return changed, removed, version, ok, err
}

// Document implements [Documents].
func (t *through) Document(ctx context.Context, owner wire.Addr, kind, key string) (v []byte, err error) {
	err = t.via(ctx, "Document", func(ctx context.Context) error {
		v, err = t.Store.Document(ctx, owner, kind, key)
		return err
	})
	return v, err
}

// PutDocument implements [Documents].
func (t *through) PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error {
	return t.via(ctx, "PutDocument", func(ctx context.Context) error { return t.Store.PutDocument(ctx, owner, kind, key, data, quota) })
}

// Blocklist implements [Blocklists].
func (t *through) Blocklist(ctx context.Context, owner wire.Addr) (v []wire.Addr, err error) {
	err = t.via(ctx, "Blocklist", func(ctx context.Context) error {
		v, err = t.Store.Blocklist(ctx, owner)
		return err
	})
	return v, err
}

// Block implements [Blocklists].
func (t *through) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	return t.via(ctx, "Block", func(ctx context.Context) error { return t.Store.Block(ctx, owner, limit, addrs) })
}

// Unblock implements [Blocklists].
func (t *through) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) (v []wire.Addr, err error) {
	err = t.via(ctx, "Unblock", func(ctx context.Context) error {
		v, err = t.Store.Unblock(ctx, owner, addrs)
		return err
	})
	return v, err
}

// Room implements [Rooms].
func (t *through) Room(ctx context.Context, addr wire.Addr) (v Room, err error) {
	err = t.via(ctx, "Room", func(ctx context.Context) error {
		v, err = t.Store.Room(ctx, addr)
		return err
	})
	return v, err
}

// PutRoom implements [Rooms].
func (t *through) PutRoom(ctx context.Context, room Room, affiliations []Affiliation) error {
	return t.via(ctx, "PutRoom", func(ctx context.Context) error { return t.Store.PutRoom(ctx, room, affiliations) })
}

// PutAffiliations implements [Rooms].
func (t *through) PutAffiliations(ctx context.Context, room wire.Addr, affiliations []Affiliation) error {
	return t.via(ctx, "PutAffiliations", func(ctx context.Context) error { return t.Store.PutAffiliations(ctx, room, affiliations) })
}

// PutSubject implements [Rooms].
func (t *through) PutSubject(ctx context.Context, room wire.Addr, s Subject) error {
	return t.via(ctx, "PutSubject", func(ctx context.Context) error { return t.Store.PutSubject(ctx, room, s) })
}

// DeleteRoom implements [Rooms].
func (t *through) DeleteRoom(ctx context.Context, addr wire.Addr) error {
	return t.via(ctx, "DeleteRoom", func(ctx context.Context) error { return t.Store.DeleteRoom(ctx, addr) })
}

// ForgetRoom implements [Rooms].
func (t *through) ForgetRoom(ctx context.Context, addr wire.Addr) error {
	return t.via(ctx, "ForgetRoom", func(ctx context.Context) error { return t.Store.ForgetRoom(ctx, addr) })
}

// ListRooms implements [Rooms].
func (t *through) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) (v []RoomItem, err error) {
	err = t.via(ctx, "ListRooms", func(ctx context.Context) error {
		v, err = t.Store.ListRooms(ctx, service, after, limit, hidden)
		return err
	})
	return v, err
}

// FindRooms implements [Rooms].
func (t *through) FindRooms(ctx context.Context, service string, part []byte, after wire.Addr, limit int) (v []wire.Addr, err error) {
	err = t.via(ctx, "FindRooms", func(ctx context.Context) error {
		v, err = t.Store.FindRooms(ctx, service, part, after, limit)
		return err
	})
	return v, err
}

// CountOwned implements [Rooms].
func (t *through) CountOwned(ctx context.Context, addr wire.Addr) (v int, err error) {
	err = t.via(ctx, "CountOwned", func(ctx context.Context) error {
		v, err = t.Store.CountOwned(ctx, addr)
		return err
	})
	return v, err
}

// Append implements [Archive].
func (t *through) Append(ctx context.Context, batch Batch) (dropped []Dropped, err error) {
	err = t.via(ctx, "Append", func(ctx context.Context) error {
		dropped, err = t.Store.Append(ctx, batch)
		return err
	})
	return dropped, err
}

// Page implements [Archive].
func (t *through) Page(ctx context.Context, q Query) (v []Row, err error) {
	err = t.via(ctx, "Page", func(ctx context.Context) error {
		v, err = t.Store.Page(ctx, q)
		return err
	})
	return v, err
}

// Rows implements [Archive].
func (t *through) Rows(ctx context.Context, owner wire.Addr, ids []int64) (v []Row, err error) {
	err = t.via(ctx, "Rows", func(ctx context.Context) error {
		v, err = t.Store.Rows(ctx, owner, ids)
		return err
	})
	return v, err
}

// ByOrigin implements [Archive].
func (t *through) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (v Row, err error) {
	err = t.via(ctx, "ByOrigin", func(ctx context.Context) error {
		v, err = t.Store.ByOrigin(ctx, owner, origin)
		return err
	})
	return v, err
}

// Undelivered implements [Archive].
func (t *through) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) (v []Row, err error) {
	err = t.via(ctx, "Undelivered", func(ctx context.Context) error {
		v, err = t.Store.Undelivered(ctx, owner, after, limit)
		return err
	})
	return v, err
}

// CountUndelivered implements [Archive].
func (t *through) CountUndelivered(ctx context.Context, owner wire.Addr, limit int) (v int, err error) {
	err = t.via(ctx, "CountUndelivered", func(ctx context.Context) error {
		v, err = t.Store.CountUndelivered(ctx, owner, limit)
		return err
	})
	return v, err
}

// ClearUndelivered implements [Archive].
func (t *through) ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error {
	return t.via(ctx, "ClearUndelivered", func(ctx context.Context) error { return t.Store.ClearUndelivered(ctx, owner, upTo) })
}

// LastRow implements [Archive].
func (t *through) LastRow(ctx context.Context) (v int64, err error) {
	err = t.via(ctx, "LastRow", func(ctx context.Context) error {
		v, err = t.Store.LastRow(ctx)
		return err
	})
	return v, err
}

// DeleteBefore implements [Archive].
func (t *through) DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (v int, err error) {
	err = t.via(ctx, "DeleteBefore", func(ctx context.Context) error {
		v, err = t.Store.DeleteBefore(ctx, owner, id, limit)
		return err
	})
	return v, err
}

// ArchiveOwners implements [Retention].
func (t *through) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) (v []wire.Addr, err error) {
	err = t.via(ctx, "ArchiveOwners", func(ctx context.Context) error {
		v, err = t.Store.ArchiveOwners(ctx, after, limit)
		return err
	})
	return v, err
}

// DropBefore implements [Retention].
func (t *through) DropBefore(ctx context.Context, id int64, spared []wire.Addr) (v int, err error) {
	err = t.via(ctx, "DropBefore", func(ctx context.Context) error {
		v, err = t.Store.DropBefore(ctx, id, spared)
		return err
	})
	return v, err
}

// Held implements [Retention].
func (t *through) Held(ctx context.Context, owner wire.Addr, after int64, limit int) (v []Row, err error) {
	err = t.via(ctx, "Held", func(ctx context.Context) error {
		v, err = t.Store.Held(ctx, owner, after, limit)
		return err
	})
	return v, err
}

// ReleaseHeld implements [Retention].
func (t *through) ReleaseHeld(ctx context.Context, owner wire.Addr) error {
	return t.via(ctx, "ReleaseHeld", func(ctx context.Context) error { return t.Store.ReleaseHeld(ctx, owner) })
}

// Unindexed implements [Searches].
func (t *through) Unindexed(ctx context.Context, limit int) (v []Row, err error) {
	err = t.via(ctx, "Unindexed", func(ctx context.Context) error {
		v, err = t.Store.Unindexed(ctx, limit)
		return err
	})
	return v, err
}

// Index implements [Searches].
func (t *through) Index(ctx context.Context, texts []Text, upTo int64) error {
	return t.via(ctx, "Index", func(ctx context.Context) error { return t.Store.Index(ctx, texts, upTo) })
}

// Reindex implements [Searches].
func (t *through) Reindex(ctx context.Context) error {
	return t.via(ctx, "Reindex", func(ctx context.Context) error { return t.Store.Reindex(ctx) })
}

// Dump implements [Portable].
func (t *through) Dump(ctx context.Context, table *Table, after Record, limit int) (v []Record, err error) {
	err = t.via(ctx, "Dump", func(ctx context.Context) error {
		v, err = t.Store.Dump(ctx, table, after, limit)
		return err
	})
	return v, err
}

// Restore implements [Portable].
func (t *through) Restore(ctx context.Context, table *Table, records []Record) error {
	return t.via(ctx, "Restore", func(ctx context.Context) error { return t.Store.Restore(ctx, table, records) })
}

// Restored implements [Portable].
func (t *through) Restored(ctx context.Context) error {
	return t.via(ctx, "Restored", t.Store.Restored)
}

// Empty implements [Portable].
func (t *through) Empty(ctx context.Context) (v bool, err error) {
	err = t.via(ctx, "Empty", func(ctx context.Context) error {
		v, err = t.Store.Empty(ctx)
		return err
	})
	return v, err
}
