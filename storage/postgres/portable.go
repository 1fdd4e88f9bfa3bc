package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
)

// Dump implements [storage.Portable].
func (s *Store) Dump(ctx context.Context, t *storage.Table, after storage.Record, limit int) (records []storage.Record, err error) {
	key, err := t.KeyOf(after)
	if err != nil {
		return nil, fmt.Errorf("postgres: dump: %w", err)
	}
	if after == nil { // what a crash cut short would go on while the whole table is read
		if err := s.sweeper.Wait(ctx); err != nil {
			return nil, err
		}
	}
	names := columns(t)
	query := `SELECT ` + strings.Join(names, ", ") + ` FROM ` + name(t.Name)
	order := strings.Join(names[:t.Key], ", ")
	if key != nil {
		marks := make([]string, t.Key)
		for i := range marks {
			marks[i] = fmt.Sprintf("$%d", i+2)
		}
		query += ` WHERE (` + order + `) > (` + strings.Join(marks, ", ") + `)`
	}
	query += ` ORDER BY ` + order + ` LIMIT $1`
	args := append([]any{max(limit, 0)}, key...)
	err = s.read(ctx, "dump "+t.Name, func(c *conn) error {
		records = nil
		return c.list(query, args, func(r pgx.Rows) error {
			record, err := r.Values()
			records = append(records, record)
			return err
		})
	})
	return records, err
}

// Restore implements [storage.Portable].
func (s *Store) Restore(ctx context.Context, t *storage.Table, records []storage.Record) error {
	for _, r := range records {
		if err := t.Check(r); err != nil { // COPY would take some values for another kind
			return fmt.Errorf("postgres: restore: %w", err)
		}
	}
	return s.withWriter(ctx, "restore "+t.Name, func(w *writer, c *conn) (began bool, err error) {
		if t.Name == "archive" {
			err := w.months.cover(c, func(yield func(int64) bool) {
				for _, r := range records {
					if !yield(r[0].(int64)) {
						return
					}
				}
			})
			if err != nil {
				return false, err
			}
		}
		w.owners.Clear()
		return w.transact(c, func(w *writer, c *conn) error {
			if t.Replace {
				return replaceAll(c, t, records)
			}
			_, err := c.CopyFrom(c.ctx, pgx.Identifier{t.Name}, columnNames(t), pgx.CopyFromSlice(len(records), func(i int) ([]any, error) {
				return records[i], nil
			}))
			return conflict(err)
		})
	})
}

func replaceAll(c *conn, t *storage.Table, records []storage.Record) error {
	marks, sets := make([]string, len(t.Columns)), []string(nil)
	names := columns(t)
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
		if i >= t.Key {
			sets = append(sets, names[i]+" = excluded."+names[i])
		}
	}
	b := &pgx.Batch{}
	for _, r := range records {
		b.Queue(`INSERT INTO `+name(t.Name)+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)
			ON CONFLICT (`+strings.Join(names[:t.Key], ", ")+`) DO UPDATE SET `+strings.Join(sets, ", "), r...)
	}
	return c.send(b)
}

// Restored implements [storage.Portable]. It may take minutes: it indexes all origins anew.
func (s *Store) Restored(ctx context.Context) error {
	if err := s.Reindex(ctx); err != nil {
		return err
	}
	return s.withWriter(ctx, "end a restoration", func(w *writer, c *conn) (bool, error) {
		w.owners.Clear()
		c = &conn{ctx, c.Conn} // for as long as it takes
		began, err := w.transact(c, func(w *writer, c *conn) error {
			b := &pgx.Batch{}
			b.Queue(`SELECT setval(pg_get_serial_sequence('owners', 'id'), greatest(max(id), 1), max(id) IS NOT NULL) FROM owners`)
			b.Queue(`INSERT INTO archive_origins (owner, origin, id)
				SELECT owner, origin, id FROM archive WHERE origin IS NOT NULL ORDER BY id ON CONFLICT DO NOTHING`)
			return c.send(b)
		})
		if err == nil {
			_, err = c.exec(`ANALYZE`)
		}
		if err == nil {
			err = w.months.load(c, time.Now())
		}
		return began, err
	})
}

// Empty implements [storage.Portable].
func (s *Store) Empty(ctx context.Context) (empty bool, err error) {
	var some []string
	for _, t := range storage.Tables {
		if !t.Replace {
			some = append(some, `EXISTS (SELECT FROM `+name(t.Name)+`)`)
		}
	}
	err = s.read(ctx, "look whether it is empty", func(c *conn) error {
		return c.get(`SELECT NOT (`+strings.Join(some, " OR ")+`)`, nil, &empty)
	})
	return empty, err
}

func name(s string) string { return pgx.Identifier{s}.Sanitize() }

func columnNames(t *storage.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// columns are the columns' names as statements hold them.
func columns(t *storage.Table) []string {
	names := columnNames(t)
	for i := range names {
		names[i] = name(names[i])
	}
	return names
}
