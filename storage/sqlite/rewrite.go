package sqlite

import (
	"errors"

	"salon.im/salon/storage"
)

// rewrite replaces rows in place. secure_delete clears what shorter bytes leave over in the file.
func (s *Store) rewrite(c *conn, rewrites []storage.Rewrite) error {
	for i := range rewrites {
		owner, err := s.owners.find(c, rewrites[i].Owner)
		if errors.Is(err, errNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		s.eraser.wanted = true
		if err := s.rewriteRow(c, owner, &rewrites[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) rewriteRow(c *conn, owner int64, r *storage.Rewrite) error {
	if r.Hold {
		_, err := c.exec(`INSERT INTO held (owner, id, peer, kind, outgoing, origin, stanza)
			SELECT owner, id, peer, kind, outgoing, origin, stanza FROM archive
			WHERE id = ? AND owner = ? AND NOT tombstone ON CONFLICT DO NOTHING`, r.ID, owner)
		if err != nil {
			return err
		}
	}
	var peer, key any
	var old int64
	if !r.Peer.IsZero() {
		peer, key = r.Peer.String(), storage.PeerKey(r.Peer)
		if err := s.fresh.fold(c); err != nil {
			return err
		}
		err := c.get(`SELECT peer_key FROM archive WHERE id = ? AND owner = ?`, []any{r.ID, owner}, &old)
		if err != nil && !errors.Is(err, errNoRows) {
			return err
		}
	}
	n, err := c.exec(`UPDATE archive SET stanza = ?1, tombstone = tombstone OR ?2,
		peer = coalesce(?3, peer), peer_key = coalesce(?4, peer_key)
		WHERE id = ?5 AND owner = ?6 AND NOT (tombstone AND ?2)`, blob(r.Stanza), r.Tombstone, peer, key, r.ID, owner)
	if err != nil || n == 0 {
		return err
	}
	if key != nil {
		_, err := c.exec(`UPDATE archive_by_peer SET peer_key = ? WHERE owner = ? AND peer_key = ? AND id = ?`, key, owner, old, r.ID)
		if err != nil {
			return err
		}
	}
	if !r.Tombstone {
		return nil
	}
	if _, err := c.exec(`DELETE FROM undelivered WHERE owner = ? AND id = ?`, owner, r.ID); err != nil {
		return err
	}
	if err := s.delivered(c, r.ID); err != nil {
		return err
	}
	return unindex(c, `?`, r.ID)
}
