package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	// The mark is looked up row by row: a join could read all marks there are.
	rowColumns = `a.id, a.peer, a.kind, a.outgoing, a.origin, a.stanza, a.tombstone,
		coalesce((SELECT true FROM undelivered u WHERE u.owner = a.owner AND u.id = a.id), false)`
	selectRows = `SELECT ` + rowColumns + ` FROM archive a `

	wherePage = `WHERE a.owner = (SELECT id FROM owners WHERE addr = $1) AND a.id > $2 AND a.id < $3 ` + archived
	// The key finds the bare address; it may be another's too, so that the address itself decides.
	whereBare = `AND a.peer_key = $5 AND (a.peer = $6 OR starts_with(a.peer, $6 || '/')) `
	whereFull = `AND a.peer_key = $5 AND a.peer = $6 `

	oldest    = `ORDER BY a.id `
	newest    = `ORDER BY a.id DESC `
	limitPage = `LIMIT $4`
)

// Page implements [storage.Archive].
func (s *Store) Page(ctx context.Context, q storage.Query) (rows []storage.Row, err error) {
	query, args := pageQuery(q)
	if query == "" {
		return nil, nil
	}
	err = s.read(ctx, "read a page", func(c *conn) error {
		rows, err = listRows(c, q.Owner, query, args...)
		return err
	})
	if q.Newest {
		slices.Reverse(rows)
	}
	return rows, err
}

// pageQuery returns "" for a query that selects nothing.
func pageQuery(q storage.Query) (query string, args []any) {
	after, before, limit := q.Bounds()
	args = []any{q.Owner.String(), after, before, limit}
	with, order := "", oldest
	if q.Newest {
		order = newest
	}
	if !q.With.IsZero() {
		with = whereBare
		if q.With.IsFull() {
			with = whereFull
		}
		args = append(args, storage.PeerKey(q.With), q.With.String())
	}
	words, selects := q.QueryWords()
	switch {
	case !selects:
		return selectRows + wherePage + with + order + limitPage, args
	case len(words) == 0:
		return "", nil
	}
	args = append(args, wordsQuery(words))
	return searchQuery(with, order, len(args)), args
}

// Rows implements [storage.Archive].
func (s *Store) Rows(ctx context.Context, owner wire.Addr, ids []int64) (rows []storage.Row, err error) {
	ids = ids[:min(len(ids), storage.MaxRows)]
	err = s.read(ctx, "read rows", func(c *conn) error {
		rows, err = listRows(c, owner, selectRows+`WHERE a.id = ANY($2) AND a.owner = (SELECT id FROM owners WHERE addr = $1)
			`+archived+`ORDER BY a.id`, owner.String(), ids)
		return err
	})
	return rows, err
}

// ByOrigin implements [storage.Archive].
func (s *Store) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (row storage.Row, err error) {
	err = s.read(ctx, "read a row by its origin", func(c *conn) error {
		rows, err := listRows(c, owner, selectRows+`WHERE a.id = (SELECT o.id FROM archive_origins o
			WHERE o.owner = (SELECT id FROM owners WHERE addr = $1) AND o.origin = $2)`, owner.String(), origin)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return storage.ErrNotFound
		}
		row = rows[0]
		return nil
	})
	return row, err
}

// listRows reads rows of one owner, with the columns of selectRows.
func listRows(c *conn, owner wire.Addr, query string, args ...any) (rows []storage.Row, err error) {
	var peers storage.AddrReader
	err = c.list(query, args, func(r pgx.Rows) error {
		row, err := scanRow(r, &peers)
		row.Owner = owner
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// scanRow reads a row with the columns of selectRows, and then those of more.
func scanRow(r pgx.Rows, peers *storage.AddrReader, more ...any) (row storage.Row, err error) {
	var peer string
	var kind int64
	err = r.Scan(append([]any{&row.ID, &peer, &kind, &row.Outgoing, &row.Origin, &row.Stanza, &row.Tombstone, &row.Undelivered}, more...)...)
	if err != nil {
		return row, err
	}
	row.Kind = storage.RowKind(kind)
	row.Peer, err = peers.Parse(peer)
	return row, err
}
