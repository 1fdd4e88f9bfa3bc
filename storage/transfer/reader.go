package transfer

import (
	"context"
	"fmt"

	"salon.im/salon/storage"
)

// reader reads a table in the order of its key.
type reader struct {
	store storage.Portable
	table *storage.Table
	batch int

	after storage.Record   // the last record that was read
	ahead []storage.Record // read, and not taken by next
	ended bool
}

// page returns the next records, none at the end. It trusts no back end with order: one that went back would be read for ever,
// or would hide a difference.
func (r *reader) page(ctx context.Context) ([]storage.Record, error) {
	if r.ended {
		return nil, nil
	}
	records, err := r.store.Dump(ctx, r.table, r.after, r.batch)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.table.Name, err)
	}
	for _, record := range records {
		if err := fits(r.table, record); err != nil {
			return nil, err
		}
		if r.after != nil && compareKeys(r.table, r.after, record) >= 0 {
			return nil, fmt.Errorf("read %s: %s comes behind %s: the database sorts text in another way than byte by byte",
				r.table.Name, showKey(r.table, record), showKey(r.table, r.after))
		}
		r.after = record
	}
	r.ended = len(records) < r.batch
	return records, nil
}

// next returns the next record, nil at the end.
func (r *reader) next(ctx context.Context) (storage.Record, error) {
	if len(r.ahead) == 0 {
		var err error
		if r.ahead, err = r.page(ctx); err != nil || len(r.ahead) == 0 {
			return nil, err
		}
	}
	record := r.ahead[0]
	r.ahead = r.ahead[1:]
	return record, nil
}

// fits says whether a record has the columns of its table.
func fits(t *storage.Table, record storage.Record) error {
	if len(record) != len(t.Columns) {
		return fmt.Errorf("read %s: a record has %d values for %d columns", t.Name, len(record), len(t.Columns))
	}
	for i, c := range t.Columns {
		ok := false
		switch record[i].(type) {
		case nil:
			ok = c.Null
		case string:
			ok = c.Kind == storage.KindText
		case int64:
			ok = c.Kind == storage.KindInt
		case bool:
			ok = c.Kind == storage.KindBool
		case []byte:
			ok = c.Kind == storage.KindBytes
		}
		if !ok {
			return fmt.Errorf("read %s: %T in column %s", t.Name, record[i], c.Name)
		}
	}
	return nil
}
