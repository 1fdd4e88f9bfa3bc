package sqlite

import (
	"context"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const selectBlocks = `SELECT addr FROM blocks WHERE owner = ? ORDER BY addr`

// Blocklist implements [storage.Blocklists].
func (s *Store) Blocklist(ctx context.Context, owner wire.Addr) (addrs []wire.Addr, err error) {
	err = s.readOne(ctx, "read a block list", func(c *conn) error {
		addrs, err = collect(c, storage.ScanAddr, selectBlocks, owner.String())
		return err
	})
	return addrs, err
}

// Block implements [storage.Blocklists].
func (s *Store) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	return s.write(ctx, "block", func(c *conn) error {
		var added, n int64
		for _, addr := range addrs {
			if err := storage.CheckKey(owner.String(), addr.String()); err != nil {
				return err
			}
			one, err := c.exec(`INSERT INTO blocks (owner, addr) VALUES (?, ?) ON CONFLICT DO NOTHING`, owner.String(), addr.String())
			if err != nil {
				return err
			}
			added += one
		}
		if added == 0 || limit <= 0 {
			return nil
		}
		if err := c.get(`SELECT count(*) FROM blocks WHERE owner = ?`, []any{owner.String()}, &n); err != nil {
			return err
		}
		return storage.CheckQuota(n, int64(limit))
	})
}

// Unblock implements [storage.Blocklists].
func (s *Store) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) (gone []wire.Addr, err error) {
	err = s.write(ctx, "unblock", func(c *conn) error {
		if len(addrs) == 0 {
			if gone, err = collect(c, storage.ScanAddr, selectBlocks, owner.String()); err != nil {
				return err
			}
			_, err = c.exec(`DELETE FROM blocks WHERE owner = ?`, owner.String())
			return err
		}
		for _, addr := range addrs {
			n, err := c.exec(`DELETE FROM blocks WHERE owner = ? AND addr = ?`, owner.String(), addr.String())
			if err != nil {
				return err
			}
			if n > 0 {
				gone = append(gone, addr)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}
