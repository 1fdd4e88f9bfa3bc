package sqlite

import (
	"context"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Document implements [storage.Documents].
func (s *Store) Document(ctx context.Context, owner wire.Addr, kind, key string) (data []byte, err error) {
	err = s.read(ctx, "read a document", func(c *conn) error {
		return found(c.get(`SELECT data FROM documents WHERE owner = ? AND kind = ? AND key = ?`,
			[]any{owner.String(), kind, key}, &data))
	})
	if err != nil {
		return nil, err
	}
	return blob(data), nil
}

// PutDocument implements [storage.Documents].
func (s *Store) PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error {
	return s.write(ctx, "put a document", func(c *conn) error {
		if data == nil {
			_, err := c.exec(`DELETE FROM documents WHERE owner = ? AND kind = ? AND key = ?`, owner.String(), kind, key)
			return err
		}
		if err := storage.CheckKey(owner.String(), kind, key); err != nil {
			return err
		}
		var others int64
		err := c.get(`SELECT coalesce(sum(length(data)), 0) FROM documents WHERE owner = ? AND kind = ? AND key <> ?`,
			[]any{owner.String(), kind, key}, &others)
		if err != nil {
			return err
		}
		if err := storage.CheckQuota(others+int64(len(data)), quota); err != nil {
			return err
		}
		_, err = c.exec(`INSERT INTO documents (owner, kind, key, data) VALUES (?, ?, ?, ?)
			ON CONFLICT (owner, kind, key) DO UPDATE SET data = excluded.data`, owner.String(), kind, key, data)
		return err
	})
}
