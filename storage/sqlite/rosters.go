package sqlite

import (
	"context"
	"errors"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const selectItem = `SELECT ` + storage.RosterItemColumns + ` FROM roster_items `

// Roster implements [storage.Rosters].
func (s *Store) Roster(ctx context.Context, owner wire.Addr) (items []storage.RosterItem, version int64, err error) {
	err = s.read(ctx, "read a roster", func(c *conn) error {
		r, err := readRoster(c, owner)
		if err != nil {
			return err
		}
		version = r.Version
		items, err = collect(c, storage.ScanRosterItem, selectItem+`WHERE owner = ? ORDER BY contact`, owner.String())
		return err
	})
	return items, version, err
}

// RosterItem implements [storage.Rosters].
func (s *Store) RosterItem(ctx context.Context, owner, contact wire.Addr) (item storage.RosterItem, err error) {
	err = s.read(ctx, "read a roster item", func(c *conn) error {
		item, err = readItem(c, owner, contact)
		return found(err)
	})
	return item, err
}

// UpdateRosterItem implements [storage.Rosters]. change runs while nobody else can write: it must not call the store.
func (s *Store) UpdateRosterItem(ctx context.Context, owner, contact wire.Addr, limit int,
	change func(*storage.RosterItem) error) (item storage.RosterItem, version int64, err error) {
	err = s.write(ctx, "update a roster item", func(c *conn) error {
		item, version, err = updateItem(c, owner, contact, limit, change)
		return err
	})
	if err != nil {
		return storage.RosterItem{}, 0, err
	}
	return item, version, nil
}

func updateItem(c *conn, owner, contact wire.Addr, limit int, change func(*storage.RosterItem) error) (storage.RosterItem, int64, error) {
	old, err := readItem(c, owner, contact)
	if err != nil && !errors.Is(err, errNoRows) {
		return old, 0, err
	}
	r, err := readRoster(c, owner)
	if err != nil {
		return old, 0, err
	}
	edit, err := r.Edit(old, contact, change)
	if err != nil {
		return old, 0, err
	}
	if edit.Added {
		if err := checkItems(c, owner, limit); err != nil {
			return old, 0, err
		}
	}
	if edit.Seen {
		if err := noteRemoval(c, owner, contact, &r, edit.Left); err != nil {
			return old, 0, err
		}
		if err := putRoster(c, owner, &r); err != nil {
			return old, 0, err
		}
	}
	return edit.Item, r.Version, storeItem(c, owner, &edit)
}

func checkItems(c *conn, owner wire.Addr, limit int) error {
	if limit <= 0 {
		return nil
	}
	var n int64
	if err := c.get(`SELECT count(*) FROM roster_items WHERE owner = ?`, []any{owner.String()}, &n); err != nil {
		return err
	}
	return storage.CheckQuota(n+1, int64(limit))
}

func storeItem(c *conn, owner wire.Addr, edit *storage.RosterEdit) error {
	item := &edit.Item
	if !edit.Keep {
		_, err := c.exec(`DELETE FROM roster_items WHERE owner = ? AND contact = ?`, owner.String(), item.Contact.String())
		return err
	}
	if err := storage.CheckKey(owner.String(), item.Contact.String()); err != nil {
		return err
	}
	values, err := item.Values()
	if err != nil {
		return err
	}
	_, err = c.exec(`INSERT OR REPLACE INTO roster_items (owner, `+storage.RosterItemColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		append([]any{owner.String()}, values...)...)
	return err
}

func readItem(c *conn, owner, contact wire.Addr) (storage.RosterItem, error) {
	return first(c, storage.ScanRosterItem, selectItem+`WHERE owner = ? AND contact = ?`, owner.String(), contact.String())
}

// RosterChanges implements [storage.Rosters].
func (s *Store) RosterChanges(ctx context.Context, owner wire.Addr, since int64) (changed []storage.RosterItem,
	removed []wire.Addr, version int64, ok bool, err error) {
	err = s.read(ctx, "read a roster's changes", func(c *conn) error {
		r, err := readRoster(c, owner)
		if err != nil {
			return err
		}
		version = r.Version
		if ok = r.Knows(since); !ok {
			return nil
		}
		changed, err = collect(c, storage.ScanRosterItem, selectItem+`WHERE owner = ? AND version > ? AND listed ORDER BY contact`,
			owner.String(), since)
		if err != nil {
			return err
		}
		removed, err = collect(c, storage.ScanAddr, `SELECT contact FROM roster_removals WHERE owner = ? AND version > ? ORDER BY contact`,
			owner.String(), since)
		return err
	})
	if err != nil {
		return nil, nil, 0, false, err
	}
	return changed, removed, version, ok, nil
}

func readRoster(c *conn, owner wire.Addr) (r storage.RosterState, err error) {
	err = c.get(`SELECT version, start, forgotten FROM rosters WHERE owner = ?`, []any{owner.String()},
		&r.Version, &r.Start, &r.Forgotten)
	if errors.Is(err, errNoRows) {
		return storage.RosterState{}, nil
	}
	return r, err
}

func putRoster(c *conn, owner wire.Addr, r *storage.RosterState) error {
	_, err := c.exec(`INSERT OR REPLACE INTO rosters (owner, version, start, forgotten) VALUES (?, ?, ?, ?)`,
		owner.String(), r.Version, r.Start, r.Forgotten)
	return err
}

// noteRemoval remembers that the contact left the list at this version, or that it is back, and forgets the oldest. What is
// forgotten is noted in r, which is to be put.
func noteRemoval(c *conn, owner, contact wire.Addr, r *storage.RosterState, gone bool) error {
	if !gone {
		_, err := c.exec(`DELETE FROM roster_removals WHERE owner = ? AND contact = ?`, owner.String(), contact.String())
		return err
	}
	_, err := c.exec(`INSERT OR REPLACE INTO roster_removals (owner, contact, version) VALUES (?, ?, ?)`,
		owner.String(), contact.String(), r.Version)
	if err != nil {
		return err
	}
	var oldest int64
	err = c.get(`SELECT version FROM roster_removals WHERE owner = ? ORDER BY version DESC LIMIT 1 OFFSET ?`,
		[]any{owner.String(), storage.MaxRemovals}, &oldest)
	if errors.Is(err, errNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	r.Forgotten = oldest
	_, err = c.exec(`DELETE FROM roster_removals WHERE owner = ? AND version <= ?`, owner.String(), oldest)
	return err
}
