package sqlite

import (
	"context"
	"database/sql"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Account implements [storage.Accounts].
func (s *Store) Account(ctx context.Context, addr wire.Addr) (a storage.Account, err error) {
	err = s.readOne(ctx, "read an account", func(c *conn) error {
		err := c.list(`SELECT a.created, a.last_seen, a.status, k.hash, k.iterations, k.salt, k.stored_key, k.server_key
			FROM accounts a LEFT JOIN account_keys k ON k.addr = a.addr WHERE a.addr = ?`,
			[]any{addr.String()}, func(r *sql.Rows) error {
				var created int64
				var seen, iterations sql.NullInt64
				var hash sql.NullString
				var k storage.Key
				err := r.Scan(&created, &seen, &a.Status, &hash, &iterations, &k.Salt, &k.StoredKey, &k.ServerKey)
				a.Addr, a.Created, a.LastSeen = addr, time.UnixMilli(created).UTC(), moment(seen)
				if hash.Valid {
					k.Hash, k.Iterations = hash.String, int(iterations.Int64)
					a.Keys = append(a.Keys, k)
				}
				return err
			})
		if err == nil && a.Addr.IsZero() {
			err = storage.ErrNotFound
		}
		return err
	})
	if err != nil {
		return storage.Account{}, err
	}
	return a, nil
}

// CreateAccounts implements [storage.Accounts].
func (s *Store) CreateAccounts(ctx context.Context, accounts []storage.Account) (existing []wire.Addr, err error) {
	err = s.write(ctx, "create accounts", func(c *conn) error {
		for i := range accounts {
			a := &accounts[i]
			n, err := c.exec(`INSERT INTO accounts (addr, host, created, last_seen, status) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (addr) DO NOTHING`,
				a.Addr.String(), a.Addr.Domain(), a.Created.UnixMilli(), millis(a.LastSeen), a.Status)
			if err != nil {
				return err
			}
			if n == 0 {
				existing = append(existing, a.Addr)
				continue
			}
			if err := insertKeys(c, a.Addr, a.Keys); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return existing, nil
}

func insertKeys(c *conn, addr wire.Addr, keys []storage.Key) error {
	for _, k := range keys {
		if _, err := c.exec(`INSERT INTO account_keys (addr, hash, iterations, salt, stored_key, server_key)
			VALUES (?, ?, ?, ?, ?, ?)`,
			addr.String(), k.Hash, k.Iterations, blob(k.Salt), blob(k.StoredKey), blob(k.ServerKey)); err != nil {
			return conflict(err)
		}
	}
	return nil
}

// PutKeys implements [storage.Accounts].
func (s *Store) PutKeys(ctx context.Context, addr wire.Addr, keys []storage.Key) error {
	return s.write(ctx, "put keys", func(c *conn) error {
		var one int
		if err := c.get(`SELECT 1 FROM accounts WHERE addr = ?`, []any{addr.String()}, &one); err != nil {
			return found(err)
		}
		if _, err := c.exec(`DELETE FROM account_keys WHERE addr = ?`, addr.String()); err != nil {
			return err
		}
		return insertKeys(c, addr, keys)
	})
}

// PutLastSeen implements [storage.Accounts].
func (s *Store) PutLastSeen(ctx context.Context, ends ...storage.LastSeen) error {
	return s.write(ctx, "put the last sessions", func(c *conn) error {
		for _, e := range ends {
			_, err := c.exec(`UPDATE accounts SET last_seen = ?, status = ? WHERE addr = ?`, millis(e.At), e.Status, e.Addr.String())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ListAccounts implements [storage.Accounts].
func (s *Store) ListAccounts(ctx context.Context, host string, after wire.Addr, limit int) (accounts []storage.Account, err error) {
	const from = `SELECT ` + storage.AccountColumns + ` FROM accounts `
	query, args := from+`WHERE addr > ? ORDER BY addr LIMIT ? + 0`, []any{after.String(), max(limit, 0)}
	if host != "" {
		query = from + `WHERE host = ? AND addr > ? ORDER BY addr LIMIT ? + 0`
		args = append([]any{host}, args...)
	}
	err = s.read(ctx, "list accounts", func(c *conn) error {
		accounts, err = collect(c, storage.ScanAccount, query, args...)
		return err
	})
	return accounts, err
}
