package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Account implements [storage.Accounts].
func (s *Store) Account(ctx context.Context, addr wire.Addr) (a storage.Account, err error) {
	err = s.snapshot(ctx, "read an account", func(b *pgx.Batch) {
		a = storage.Account{Addr: addr}
		b.Queue(`SELECT created, last_seen, status FROM accounts WHERE addr = $1`, addr.String()).
			QueryRow(func(r pgx.Row) error {
				var created int64
				var seen *int64
				err := r.Scan(&created, &seen, &a.Status)
				a.Created, a.LastSeen = time.UnixMilli(created).UTC(), storage.Moment(seen)
				return found(err)
			})
		b.Queue(`SELECT hash, iterations, salt, stored_key, server_key FROM account_keys WHERE addr = $1`, addr.String()).
			Query(func(rows pgx.Rows) error {
				return every(rows, func(r pgx.Rows) error {
					var k storage.Key
					err := r.Scan(&k.Hash, &k.Iterations, &k.Salt, &k.StoredKey, &k.ServerKey)
					a.Keys = append(a.Keys, k)
					return err
				})
			})
	})
	if err != nil {
		return storage.Account{}, err
	}
	return a, nil
}

// CreateAccounts implements [storage.Accounts].
func (s *Store) CreateAccounts(ctx context.Context, accounts []storage.Account) (existing []wire.Addr, err error) {
	// In the order of addresses, so that two calls that make the same accounts wait for each other without a deadlock. Of
	// two for one address the first is made.
	sorted := make([]*storage.Account, len(accounts))
	for i := range accounts {
		sorted[i] = &accounts[i]
	}
	slices.SortStableFunc(sorted, func(a, b *storage.Account) int { return a.Addr.Compare(b.Addr) })
	made := make(map[*storage.Account]bool)
	err = s.write(ctx, "create accounts", func(c *conn) error {
		clear(made)
		b := &pgx.Batch{}
		for _, a := range sorted {
			b.Queue(`INSERT INTO accounts (addr, host, created, last_seen, status) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (addr) DO NOTHING RETURNING true`,
				a.Addr.String(), a.Addr.Domain(), a.Created.UnixMilli(), millis(a.LastSeen), a.Status).
				Query(func(rows pgx.Rows) error {
					return every(rows, func(pgx.Rows) error { made[a] = true; return nil })
				})
		}
		if err := c.send(b); err != nil {
			return err
		}
		keys := &pgx.Batch{}
		for _, a := range sorted {
			if made[a] {
				queueKeys(keys, a.Addr, a.Keys)
			}
		}
		return conflict(c.send(keys))
	})
	if err != nil {
		return nil, err
	}
	for i := range accounts {
		if !made[&accounts[i]] {
			existing = append(existing, accounts[i].Addr)
		}
	}
	return existing, nil
}

func queueKeys(b *pgx.Batch, addr wire.Addr, keys []storage.Key) {
	for _, k := range keys {
		b.Queue(`INSERT INTO account_keys (addr, hash, iterations, salt, stored_key, server_key) VALUES ($1, $2, $3, $4, $5, $6)`,
			addr.String(), k.Hash, k.Iterations, blob(k.Salt), blob(k.StoredKey), blob(k.ServerKey))
	}
}

// PutKeys implements [storage.Accounts].
func (s *Store) PutKeys(ctx context.Context, addr wire.Addr, keys []storage.Key) error {
	return s.write(ctx, "put keys", func(c *conn) error {
		var one int // locked, so that two of these do not mix their keys
		if err := c.get(`SELECT 1 FROM accounts WHERE addr = $1 FOR NO KEY UPDATE`, []any{addr.String()}, &one); err != nil {
			return found(err)
		}
		b := &pgx.Batch{}
		b.Queue(`DELETE FROM account_keys WHERE addr = $1`, addr.String())
		queueKeys(b, addr, keys)
		return conflict(c.send(b))
	})
}

// PutLastSeen implements [storage.Accounts].
func (s *Store) PutLastSeen(ctx context.Context, ends ...storage.LastSeen) error {
	ends = slices.Clone(ends)
	slices.SortStableFunc(ends, func(a, b storage.LastSeen) int { return a.Addr.Compare(b.Addr) })
	return s.write(ctx, "put the last sessions", func(c *conn) error {
		b := &pgx.Batch{}
		for _, e := range ends {
			b.Queue(`UPDATE accounts SET last_seen = $2, status = $3 WHERE addr = $1`, e.Addr.String(), millis(e.At), e.Status)
		}
		return c.send(b)
	})
}

// ListAccounts implements [storage.Accounts].
func (s *Store) ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) (accounts []storage.Account, err error) {
	const from = `SELECT ` + storage.AccountColumns + ` FROM accounts `
	query, args := from+`WHERE addr > $1 ORDER BY addr LIMIT $2`, []any{after.String(), max(limit, 0)}
	if host != "" {
		query = from + `WHERE addr > $1 AND host = $3 ORDER BY addr LIMIT $2`
		args = append(args, host)
	}
	err = s.read(ctx, "list accounts", func(c *conn) error {
		accounts, err = collect(c, storage.ScanAccount, query, args...)
		return err
	})
	return accounts, err
}
