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

// value is via for a call that returns a value.
func value[V any](ctx context.Context, t *through, method string, f func(context.Context) (V, error)) (v V, err error) {
	err = t.via(ctx, method, func(ctx context.Context) error {
		v, err = f(ctx)
		return err
	})
	return v, err
}

// Ping implements [Store].
func (t *through) Ping(ctx context.Context) error { return t.via(ctx, "Ping", t.Store.Ping) }

// Account implements [Accounts].
func (t *through) Account(ctx context.Context, addr wire.Addr) (Account, error) {
	return value(ctx, t, "Account", func(ctx context.Context) (Account, error) { return t.Store.Account(ctx, addr) })
}

// CreateAccounts implements [Accounts].
func (t *through) CreateAccounts(ctx context.Context, accounts []Account) ([]wire.Addr, error) {
	return value(ctx, t, "CreateAccounts", func(ctx context.Context) ([]wire.Addr, error) { return t.Store.CreateAccounts(ctx, accounts) })
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
func (t *through) ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) ([]Account, error) {
	return value(ctx, t, "ListAccounts", func(ctx context.Context) ([]Account, error) { return t.Store.ListAccounts(ctx, host, after, limit) })
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
func (t *through) RosterItem(ctx context.Context, owner, contact wire.Addr) (RosterItem, error) {
	return value(ctx, t, "RosterItem", func(ctx context.Context) (RosterItem, error) { return t.Store.RosterItem(ctx, owner, contact) })
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
func (t *through) Document(ctx context.Context, owner wire.Addr, kind, key string) ([]byte, error) {
	return value(ctx, t, "Document", func(ctx context.Context) ([]byte, error) { return t.Store.Document(ctx, owner, kind, key) })
}

// PutDocument implements [Documents].
func (t *through) PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error {
	return t.via(ctx, "PutDocument", func(ctx context.Context) error { return t.Store.PutDocument(ctx, owner, kind, key, data, quota) })
}

// Blocklist implements [Blocklists].
func (t *through) Blocklist(ctx context.Context, owner wire.Addr) ([]wire.Addr, error) {
	return value(ctx, t, "Blocklist", func(ctx context.Context) ([]wire.Addr, error) { return t.Store.Blocklist(ctx, owner) })
}

// Block implements [Blocklists].
func (t *through) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	return t.via(ctx, "Block", func(ctx context.Context) error { return t.Store.Block(ctx, owner, limit, addrs) })
}

// Unblock implements [Blocklists].
func (t *through) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) ([]wire.Addr, error) {
	return value(ctx, t, "Unblock", func(ctx context.Context) ([]wire.Addr, error) { return t.Store.Unblock(ctx, owner, addrs) })
}

// Room implements [Rooms].
func (t *through) Room(ctx context.Context, addr wire.Addr) (Room, error) {
	return value(ctx, t, "Room", func(ctx context.Context) (Room, error) { return t.Store.Room(ctx, addr) })
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
func (t *through) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) ([]RoomItem, error) {
	return value(ctx, t, "ListRooms", func(ctx context.Context) ([]RoomItem, error) {
		return t.Store.ListRooms(ctx, service, after, limit, hidden)
	})
}

// FindRooms implements [Rooms].
func (t *through) FindRooms(ctx context.Context, service string, part []byte, after wire.Addr, limit int) ([]wire.Addr, error) {
	return value(ctx, t, "FindRooms", func(ctx context.Context) ([]wire.Addr, error) {
		return t.Store.FindRooms(ctx, service, part, after, limit)
	})
}

// CountOwned implements [Rooms].
func (t *through) CountOwned(ctx context.Context, addr wire.Addr) (int, error) {
	return value(ctx, t, "CountOwned", func(ctx context.Context) (int, error) { return t.Store.CountOwned(ctx, addr) })
}

// Append implements [Archive].
func (t *through) Append(ctx context.Context, batch Batch) ([]Dropped, error) {
	return value(ctx, t, "Append", func(ctx context.Context) ([]Dropped, error) { return t.Store.Append(ctx, batch) })
}

// Page implements [Archive].
func (t *through) Page(ctx context.Context, q Query) ([]Row, error) {
	return value(ctx, t, "Page", func(ctx context.Context) ([]Row, error) { return t.Store.Page(ctx, q) })
}

// Rows implements [Archive].
func (t *through) Rows(ctx context.Context, owner wire.Addr, ids []int64) ([]Row, error) {
	return value(ctx, t, "Rows", func(ctx context.Context) ([]Row, error) { return t.Store.Rows(ctx, owner, ids) })
}

// ByOrigin implements [Archive].
func (t *through) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (Row, error) {
	return value(ctx, t, "ByOrigin", func(ctx context.Context) (Row, error) { return t.Store.ByOrigin(ctx, owner, origin) })
}

// Undelivered implements [Archive].
func (t *through) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) ([]Row, error) {
	return value(ctx, t, "Undelivered", func(ctx context.Context) ([]Row, error) { return t.Store.Undelivered(ctx, owner, after, limit) })
}

// CountUndelivered implements [Archive].
func (t *through) CountUndelivered(ctx context.Context, owner wire.Addr, limit int) (int, error) {
	return value(ctx, t, "CountUndelivered", func(ctx context.Context) (int, error) { return t.Store.CountUndelivered(ctx, owner, limit) })
}

// ClearUndelivered implements [Archive].
func (t *through) ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error {
	return t.via(ctx, "ClearUndelivered", func(ctx context.Context) error { return t.Store.ClearUndelivered(ctx, owner, upTo) })
}

// LastRow implements [Archive].
func (t *through) LastRow(ctx context.Context) (int64, error) {
	return value(ctx, t, "LastRow", func(ctx context.Context) (int64, error) { return t.Store.LastRow(ctx) })
}

// DeleteBefore implements [Archive].
func (t *through) DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (int, error) {
	return value(ctx, t, "DeleteBefore", func(ctx context.Context) (int, error) { return t.Store.DeleteBefore(ctx, owner, id, limit) })
}

// ArchiveOwners implements [Retention].
func (t *through) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) ([]wire.Addr, error) {
	return value(ctx, t, "ArchiveOwners", func(ctx context.Context) ([]wire.Addr, error) { return t.Store.ArchiveOwners(ctx, after, limit) })
}

// DropBefore implements [Retention].
func (t *through) DropBefore(ctx context.Context, id int64, spared []wire.Addr) (int, error) {
	return value(ctx, t, "DropBefore", func(ctx context.Context) (int, error) { return t.Store.DropBefore(ctx, id, spared) })
}

// Held implements [Retention].
func (t *through) Held(ctx context.Context, owner wire.Addr, after int64, limit int) ([]Row, error) {
	return value(ctx, t, "Held", func(ctx context.Context) ([]Row, error) { return t.Store.Held(ctx, owner, after, limit) })
}

// ReleaseHeld implements [Retention].
func (t *through) ReleaseHeld(ctx context.Context, owner wire.Addr) error {
	return t.via(ctx, "ReleaseHeld", func(ctx context.Context) error { return t.Store.ReleaseHeld(ctx, owner) })
}

// Unindexed implements [Searches].
func (t *through) Unindexed(ctx context.Context, limit int) ([]Row, error) {
	return value(ctx, t, "Unindexed", func(ctx context.Context) ([]Row, error) { return t.Store.Unindexed(ctx, limit) })
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
func (t *through) Dump(ctx context.Context, table *Table, after Record, limit int) ([]Record, error) {
	return value(ctx, t, "Dump", func(ctx context.Context) ([]Record, error) { return t.Store.Dump(ctx, table, after, limit) })
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
func (t *through) Empty(ctx context.Context) (bool, error) {
	return value(ctx, t, "Empty", func(ctx context.Context) (bool, error) { return t.Store.Empty(ctx) })
}
