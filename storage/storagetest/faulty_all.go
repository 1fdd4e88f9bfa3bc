package storagetest

import (
	"context"
	"errors"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// What Faulty does but Append, Ping and the writes of rooms: they fail or hang with the whole store alone.

// Account implements [storage.Accounts].
func (f *Faulty) Account(ctx context.Context, addr wire.Addr) (v storage.Account, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Account(ctx, addr)
}

// CreateAccounts implements [storage.Accounts].
func (f *Faulty) CreateAccounts(ctx context.Context, accounts []storage.Account) (v []wire.Addr, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.CreateAccounts(ctx, accounts)
}

// PutKeys implements [storage.Accounts].
func (f *Faulty) PutKeys(ctx context.Context, addr wire.Addr, keys []storage.Key) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.PutKeys(ctx, addr, keys)
}

// PutLastSeen implements [storage.Accounts].
func (f *Faulty) PutLastSeen(ctx context.Context, ends ...storage.LastSeen) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.PutLastSeen(ctx, ends...)
}

// DeleteAccount implements [storage.Accounts].
func (f *Faulty) DeleteAccount(ctx context.Context, addr wire.Addr) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.DeleteAccount(ctx, addr)
}

// ListAccounts implements [storage.Accounts].
func (f *Faulty) ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) (v []storage.Account, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.ListAccounts(ctx, host, after, limit)
}

// Roster implements [storage.Rosters].
func (f *Faulty) Roster(ctx context.Context, owner wire.Addr) (v0 []storage.RosterItem, v1 int64, err error) {
	if err := f.gate(ctx); err != nil {
		return v0, v1, err
	}
	return f.Store.Roster(ctx, owner)
}

// RosterItem implements [storage.Rosters].
func (f *Faulty) RosterItem(ctx context.Context, owner, contact wire.Addr) (v storage.RosterItem, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.RosterItem(ctx, owner, contact)
}

// UpdateRosterItem implements [storage.Rosters].
func (f *Faulty) UpdateRosterItem(ctx context.Context, owner, contact wire.Addr, limit int, change func(*storage.RosterItem) error) (v0 storage.RosterItem, v1 int64, err error) {
	if err := f.gate(ctx); err != nil {
		return v0, v1, err
	}
	return f.Store.UpdateRosterItem(ctx, owner, contact, limit, change)
}

// RosterChanges implements [storage.Rosters].
func (f *Faulty) RosterChanges(ctx context.Context, owner wire.Addr, since int64) (v0 []storage.RosterItem, v1 []wire.Addr, v2 int64, v3 bool, err error) {
	if err := f.gate(ctx); err != nil {
		return v0, v1, v2, v3, err
	}
	return f.Store.RosterChanges(ctx, owner, since)
}

// Document implements [storage.Documents].
func (f *Faulty) Document(ctx context.Context, owner wire.Addr, kind, key string) (v []byte, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Document(ctx, owner, kind, key)
}

// PutDocument implements [storage.Documents].
func (f *Faulty) PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.PutDocument(ctx, owner, kind, key, data, quota)
}

// Blocklist implements [storage.Blocklists].
func (f *Faulty) Blocklist(ctx context.Context, owner wire.Addr) (v []wire.Addr, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Blocklist(ctx, owner)
}

// Block implements [storage.Blocklists].
func (f *Faulty) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.Block(ctx, owner, limit, addrs)
}

// Unblock implements [storage.Blocklists].
func (f *Faulty) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) (v []wire.Addr, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Unblock(ctx, owner, addrs)
}

// Room implements [storage.Rooms].
func (f *Faulty) Room(ctx context.Context, addr wire.Addr) (v storage.Room, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Room(ctx, addr)
}

// DeleteRoom implements [storage.Rooms].
func (f *Faulty) DeleteRoom(ctx context.Context, addr wire.Addr) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.DeleteRoom(ctx, addr)
}

// ForgetRoom implements [storage.Rooms].
func (f *Faulty) ForgetRoom(ctx context.Context, addr wire.Addr) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.ForgetRoom(ctx, addr)
}

// ListRooms implements [storage.Rooms].
func (f *Faulty) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) (v []storage.RoomItem, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.ListRooms(ctx, service, after, limit, hidden)
}

// CountOwned implements [storage.Rooms].
func (f *Faulty) CountOwned(ctx context.Context, addr wire.Addr) (v int, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.CountOwned(ctx, addr)
}

// Page implements [storage.Archive].
func (f *Faulty) Page(ctx context.Context, q storage.Query) (v []storage.Row, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Page(ctx, q)
}

// Rows implements [storage.Archive].
func (f *Faulty) Rows(ctx context.Context, owner wire.Addr, ids []int64) (v []storage.Row, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Rows(ctx, owner, ids)
}

// ByOrigin implements [storage.Archive].
func (f *Faulty) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (v storage.Row, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.ByOrigin(ctx, owner, origin)
}

// Undelivered implements [storage.Archive].
func (f *Faulty) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) (v []storage.Row, err error) {
	f.mu.Lock()
	unread := f.unread
	f.mu.Unlock()
	if err := errors.Join(f.gate(ctx), unread); err != nil {
		return nil, err
	}
	return f.Store.Undelivered(ctx, owner, after, limit)
}

// CountUndelivered implements [storage.Archive].
func (f *Faulty) CountUndelivered(ctx context.Context, owner wire.Addr, most int) (v int, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.CountUndelivered(ctx, owner, most)
}

// ClearUndelivered implements [storage.Archive].
func (f *Faulty) ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.ClearUndelivered(ctx, owner, upTo)
}

// LastRow implements [storage.Archive].
func (f *Faulty) LastRow(ctx context.Context) (v int64, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.LastRow(ctx)
}

// DeleteBefore implements [storage.Archive].
func (f *Faulty) DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (v int, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.DeleteBefore(ctx, owner, id, limit)
}

// ArchiveOwners implements [storage.Retention].
func (f *Faulty) ArchiveOwners(ctx context.Context, after wire.Addr, limit int) (v []wire.Addr, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.ArchiveOwners(ctx, after, limit)
}

// DropBefore implements [storage.Retention].
func (f *Faulty) DropBefore(ctx context.Context, id int64, spared []wire.Addr) (v int, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.DropBefore(ctx, id, spared)
}

// Held implements [storage.Retention].
func (f *Faulty) Held(ctx context.Context, owner wire.Addr, after int64, limit int) (v []storage.Row, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Held(ctx, owner, after, limit)
}

// ReleaseHeld implements [storage.Retention].
func (f *Faulty) ReleaseHeld(ctx context.Context, owner wire.Addr) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.ReleaseHeld(ctx, owner)
}

// Unindexed implements [storage.Searches].
func (f *Faulty) Unindexed(ctx context.Context, limit int) (v []storage.Row, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Unindexed(ctx, limit)
}

// Index implements [storage.Searches].
func (f *Faulty) Index(ctx context.Context, texts []storage.Text, upTo int64) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.Index(ctx, texts, upTo)
}

// Reindex implements [storage.Searches].
func (f *Faulty) Reindex(ctx context.Context) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.Reindex(ctx)
}

// Dump implements [storage.Portable].
func (f *Faulty) Dump(ctx context.Context, t *storage.Table, after storage.Record, limit int) (v []storage.Record, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Dump(ctx, t, after, limit)
}

// Restore implements [storage.Portable].
func (f *Faulty) Restore(ctx context.Context, t *storage.Table, records []storage.Record) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.Restore(ctx, t, records)
}

// Restored implements [storage.Portable].
func (f *Faulty) Restored(ctx context.Context) error {
	if err := f.gate(ctx); err != nil {
		return err
	}
	return f.Store.Restored(ctx)
}

// Empty implements [storage.Portable].
func (f *Faulty) Empty(ctx context.Context) (v bool, err error) {
	if err := f.gate(ctx); err != nil {
		return v, err
	}
	return f.Store.Empty(ctx)
}
