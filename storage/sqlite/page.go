package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Page implements [storage.Archive].
func (s *Store) Page(ctx context.Context, q storage.Query) (rows []storage.Row, err error) {
	fresh := s.fresh.page(&q) // before the transaction: see fresh
	err = s.read(ctx, "read a page", func(c *conn) error {
		if _, selects := q.QueryWords(); selects {
			rows, err = page(c, &q)
			return err
		}
		if fresh, err = stillFresh(c, fresh); err != nil {
			return err
		}
		if q.Newest {
			rows, err = newestPage(c, &q, fresh)
		} else {
			rows, err = firstPage(c, &q, fresh)
		}
		return err
	})
	return rows, err
}

// stillFresh returns those of the ids that have not moved on meanwhile.
func stillFresh(c *conn, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var mark int64
	if err := c.get(`SELECT id FROM archive_folded`, nil, &mark); err != nil {
		return nil, err
	}
	at, moved := slices.BinarySearch(ids, mark)
	if moved {
		at++
	}
	return ids[at:], nil
}

// rowColumns are what rowFields takes, of archive a.
const rowColumns = `a.id` + restColumns

const restColumns = `, a.peer, a.kind, a.outgoing, a.origin, a.stanza,
	EXISTS (SELECT 1 FROM undelivered u WHERE u.owner = a.owner AND u.id = a.id), a.tombstone`

const (
	byOwner = `SELECT k.id` + restColumns + ` FROM archive_by_owner k CROSS JOIN archive a ON a.id = k.id ` + whereOwner
	byPeer  = `SELECT k.id` + restColumns + ` FROM archive_by_peer k CROSS JOIN archive a ON a.id = k.id ` + whereOwner
	// The index is asked first, by its own key. Its terms are the owner's, and the owner decides again.
	bySearch = `SELECT ` + rowColumns + ` FROM search k CROSS JOIN archive a ON a.id = k.rowid
		WHERE k.search MATCH ?7 AND k.rowid > ?2 AND k.rowid < ?3 AND a.owner = (SELECT id FROM owners WHERE addr = ?1) `
	whereOwner = `WHERE k.owner = (SELECT id FROM owners WHERE addr = ?1) AND k.id > ?2 AND k.id < ?3 ` + archived
	// The key finds the bare address; it may be another's too, so that the address itself decides.
	wherePeerKey = `AND k.peer_key = ?5 `
	whereBare    = `AND (a.peer = ?6 OR substr(a.peer, 1, length(?6) + 1) = ?6 || '/') `
	whereFull    = `AND a.peer = ?6 `
	// "+ 0" keeps SQLite from planning the query anew for each value of the limit.
	limitPage = ` LIMIT ?4 + 0`
)

// firstPage is of the rows that have moved on, then of the fresh ones, which are newer.
func firstPage(c *conn, q *storage.Query, fresh []int64) ([]storage.Row, error) {
	rows, err := page(c, q)
	if err != nil || len(rows) == max(q.Limit, 1) {
		return rows, err
	}
	newer, err := rowsOf(c, q.Owner, fresh[:min(len(fresh), max(q.Limit, 1)-len(rows))])
	return append(rows, newer...), err
}

// newestPage begins at the other end.
func newestPage(c *conn, q *storage.Query, fresh []int64) ([]storage.Row, error) {
	rows, err := rowsOf(c, q.Owner, fresh)
	if err != nil || len(rows) == max(q.Limit, 1) {
		return rows, err
	}
	rest := *q
	rest.Limit = max(q.Limit, 1) - len(rows)
	older, err := page(c, &rest)
	return append(older, rows...), err
}

// page is of the rows that have moved on.
func page(c *conn, q *storage.Query) ([]storage.Row, error) {
	query, args, err := pageQuery(c, q)
	if err != nil || query == "" {
		return nil, err
	}
	rows, err := pageRows(c, q.Owner, query, args...)
	if q.Newest {
		slices.Reverse(rows)
	}
	return rows, err
}

// pageQuery returns one of a few constant queries, or "" if no row can match.
func pageQuery(c *conn, q *storage.Query) (query string, args []any, err error) {
	after, before, limit := q.Bounds()
	args = []any{q.Owner.String(), after, before, limit}
	words, selects := q.QueryWords()
	if selects || !q.With.IsZero() {
		args = append(args, storage.PeerKey(q.With), q.With.String())
	}
	with := ""
	switch {
	case q.With.IsFull():
		with = whereFull
	case !q.With.IsZero():
		with = whereBare
	}
	order := ` ORDER BY 1`
	switch {
	case selects:
		owner, err := findOwner(c, q.Owner)
		if len(words) == 0 || errors.Is(err, errNoRows) {
			return "", nil, nil
		}
		if err != nil {
			return "", nil, err
		}
		args = append(args, `"`+strings.Join(searchTerms(owner, words), `" "`)+`"`)
		query, order = bySearch+with, ` ORDER BY k.rowid`
	case with != "":
		query = byPeer + wherePeerKey + with
	default:
		query = byOwner
	}
	if q.Newest {
		order += ` DESC`
	}
	return query + order + limitPage, args, nil
}

// Rows implements [storage.Archive].
func (s *Store) Rows(ctx context.Context, owner wire.Addr, ids []int64) (rows []storage.Row, err error) {
	err = s.read(ctx, "read rows", func(c *conn) error {
		rows, err = rowsOf(c, owner, ids[:min(len(ids), storage.MaxRows)])
		return err
	})
	return rows, err
}

// rowsOf returns those of the ids that the owner's archive holds, by ascending id.
func rowsOf(c *conn, owner wire.Addr, ids []int64) ([]storage.Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	return pageRows(c, owner, `SELECT `+rowColumns+` FROM archive a WHERE a.id IN (SELECT value FROM json_each(?))
		AND a.owner = (SELECT id FROM owners WHERE addr = ?) `+archived+`ORDER BY a.id`, string(list), owner.String())
}

// ByOrigin implements [storage.Archive].
func (s *Store) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (storage.Row, error) {
	var rows []storage.Row
	id := s.fresh.find(owner, origin) // before the transaction: see fresh
	err := s.read(ctx, "read a row by its origin", func(c *conn) (err error) {
		if id != 0 {
			if rows, err = rowOf(c, owner, id); err != nil || len(rows) > 0 {
				return err
			}
		}
		if id, err = findOrigin(c, owner, origin); err != nil {
			return found(err)
		}
		rows, err = rowOf(c, owner, id)
		return err
	})
	if err != nil {
		return storage.Row{}, err
	}
	if len(rows) == 0 {
		return storage.Row{}, storage.ErrNotFound
	}
	return rows[0], nil
}

// rowOf returns the row of any kind with that id, if it is the owner's.
func rowOf(c *conn, owner wire.Addr, id int64) ([]storage.Row, error) {
	return pageRows(c, owner, `SELECT `+rowColumns+` FROM archive a
		WHERE a.id = ? AND a.owner = (SELECT id FROM owners WHERE addr = ?)`, id, owner.String())
}

// pageRows reads rows of one owner, as rowColumns or columns like them.
func pageRows(c *conn, owner wire.Addr, query string, args ...any) (rows []storage.Row, err error) {
	var peers storage.AddrReader
	err = c.list(query, args, func(r *sql.Rows) error {
		row := storage.Row{Owner: owner}
		var peer string
		if err := r.Scan(rowFields(&row, &peer)...); err != nil {
			return err
		}
		row.Peer, err = peers.Parse(peer)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// rowFields is where rowColumns go, in their order.
func rowFields(row *storage.Row, peer *string) []any {
	return []any{&row.ID, peer, &row.Kind, &row.Outgoing, &row.Origin, &row.Stanza, &row.Undelivered, &row.Tombstone}
}
