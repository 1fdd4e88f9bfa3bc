package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxRemovals is how many removed contacts of one roster are remembered for roster versioning.
const maxRemovals = 500

const selectItem = `SELECT contact, name, groups, subscription, ask, approved, request, listed, version FROM roster_items `

// Roster implements [storage.Rosters].
func (s *Store) Roster(ctx context.Context, owner wire.Addr) (items []storage.RosterItem, version int64, err error) {
	err = s.read(ctx, "read a roster", func(c *conn) error {
		r, err := readRoster(c, owner)
		if err != nil {
			return err
		}
		version = r.version
		items, err = listItems(c, `WHERE owner = ? ORDER BY contact`, owner.String())
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
	fresh := errors.Is(err, sql.ErrNoRows)
	if fresh {
		old = storage.RosterItem{Contact: contact, Subscription: storage.SubNone}
	} else if err != nil {
		return old, 0, err
	}
	item := old
	item.Groups = slices.Clone(old.Groups)
	if err := change(&item); err != nil {
		return old, 0, err
	}
	item.Contact, item.Version = contact, old.Version
	keep := item.Listed || item.Ask || item.Approved || len(item.Request) > 0
	if fresh && keep {
		if err := checkItems(c, owner, limit); err != nil {
			return old, 0, err
		}
	}
	r, err := readRoster(c, owner)
	if err != nil {
		return old, 0, err
	}
	if viewChanged(&old, &item) {
		if err := r.advance(c, owner); err != nil {
			return old, 0, err
		}
		item.Version = r.version
		if err := r.noteRemoval(c, owner, contact, old.Listed && !item.Listed); err != nil {
			return old, 0, err
		}
	}
	return item, r.version, storeItem(c, owner, &item, keep)
}

// viewChanged reports whether the user's clients see a difference.
func viewChanged(a, b *storage.RosterItem) bool {
	if !a.Listed || !b.Listed {
		return a.Listed != b.Listed
	}
	return a.Name != b.Name || a.Subscription != b.Subscription || a.Ask != b.Ask || a.Approved != b.Approved ||
		!slices.Equal(a.Groups, b.Groups)
}

func checkItems(c *conn, owner wire.Addr, limit int) error {
	if limit <= 0 {
		return nil
	}
	var n int
	if err := c.get(`SELECT count(*) FROM roster_items WHERE owner = ?`, []any{owner.String()}, &n); err != nil {
		return err
	}
	if n >= limit {
		return storage.ErrQuota
	}
	return nil
}

func storeItem(c *conn, owner wire.Addr, item *storage.RosterItem, keep bool) error {
	if !keep {
		_, err := c.exec(`DELETE FROM roster_items WHERE owner = ? AND contact = ?`, owner.String(), item.Contact.String())
		return err
	}
	if err := storage.CheckKey(owner.String(), item.Contact.String()); err != nil {
		return err
	}
	groups, err := json.Marshal(item.Groups)
	if err != nil {
		return err
	}
	_, err = c.exec(`INSERT OR REPLACE INTO roster_items
		(owner, contact, name, groups, subscription, ask, approved, request, listed, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		owner.String(), item.Contact.String(), item.Name, string(groups), string(item.Subscription), item.Ask, item.Approved,
		nullable(item.Request), item.Listed, item.Version)
	return err
}

func readItem(c *conn, owner, contact wire.Addr) (storage.RosterItem, error) {
	items, err := listItems(c, `WHERE owner = ? AND contact = ?`, owner.String(), contact.String())
	if err != nil {
		return storage.RosterItem{}, err
	}
	if len(items) == 0 {
		return storage.RosterItem{}, sql.ErrNoRows
	}
	return items[0], nil
}

func listItems(c *conn, where string, args ...any) (items []storage.RosterItem, err error) {
	err = c.list(selectItem+where, args, func(r *sql.Rows) error {
		var item storage.RosterItem
		var contact, groups string
		err := r.Scan(&contact, &item.Name, &groups, &item.Subscription, &item.Ask, &item.Approved, &item.Request,
			&item.Listed, &item.Version)
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(groups), &item.Groups); err != nil {
			return err
		}
		item.Contact, err = parse(contact)
		items = append(items, item)
		return err
	})
	return items, err
}

// RosterChanges implements [storage.Rosters].
func (s *Store) RosterChanges(ctx context.Context, owner wire.Addr, since int64) (changed []storage.RosterItem,
	removed []wire.Addr, version int64, ok bool, err error) {
	err = s.read(ctx, "read a roster's changes", func(c *conn) error {
		r, err := readRoster(c, owner)
		if err != nil {
			return err
		}
		version = r.version
		if ok = r.knows(since); !ok {
			return nil
		}
		changed, err = listItems(c, `WHERE owner = ? AND version > ? AND listed ORDER BY contact`, owner.String(), since)
		if err != nil {
			return err
		}
		return c.list(`SELECT contact FROM roster_removals WHERE owner = ? AND version > ? ORDER BY contact`,
			[]any{owner.String(), since}, func(rows *sql.Rows) error {
				var contact string
				if err := rows.Scan(&contact); err != nil {
					return err
				}
				addr, err := parse(contact)
				removed = append(removed, addr)
				return err
			})
	})
	if err != nil {
		return nil, nil, 0, false, err
	}
	return changed, removed, version, ok, nil
}

// roster is the row that counts a roster's changes.
type roster struct{ version, start, forgotten int64 }

func readRoster(c *conn, owner wire.Addr) (r roster, err error) {
	err = c.get(`SELECT version, start, forgotten FROM rosters WHERE owner = ?`, []any{owner.String()},
		&r.version, &r.start, &r.forgotten)
	if errors.Is(err, sql.ErrNoRows) {
		return roster{}, nil
	}
	return r, err
}

// advance stores the next version. The first is the time in seconds, so that a client's version from before the
// account was deleted and made again is not taken for one of this roster.
func (r *roster) advance(c *conn, owner wire.Addr) error {
	if r.version++; r.start == 0 {
		r.version = time.Now().Unix()
		r.start = r.version
	}
	return r.put(c, owner)
}

func (r *roster) put(c *conn, owner wire.Addr) error {
	_, err := c.exec(`INSERT OR REPLACE INTO rosters (owner, version, start, forgotten) VALUES (?, ?, ?, ?)`,
		owner.String(), r.version, r.start, r.forgotten)
	return err
}

// knows reports whether the changes after version since are all there. Version 0 is the empty roster.
func (r *roster) knows(since int64) bool {
	if since == 0 {
		return r.forgotten == 0
	}
	return since >= r.start && since >= r.forgotten && since <= r.version
}

// noteRemoval remembers that the contact left the list at this version, or that it is back, and forgets the oldest.
func (r *roster) noteRemoval(c *conn, owner, contact wire.Addr, gone bool) error {
	if !gone {
		_, err := c.exec(`DELETE FROM roster_removals WHERE owner = ? AND contact = ?`, owner.String(), contact.String())
		return err
	}
	_, err := c.exec(`INSERT OR REPLACE INTO roster_removals (owner, contact, version) VALUES (?, ?, ?)`,
		owner.String(), contact.String(), r.version)
	if err != nil {
		return err
	}
	var oldest int64
	err = c.get(`SELECT version FROM roster_removals WHERE owner = ? ORDER BY version DESC LIMIT 1 OFFSET ?`,
		[]any{owner.String(), maxRemovals}, &oldest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := c.exec(`DELETE FROM roster_removals WHERE owner = ? AND version <= ?`, owner.String(), oldest); err != nil {
		return err
	}
	r.forgotten = oldest
	return r.put(c, owner)
}
