package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const selectItem = `SELECT ` + storage.RosterItemColumns + ` FROM roster_items `

// Roster implements [storage.Rosters].
func (s *Store) Roster(ctx context.Context, owner wire.Addr) (items []storage.RosterItem, version int64, err error) {
	err = s.snapshot(ctx, "read a roster", func(b *pgx.Batch) {
		var r storage.RosterState
		queueRoster(b, owner, &r)
		b.Queue(selectItem+`WHERE owner = $1 ORDER BY contact`, owner.String()).Query(func(rows pgx.Rows) (err error) {
			version = r.Version
			items, err = collectRows(rows, storage.ScanRosterItem)
			return err
		})
	})
	if err != nil {
		return nil, 0, err
	}
	return items, version, nil
}

// RosterItem implements [storage.Rosters].
func (s *Store) RosterItem(ctx context.Context, owner, contact wire.Addr) (item storage.RosterItem, err error) {
	err = s.read(ctx, "read a roster item", func(c *conn) error {
		row := c.QueryRow(c.ctx, selectItem+`WHERE owner = $1 AND contact = $2`, owner.String(), contact.String())
		return found(storage.ScanRosterItem(row, &item))
	})
	return item, err
}

// UpdateRosterItem implements [storage.Rosters]. change runs while nobody else can change the owner's roster: it must not
// call the store.
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
	if err := lockUser(c, owner); err != nil {
		return storage.RosterItem{}, 0, err
	}
	var r storage.RosterState
	var items []storage.RosterItem
	b := &pgx.Batch{}
	queueRoster(b, owner, &r)
	b.Queue(selectItem+`WHERE owner = $1 AND contact = $2`, owner.String(), contact.String()).Query(func(rows pgx.Rows) (err error) {
		items, err = collectRows(rows, storage.ScanRosterItem)
		return err
	})
	if err := c.send(b); err != nil {
		return storage.RosterItem{}, 0, err
	}
	var old storage.RosterItem
	if len(items) > 0 {
		old = items[0]
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
	if err := c.get(`SELECT count(*) FROM roster_items WHERE owner = $1`, []any{owner.String()}, &n); err != nil {
		return err
	}
	return storage.CheckQuota(n+1, int64(limit))
}

func storeItem(c *conn, owner wire.Addr, edit *storage.RosterEdit) error {
	item := &edit.Item
	if !edit.Keep {
		_, err := c.exec(`DELETE FROM roster_items WHERE owner = $1 AND contact = $2`, owner.String(), item.Contact.String())
		return err
	}
	if err := storage.CheckKey(owner.String(), item.Contact.String()); err != nil {
		return err
	}
	values, err := item.Values()
	if err != nil {
		return err
	}
	_, err = c.exec(`INSERT INTO roster_items (owner, `+storage.RosterItemColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (owner, contact) DO UPDATE SET
		name = excluded.name, groups = excluded.groups, subscription = excluded.subscription, ask = excluded.ask,
		approved = excluded.approved, request = excluded.request, listed = excluded.listed, version = excluded.version`,
		append([]any{owner.String()}, values...)...)
	return err
}

// RosterChanges implements [storage.Rosters].
func (s *Store) RosterChanges(ctx context.Context, owner wire.Addr, since int64) (changed []storage.RosterItem,
	removed []wire.Addr, version int64, ok bool, err error) {
	var r storage.RosterState
	err = s.snapshot(ctx, "read a roster's changes", func(b *pgx.Batch) {
		queueRoster(b, owner, &r)
		b.Queue(selectItem+`WHERE owner = $1 AND version > $2 AND listed ORDER BY contact`, owner.String(), since).
			Query(func(rows pgx.Rows) (err error) {
				changed, err = collectRows(rows, storage.ScanRosterItem)
				return err
			})
		b.Queue(`SELECT contact FROM roster_removals WHERE owner = $1 AND version > $2 ORDER BY contact`, owner.String(), since).
			Query(func(rows pgx.Rows) (err error) {
				removed, err = collectRows(rows, storage.ScanAddr)
				return err
			})
	})
	if err != nil {
		return nil, nil, 0, false, err
	}
	if !r.Knows(since) {
		return nil, nil, r.Version, false, nil
	}
	return changed, removed, r.Version, true, nil
}

// queueRoster reads the owner's row into r, or leaves a zero one.
func queueRoster(b *pgx.Batch, owner wire.Addr, r *storage.RosterState) {
	*r = storage.RosterState{}
	b.Queue(`SELECT version, start, forgotten FROM rosters WHERE owner = $1`, owner.String()).Query(func(rows pgx.Rows) error {
		return every(rows, func(row pgx.Rows) error { return row.Scan(&r.Version, &r.Start, &r.Forgotten) })
	})
}

func putRoster(c *conn, owner wire.Addr, r *storage.RosterState) error {
	_, err := c.exec(`INSERT INTO rosters (owner, version, start, forgotten) VALUES ($1, $2, $3, $4) ON CONFLICT (owner) DO UPDATE
		SET version = excluded.version, start = excluded.start, forgotten = excluded.forgotten`,
		owner.String(), r.Version, r.Start, r.Forgotten)
	return err
}

// noteRemoval remembers that the contact left the list at this version, or that it is back, and forgets the oldest. What is
// forgotten is noted in r, which is to be put.
func noteRemoval(c *conn, owner, contact wire.Addr, r *storage.RosterState, gone bool) error {
	if !gone {
		_, err := c.exec(`DELETE FROM roster_removals WHERE owner = $1 AND contact = $2`, owner.String(), contact.String())
		return err
	}
	_, err := c.exec(`INSERT INTO roster_removals (owner, contact, version) VALUES ($1, $2, $3)
		ON CONFLICT (owner, contact) DO UPDATE SET version = excluded.version`,
		owner.String(), contact.String(), r.Version)
	if err != nil {
		return err
	}
	var oldest int64
	err = c.get(`SELECT version FROM roster_removals WHERE owner = $1 ORDER BY version DESC LIMIT 1 OFFSET $2`,
		[]any{owner.String(), storage.MaxRemovals}, &oldest)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	r.Forgotten = oldest
	_, err = c.exec(`DELETE FROM roster_removals WHERE owner = $1 AND version <= $2`, owner.String(), oldest)
	return err
}
