package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// queueRewrites replaces the bytes of rows, in the order given.
func queueRewrites(w *writer, c *conn, b *pgx.Batch, rewrites []storage.Rewrite) error {
	if len(rewrites) == 0 {
		return nil
	}
	addrs := make([]wire.Addr, len(rewrites))
	for i, r := range rewrites {
		addrs[i] = r.Owner
	}
	owners, err := w.owners.learn(c, addrs, false)
	if err != nil {
		return err
	}
	lockWords(b)
	for i := range rewrites {
		if r := &rewrites[i]; owners[r.Owner] != 0 {
			queueRewrite(b, owners[r.Owner], r)
		}
	}
	return nil
}

// queueRewrite leaves a tombstone as it is if that is what it is to become.
func queueRewrite(b *pgx.Batch, owner int64, r *storage.Rewrite) {
	if r.Hold {
		b.Queue(`INSERT INTO held (owner, id, peer, kind, outgoing, origin, stanza)
			SELECT owner, id, peer, kind, outgoing, origin, stanza FROM archive WHERE id = $1 AND owner = $2 AND NOT tombstone
			ON CONFLICT (owner, id) DO NOTHING`, r.ID, owner)
	}
	if r.Tombstone {
		b.Queue(`DELETE FROM undelivered WHERE owner = $1 AND id = $2`, owner, r.ID)
		queuePassed(b, []int64{r.ID})
		b.Queue(`DELETE FROM archive_words w USING archive a WHERE w.id = $1 AND a.id = $1 AND a.owner = $2`, r.ID, owner)
	}
	b.Queue(`UPDATE archive SET stanza = $3, tombstone = tombstone OR $4, peer_key = coalesce($5, peer_key), peer = coalesce($6, peer)
		WHERE id = $1 AND owner = $2 AND NOT (tombstone AND $4)`, r.ID, owner, blob(r.Stanza), r.Tombstone, newPeerKey(r.Peer), newPeer(r.Peer))
}

func newPeerKey(peer wire.Addr) *int64 {
	if peer.IsZero() {
		return nil
	}
	return new(storage.PeerKey(peer))
}

func newPeer(peer wire.Addr) *string {
	if peer.IsZero() {
		return nil
	}
	return new(peer.String())
}

// lockWords keeps Index from adding the words of a row that the same transaction takes from the archive. The lock comes
// after the writer: who indexes does not wait for that.
func lockWords(b *pgx.Batch) { b.Queue(`SELECT pg_advisory_xact_lock($1, 0)`, wordsClass) }

// wordsClass is the lock of the full-text index.
const wordsClass = lockClass + 2

// Held implements [storage.Retention].
func (s *Store) Held(ctx context.Context, owner wire.Addr, after int64, limit int) (rows []storage.Row, err error) {
	err = s.read(ctx, "read held rows", func(c *conn) error {
		rows, err = listRows(c, owner, `SELECT id, peer, kind, outgoing, origin, stanza, false, false FROM held
			WHERE owner = (SELECT id FROM owners WHERE addr = $1) AND id > $2 ORDER BY id LIMIT $3`,
			owner.String(), after, max(limit, 0))
		return err
	})
	return rows, err
}

// ReleaseHeld implements [storage.Retention].
func (s *Store) ReleaseHeld(ctx context.Context, owner wire.Addr) error {
	err := s.writeArchive(ctx, "release held rows", func(w *writer, c *conn) error {
		_, err := c.exec(`DELETE FROM held WHERE owner = (SELECT id FROM owners WHERE addr = $1)`, owner.String())
		return err
	})
	if err == nil {
		s.vacuum.want("held")
	}
	return err
}
