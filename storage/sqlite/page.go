package sqlite

import (
	"context"
	"database/sql"
	"hash/fnv"
	"math"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Page implements [storage.Archive].
func (s *Store) Page(ctx context.Context, q storage.Query) (rows []storage.Row, err error) {
	err = s.read(ctx, "read a page", func(c *conn) error {
		rows, err = page(c, q)
		return err
	})
	return rows, err
}

const selectRows = `SELECT a.id, a.peer, a.kind, a.outgoing, a.origin, a.stanza,
	EXISTS (SELECT 1 FROM undelivered u WHERE u.owner = a.owner AND u.id = a.id)
	FROM archive a `

const (
	wherePage = `WHERE a.owner = (SELECT id FROM owners WHERE addr = ?1) AND a.id > ?2 AND a.id < ?3 `
	// The key finds the bare address; it may be another's too, so that the address itself decides.
	whereBare = `AND a.peer_key = ?5 AND (a.peer = ?6 OR substr(a.peer, 1, length(?6) + 1) = ?6 || '/') `
	whereFull = `AND a.peer_key = ?5 AND a.peer = ?6 `
	// "+ 0" keeps SQLite from planning the query anew for each value of the limit.
	oldest = `ORDER BY a.id LIMIT ?4 + 0`
	newest = `ORDER BY a.id DESC LIMIT ?4 + 0`
)

func page(c *conn, q storage.Query) ([]storage.Row, error) {
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	query := selectRows + wherePage
	args := []any{q.Owner.String(), q.After, before, max(q.Limit, 1)}
	if !q.With.IsZero() {
		args = append(args, peerKey(q.With), q.With.String())
		if q.With.IsFull() {
			query += whereFull
		} else {
			query += whereBare
		}
	}
	if !q.Newest {
		return pageRows(c, q.Owner, query+oldest, args...)
	}
	rows, err := pageRows(c, q.Owner, query+newest, args...)
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows, err
}

// pageRows reads rows of one owner, with the columns of selectRows.
func pageRows(c *conn, owner wire.Addr, query string, args ...any) (rows []storage.Row, err error) {
	var lastPeer string
	var lastAddr wire.Addr // neighbours in an archive often share their peer
	err = c.list(query, args, func(r *sql.Rows) error {
		row := storage.Row{Owner: owner}
		var peer string
		if err := r.Scan(&row.ID, &peer, &row.Kind, &row.Outgoing, &row.Origin, &row.Stanza, &row.Undelivered); err != nil {
			return err
		}
		if peer != lastPeer {
			if lastAddr, err = parse(peer); err != nil {
				return err
			}
			lastPeer = peer
		}
		row.Peer = lastAddr
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// peerKey is what the index holds of a peer, four bytes at most. The number is stored: it must never change.
func peerKey(peer wire.Addr) int64 {
	h := fnv.New32a()
	h.Write([]byte(peer.Bare().String()))
	return int64(h.Sum32())
}
