package postgres

import (
	"context"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Blocklist implements [storage.Blocklists].
func (s *Store) Blocklist(ctx context.Context, owner wire.Addr) (addrs []wire.Addr, err error) {
	err = s.read(ctx, "read a block list", func(c *conn) error {
		addrs, err = collect(c, storage.ScanAddr, `SELECT addr FROM blocks WHERE owner = $1 ORDER BY addr`, owner.String())
		return err
	})
	return addrs, err
}

// Block implements [storage.Blocklists].
func (s *Store) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	return s.write(ctx, "block", func(c *conn) error {
		if err := lockUser(c, owner); err != nil {
			return err
		}
		for _, addr := range addrs {
			if err := storage.CheckKey(owner.String(), addr.String()); err != nil {
				return err
			}
		}
		added, err := c.exec(`INSERT INTO blocks (owner, addr) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING`,
			owner.String(), texts(addrs))
		if err != nil || added == 0 || limit <= 0 {
			return err
		}
		var n int64
		if err := c.get(`SELECT count(*) FROM blocks WHERE owner = $1`, []any{owner.String()}, &n); err != nil {
			return err
		}
		return storage.CheckQuota(n, int64(limit))
	})
}

// Unblock implements [storage.Blocklists].
func (s *Store) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) (gone []wire.Addr, err error) {
	err = s.write(ctx, "unblock", func(c *conn) error {
		gone = nil
		if err := lockUser(c, owner); err != nil {
			return err
		}
		if len(addrs) == 0 {
			gone, err = collect(c, storage.ScanAddr, `WITH gone AS (DELETE FROM blocks WHERE owner = $1 RETURNING addr)
				SELECT addr FROM gone ORDER BY addr`, owner.String())
			return err
		}
		known, err := collect(c, storage.ScanAddr, `DELETE FROM blocks WHERE owner = $1 AND addr = ANY($2) RETURNING addr`,
			owner.String(), texts(addrs))
		was := make(map[wire.Addr]bool, len(known))
		for _, addr := range known {
			was[addr] = true
		}
		for _, addr := range addrs {
			if was[addr] {
				gone = append(gone, addr)
				delete(was, addr)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// lockUser lets one transaction at a time change what a user owns, until it ends: the roster, the block list, documents.
// Each of these takes no other lock before it, so that none waits for another in a circle.
func lockUser(c *conn, owner wire.Addr) error {
	_, err := c.exec(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, owner.String())
	return err
}

func texts(addrs []wire.Addr) []string {
	list := make([]string, len(addrs))
	for i, addr := range addrs {
		list[i] = addr.String()
	}
	return list
}
