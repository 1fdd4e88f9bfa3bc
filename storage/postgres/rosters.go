package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxRemovals is how many removed contacts of one roster are remembered for roster versioning.
const maxRemovals = 500

const selectItem = `SELECT contact, name, groups, subscription, ask, approved, request, listed, version FROM roster_items `

// Roster implements [storage.Rosters].
func (s *Store) Roster(ctx context.Context, owner wire.Addr) (items []storage.RosterItem, version int64, err error) {
	err = s.snapshot(ctx, "read a roster", func(b *pgx.Batch) {
		items = nil
		var r roster
		queueRoster(b, owner, &r)
		b.Queue(selectItem+`WHERE owner = $1 ORDER BY contact`, owner.String()).Query(func(rows pgx.Rows) (err error) {
			version = r.version
			items, err = scanItems(rows)
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
		rows, err := c.Query(c.ctx, selectItem+`WHERE owner = $1 AND contact = $2`, owner.String(), contact.String())
		if err != nil {
			return err
		}
		items, err := scanItems(rows)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return storage.ErrNotFound
		}
		item = items[0]
		return nil
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
	var r roster
	var items []storage.RosterItem
	b := &pgx.Batch{}
	queueRoster(b, owner, &r)
	b.Queue(selectItem+`WHERE owner = $1 AND contact = $2`, owner.String(), contact.String()).Query(func(rows pgx.Rows) (err error) {
		items, err = scanItems(rows)
		return err
	})
	if err := c.send(b); err != nil {
		return storage.RosterItem{}, 0, err
	}
	fresh, old := len(items) == 0, storage.RosterItem{Contact: contact, Subscription: storage.SubNone}
	if !fresh {
		old = items[0]
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
	if err := c.get(`SELECT count(*) FROM roster_items WHERE owner = $1`, []any{owner.String()}, &n); err != nil {
		return err
	}
	if n >= limit {
		return storage.ErrQuota
	}
	return nil
}

func storeItem(c *conn, owner wire.Addr, item *storage.RosterItem, keep bool) error {
	if !keep {
		_, err := c.exec(`DELETE FROM roster_items WHERE owner = $1 AND contact = $2`, owner.String(), item.Contact.String())
		return err
	}
	if err := storage.CheckKey(owner.String(), item.Contact.String()); err != nil {
		return err
	}
	groups, err := json.Marshal(item.Groups)
	if err != nil {
		return err
	}
	_, err = c.exec(`INSERT INTO roster_items
		(owner, contact, name, groups, subscription, ask, approved, request, listed, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (owner, contact) DO UPDATE SET
		name = excluded.name, groups = excluded.groups, subscription = excluded.subscription, ask = excluded.ask,
		approved = excluded.approved, request = excluded.request, listed = excluded.listed, version = excluded.version`,
		owner.String(), item.Contact.String(), item.Name, string(groups), string(item.Subscription), item.Ask, item.Approved,
		nullable(item.Request), item.Listed, item.Version)
	return err
}

func scanItems(rows pgx.Rows) (items []storage.RosterItem, err error) {
	err = every(rows, func(r pgx.Rows) error {
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
	var r roster
	err = s.snapshot(ctx, "read a roster's changes", func(b *pgx.Batch) {
		changed, removed = nil, nil
		queueRoster(b, owner, &r)
		b.Queue(selectItem+`WHERE owner = $1 AND version > $2 AND listed ORDER BY contact`, owner.String(), since).
			Query(func(rows pgx.Rows) (err error) {
				changed, err = scanItems(rows)
				return err
			})
		b.Queue(`SELECT contact FROM roster_removals WHERE owner = $1 AND version > $2 ORDER BY contact`, owner.String(), since).
			Query(func(rows pgx.Rows) (err error) {
				removed, err = scanAddrs(rows)
				return err
			})
	})
	if err != nil {
		return nil, nil, 0, false, err
	}
	if ok = r.knows(since); !ok {
		return nil, nil, r.version, false, nil
	}
	return changed, removed, r.version, true, nil
}

// roster is the row that counts a roster's changes.
type roster struct{ version, start, forgotten int64 }

// queueRoster reads the owner's row into r, or leaves a zero one.
func queueRoster(b *pgx.Batch, owner wire.Addr, r *roster) {
	*r = roster{}
	b.Queue(`SELECT version, start, forgotten FROM rosters WHERE owner = $1`, owner.String()).Query(func(rows pgx.Rows) error {
		return every(rows, func(row pgx.Rows) error { return row.Scan(&r.version, &r.start, &r.forgotten) })
	})
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
	_, err := c.exec(`INSERT INTO rosters (owner, version, start, forgotten) VALUES ($1, $2, $3, $4) ON CONFLICT (owner) DO UPDATE
		SET version = excluded.version, start = excluded.start, forgotten = excluded.forgotten`,
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
		_, err := c.exec(`DELETE FROM roster_removals WHERE owner = $1 AND contact = $2`, owner.String(), contact.String())
		return err
	}
	_, err := c.exec(`INSERT INTO roster_removals (owner, contact, version) VALUES ($1, $2, $3)
		ON CONFLICT (owner, contact) DO UPDATE SET version = excluded.version`,
		owner.String(), contact.String(), r.version)
	if err != nil {
		return err
	}
	var oldest int64
	err = c.get(`SELECT version FROM roster_removals WHERE owner = $1 ORDER BY version DESC LIMIT 1 OFFSET $2`,
		[]any{owner.String(), maxRemovals}, &oldest)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := c.exec(`DELETE FROM roster_removals WHERE owner = $1 AND version <= $2`, owner.String(), oldest); err != nil {
		return err
	}
	r.forgotten = oldest
	return r.put(c, owner)
}
