package postgres

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Append implements [storage.Archive].
//
// Nearly always no row of the batch is there, nor a row with the origin of one, so it is not looked for them first: if it
// turns out otherwise the transaction begins anew, and looks.
func (s *Store) Append(ctx context.Context, b storage.Batch) (dropped []storage.Dropped, err error) {
	if err := b.Check(); err != nil {
		return nil, fmt.Errorf("postgres: append: %w", err)
	}
	err = s.withWriter(ctx, "append", func(w *writer, c *conn) (began bool, err error) {
		if err := w.months.cover(c, func(yield func(int64) bool) {
			for i := range b.Rows {
				if !yield(b.Rows[i].ID) {
					return
				}
			}
		}); err != nil {
			return false, err
		}
		a := &appending{Batch: b}
		began, err = w.transact(c, a.run)
		if code(err) == uniqueViolation {
			a = &appending{Batch: b, careful: true}
			_, err = w.transact(c, a.run)
			err = conflict(err)
		}
		dropped = a.dropped
		return began, err
	})
	if err != nil {
		return nil, err
	}
	for i := range b.Rewrites {
		s.vacuum.wantRow(b.Rewrites[i].ID)
	}
	return dropped, nil
}

// appending is one attempt to append a batch.
type appending struct {
	storage.Batch
	careful bool // look first which rows are stored already
	owners  map[wire.Addr]int64
	instead []int64 // by index in Rows: the id of the row that is stored in its place, or 0
	dropped []storage.Dropped
}

func (a *appending) run(w *writer, c *conn) (err error) {
	addrs := make([]wire.Addr, len(a.Rows))
	for i := range a.Rows {
		addrs[i] = a.Rows[i].Owner
	}
	if a.owners, err = w.owners.learn(c, addrs, true); err != nil {
		return err
	}
	a.instead = make([]int64, len(a.Rows))
	if err := a.claim(w, c); err != nil {
		return err
	}
	if err := a.copyRows(w, c); err != nil {
		return err
	}
	rest := &pgx.Batch{}
	a.queueMarks(rest)
	if err := queueDelivered(w, c, rest, a.Delivered); err != nil {
		return err
	}
	if err := queueRewrites(w, c, rest, a.Rewrites); err != nil {
		return err
	}
	for i, id := range a.instead {
		if id != 0 {
			a.dropped = append(a.dropped, storage.Dropped{Index: i, ID: id})
		}
	}
	return c.send(rest)
}

// claim notes the rows' origins, and drops those that are stored already if it is careful.
func (a *appending) claim(w *writer, c *conn) error {
	if !a.careful {
		return a.copyOrigins(w, c)
	}
	if err := a.findStored(c); err != nil {
		return err
	}
	return a.claimOrigins(c)
}

// findStored drops the rows that are stored already, from a commit whose answer was lost.
func (a *appending) findStored(c *conn) error {
	ids := make([]int64, len(a.Rows))
	first := make(map[int64]int, len(a.Rows)) // the row of the batch with that id
	for i := range a.Rows {
		r := &a.Rows[i]
		ids[i] = r.ID
		if j, twice := first[r.ID]; !twice {
			first[r.ID] = i
		} else if !again(r, &a.Rows[j], a.Rows[j].Owner == r.Owner) {
			return errID(r.ID)
		} else {
			a.instead[i] = r.ID
		}
	}
	return c.list(`SELECT id, owner, origin, stanza FROM archive WHERE id = ANY($1)`, []any{ids}, func(rows pgx.Rows) error {
		var stored storage.Row
		var owner int64
		if err := rows.Scan(&stored.ID, &owner, &stored.Origin, &stored.Stanza); err != nil {
			return err
		}
		i := first[stored.ID]
		if r := &a.Rows[i]; !again(r, &stored, a.owners[r.Owner] == owner) {
			return errID(r.ID)
		}
		a.instead[i] = stored.ID
		return nil
	})
}

// again reports whether a row is the one that is stored with its id. A rewrite may have replaced the stanza since, even one
// of the same batch; the origin stays.
func again(r, stored *storage.Row, sameOwner bool) bool {
	return sameOwner && (bytes.Equal(r.Stanza, stored.Stanza) || len(r.Origin) > 0 && bytes.Equal(r.Origin, stored.Origin))
}

func errID(id int64) error {
	return fmt.Errorf("%w: the archive has another row with id %d", storage.ErrConflict, id)
}

// claimOrigins notes the rows' origins, and drops the rows whose origin the owner has already.
func (a *appending) claimOrigins(c *conn) error {
	var owners, ids []int64
	var origins [][]byte
	waiting := make(map[int64]int) // index in Rows, by id
	for i := range a.Rows {
		if r := &a.Rows[i]; a.instead[i] == 0 && len(r.Origin) > 0 {
			owners, origins, ids = append(owners, a.owners[r.Owner]), append(origins, r.Origin), append(ids, r.ID)
			waiting[r.ID] = i
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := c.list(`INSERT INTO archive_origins (owner, origin, id) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])
		ON CONFLICT DO NOTHING RETURNING id`, []any{owners, origins, ids}, func(rows pgx.Rows) error {
		var id int64
		err := rows.Scan(&id)
		delete(waiting, id)
		return err
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	return c.list(`SELECT r.id, o.id FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) r (owner, origin, id)
		JOIN archive_origins o ON o.owner = r.owner AND o.origin = r.origin`, []any{owners, origins, ids}, func(rows pgx.Rows) error {
		var id, stored int64
		if err := rows.Scan(&id, &stored); err != nil {
			return err
		}
		i, resent := waiting[id]
		if resent && id == stored { // the very row, it seems
			return errID(id)
		}
		if resent {
			a.instead[i] = stored
		}
		return nil
	})
}

// LastRow implements [storage.Archive].
func (s *Store) LastRow(ctx context.Context) (id int64, err error) {
	err = s.read(ctx, "read the last id", func(c *conn) error {
		return c.get(`SELECT greatest(id, (SELECT max(id) FROM archive)) FROM archive_last`, nil, &id)
	})
	return id, err
}
