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
		if err := r.table.Check(record); err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		if r.after != nil && r.table.Compare(r.after, record) >= 0 {
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
