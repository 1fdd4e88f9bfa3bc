package storage

import (
	"context"
	"time"

	"salon.im/salon/wire"
)

// Bounded returns a store whose calls end after limit at the latest, with the context's error: a database that hangs holds up
// a reader that long, and not for ever. A back end must honour its context for that. The methods of Portable are as they
// were, since only commands call them and may take their time.
func Bounded(s Store, limit time.Duration) Store { return &bounded{s, limit} }

// bounded embeds what it leaves alone. A test sees to it that no other method does.
type bounded struct {
	Store
	limit time.Duration
}

func (b *bounded) in(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, b.limit)
}

// Ping implements [Store].
func (b *bounded) Ping(ctx context.Context) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Ping(ctx)
}

// Account implements [Accounts].
func (b *bounded) Account(ctx context.Context, addr wire.Addr) (Account, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Account(ctx, addr)
}

// CreateAccounts implements [Accounts].
func (b *bounded) CreateAccounts(ctx context.Context, accounts []Account) (existing []wire.Addr, err error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.CreateAccounts(ctx, accounts)
}

// PutKeys implements [Accounts].
func (b *bounded) PutKeys(ctx context.Context, addr wire.Addr, keys []Key) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.PutKeys(ctx, addr, keys)
}

// PutLastSeen implements [Accounts].
func (b *bounded) PutLastSeen(ctx context.Context, ends ...LastSeen) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.PutLastSeen(ctx, ends...)
}

// DeleteAccount implements [Accounts].
func (b *bounded) DeleteAccount(ctx context.Context, addr wire.Addr) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.DeleteAccount(ctx, addr)
}

// ListAccounts implements [Accounts].
func (b *bounded) ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) ([]Account, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.ListAccounts(ctx, host, after, limit)
}

// Roster implements [Rosters].
func (b *bounded) Roster(ctx context.Context, owner wire.Addr) ([]RosterItem, int64, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Roster(ctx, owner)
}

// RosterItem implements [Rosters].
func (b *bounded) RosterItem(ctx context.Context, owner, contact wire.Addr) (RosterItem, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.RosterItem(ctx, owner, contact)
}

// UpdateRosterItem implements [Rosters].
func (b *bounded) UpdateRosterItem(ctx context.Context, owner, contact wire.Addr, limit int, change func(*RosterItem) error) (RosterItem, int64, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.UpdateRosterItem(ctx, owner, contact, limit, change)
}

// RosterChanges implements [Rosters].
func (b *bounded) RosterChanges(ctx context.Context, owner wire.Addr, since int64) (changed []RosterItem, removed []wire.Addr, version int64, ok bool, err error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.RosterChanges(ctx, owner, since)
}

// Document implements [Documents].
func (b *bounded) Document(ctx context.Context, owner wire.Addr, kind, key string) ([]byte, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Document(ctx, owner, kind, key)
}

// PutDocument implements [Documents].
func (b *bounded) PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.PutDocument(ctx, owner, kind, key, data, quota)
}

// Blocklist implements [Blocklists].
func (b *bounded) Blocklist(ctx context.Context, owner wire.Addr) ([]wire.Addr, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Blocklist(ctx, owner)
}

// Block implements [Blocklists].
func (b *bounded) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Block(ctx, owner, limit, addrs)
}

// Unblock implements [Blocklists].
func (b *bounded) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) ([]wire.Addr, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Unblock(ctx, owner, addrs)
}

// Room implements [Rooms].
func (b *bounded) Room(ctx context.Context, addr wire.Addr) (Room, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Room(ctx, addr)
}

// PutRoom implements [Rooms].
func (b *bounded) PutRoom(ctx context.Context, room Room, affiliations []Affiliation) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.PutRoom(ctx, room, affiliations)
}

// PutAffiliations implements [Rooms].
func (b *bounded) PutAffiliations(ctx context.Context, room wire.Addr, affiliations []Affiliation) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.PutAffiliations(ctx, room, affiliations)
}

// PutSubject implements [Rooms].
func (b *bounded) PutSubject(ctx context.Context, room wire.Addr, s Subject) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.PutSubject(ctx, room, s)
}

// DeleteRoom implements [Rooms].
func (b *bounded) DeleteRoom(ctx context.Context, addr wire.Addr) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.DeleteRoom(ctx, addr)
}

// ForgetRoom implements [Rooms].
func (b *bounded) ForgetRoom(ctx context.Context, addr wire.Addr) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.ForgetRoom(ctx, addr)
}

// ListRooms implements [Rooms].
func (b *bounded) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) ([]RoomItem, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.ListRooms(ctx, service, after, limit, hidden)
}

// CountOwned implements [Rooms].
func (b *bounded) CountOwned(ctx context.Context, addr wire.Addr) (int, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.CountOwned(ctx, addr)
}

// Append implements [Archive].
func (b *bounded) Append(ctx context.Context, batch Batch) (dropped []Dropped, err error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Append(ctx, batch)
}

// Page implements [Archive].
func (b *bounded) Page(ctx context.Context, q Query) ([]Row, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Page(ctx, q)
}

// Rows implements [Archive].
func (b *bounded) Rows(ctx context.Context, owner wire.Addr, ids []int64) ([]Row, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Rows(ctx, owner, ids)
}

// ByOrigin implements [Archive].
func (b *bounded) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (Row, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.ByOrigin(ctx, owner, origin)
}

// Undelivered implements [Archive].
func (b *bounded) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) ([]Row, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Undelivered(ctx, owner, after, limit)
}

// CountUndelivered implements [Archive].
func (b *bounded) CountUndelivered(ctx context.Context, owner wire.Addr, limit int) (int, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.CountUndelivered(ctx, owner, limit)
}

// ClearUndelivered implements [Archive].
func (b *bounded) ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.ClearUndelivered(ctx, owner, upTo)
}

// LastRow implements [Archive].
func (b *bounded) LastRow(ctx context.Context) (int64, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.LastRow(ctx)
}

// DeleteBefore implements [Archive].
func (b *bounded) DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (int, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.DeleteBefore(ctx, owner, id, limit)
}

// ArchiveOwners implements [Retention].
func (b *bounded) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) ([]wire.Addr, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.ArchiveOwners(ctx, after, limit)
}

// DropBefore implements [Retention].
func (b *bounded) DropBefore(ctx context.Context, id int64, spared []wire.Addr) (int, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.DropBefore(ctx, id, spared)
}

// Held implements [Retention].
func (b *bounded) Held(ctx context.Context, owner wire.Addr, after int64, limit int) ([]Row, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Held(ctx, owner, after, limit)
}

// ReleaseHeld implements [Retention].
func (b *bounded) ReleaseHeld(ctx context.Context, owner wire.Addr) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.ReleaseHeld(ctx, owner)
}

// Unindexed implements [Searches].
func (b *bounded) Unindexed(ctx context.Context, limit int) ([]Row, error) {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Unindexed(ctx, limit)
}

// Index implements [Searches].
func (b *bounded) Index(ctx context.Context, texts []Text, upTo int64) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Index(ctx, texts, upTo)
}

// Reindex implements [Searches].
func (b *bounded) Reindex(ctx context.Context) error {
	ctx, stop := b.in(ctx)
	defer stop()
	return b.Store.Reindex(ctx)
}
