package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"salon.im/salon/storage"
)

// Dump implements [storage.Portable].
func (s *Store) Dump(ctx context.Context, t *storage.Table, after storage.Record, limit int) (records []storage.Record, err error) {
	if after != nil && len(after) < t.Key {
		return nil, fmt.Errorf("sqlite: dump %s: the key has %d values, not %d", t.Name, len(after), t.Key)
	}
	if after == nil { // what a crash cut short would go on while the whole table is read
		select {
		case <-s.swept:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	key := columnList(t.Columns[:t.Key])
	query := `SELECT ` + columnList(t.Columns) + ` FROM ` + quoted(t.Name)
	var args []any
	if after != nil {
		query += ` WHERE (` + key + `) > (` + marks(t.Key) + `)`
		args = append(args, after[:t.Key]...)
	}
	query += ` ORDER BY ` + key + ` LIMIT ? + 0`
	err = s.read(ctx, "dump "+t.Name, func(c *conn) error {
		return c.list(query, append(args, max(limit, 0)), func(r *sql.Rows) error {
			record, err := scanRecord(r, t)
			records = append(records, record)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// scanRecord reads the values as the kinds of their columns say.
func scanRecord(r *sql.Rows, t *storage.Table) (storage.Record, error) {
	record := make(storage.Record, len(t.Columns))
	into := make([]any, len(record))
	for i := range record {
		into[i] = &record[i]
	}
	if err := r.Scan(into...); err != nil {
		return nil, err
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
		if err := checkValue(t, i, record[i]); err != nil {
			return nil, err
		}
	}
	return record, nil
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
			if len(record) != len(t.Columns) {
				return fmt.Errorf("sqlite: restore %s: a record has %d values, not %d", t.Name, len(record), len(t.Columns))
			}
			args := slices.Clone(record)
			for i, value := range record {
				if err := checkValue(t, i, value); err != nil {
					return err
				}
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

// checkValue keeps a value out that SQLite would store, and no other back end.
func checkValue(t *storage.Table, i int, value any) error {
	column := &t.Columns[i]
	var ok bool
	switch value.(type) {
	case nil:
		ok = column.Null
	case string:
		ok = column.Kind == storage.KindText
	case int64:
		ok = column.Kind == storage.KindInt
	case bool:
		ok = column.Kind == storage.KindBool
	case []byte:
		ok = column.Kind == storage.KindBytes
	}
	if !ok {
		return fmt.Errorf("sqlite: %s.%s: a value of type %T does not belong there", t.Name, column.Name, value)
	}
	return nil
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
