package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"salon.im/salon/storage"
)

// Dump implements [storage.Portable].
func (s *Store) Dump(ctx context.Context, t *storage.Table, after storage.Record, limit int) (records []storage.Record, err error) {
	key, err := t.KeyOf(after)
	if err != nil {
		return nil, fmt.Errorf("sqlite: dump: %w", err)
	}
	if after == nil { // what a crash cut short would go on while the whole table is read
		if err := s.sweeper.Wait(ctx); err != nil {
			return nil, err
		}
	}
	order := columnList(t.Columns[:t.Key])
	query := `SELECT ` + columnList(t.Columns) + ` FROM ` + quoted(t.Name)
	if key != nil {
		query += ` WHERE (` + order + `) > (` + marks(t.Key) + `)`
	}
	query += ` ORDER BY ` + order + ` LIMIT ? + 0`
	args := append(slices.Clone(key), max(limit, 0))
	err = s.read(ctx, "dump "+t.Name, func(c *conn) error {
		records, err = collect(c, func(r storage.Scanner, into *storage.Record) error { return scanRecord(r, t, into) }, query, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// scanRecord reads the values as the kinds of their columns say.
func scanRecord(r storage.Scanner, t *storage.Table, into *storage.Record) error {
	record := make(storage.Record, len(t.Columns))
	fields := make([]any, len(record))
	for i := range record {
		fields[i] = &record[i]
	}
	if err := r.Scan(fields...); err != nil {
		return err
	}
	for i, column := range t.Columns {
		switch v := record[i].(type) {
		case int64:
			if column.Kind == storage.KindBool {
				record[i] = v != 0
			}
		case []byte:
			record[i] = blob(v)
		}
	}
	*into = record
	return t.Check(record)
}

// Restore implements [storage.Portable].
func (s *Store) Restore(ctx context.Context, t *storage.Table, records []storage.Record) error {
	verb := `INSERT INTO `
	if t.Replace {
		verb = `INSERT OR REPLACE INTO `
	}
	query := verb + quoted(t.Name) + ` (` + columnList(t.Columns) + `) VALUES (` + marks(len(t.Columns)) + `)`
	return s.write(ctx, "restore "+t.Name, func(c *conn) error {
		for _, record := range records {
			if err := t.Check(record); err != nil { // SQLite would store what no other back end takes
				return fmt.Errorf("sqlite: restore: %w", err)
			}
			args := slices.Clone(record)
			for i, value := range record {
				if b, ok := value.([]byte); ok {
					args[i] = blob(b)
				}
			}
			if _, err := c.exec(query, args...); err != nil {
				return conflict(err)
			}
		}
		return nil
	})
}

// Restored implements [storage.Portable]. SQLite itself counts the owners' numbers on from the highest.
func (s *Store) Restored(ctx context.Context) error {
	return s.write(ctx, "end a restoration", func(c *conn) error {
		if err := s.refold(c); err != nil {
			return err
		}
		return s.emptyIndex(c)
	})
}

// Empty implements [storage.Portable].
func (s *Store) Empty(ctx context.Context) (empty bool, err error) {
	err = s.read(ctx, "look for records", func(c *conn) error {
		for _, t := range storage.Tables {
			var some bool
			err := c.get(`SELECT EXISTS (SELECT 1 FROM `+quoted(t.Name)+`)`, nil, &some)
			if err != nil || some && !t.Replace {
				return err
			}
		}
		empty = true
		return nil
	})
	return empty, err
}

func columnList(columns []storage.Column) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = quoted(columns[i].Name)
	}
	return strings.Join(names, ", ")
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// marks returns n question marks.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }
