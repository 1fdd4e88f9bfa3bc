// Package transfer brings one store's data into another, of the same kind or not, and proves that it arrived. It knows no
// SQL: storage.Portable reads and writes, storage.Tables says what there is.
//
//	report, err := transfer.Copy(ctx, from, to, transfer.Options{})
package transfer

import (
	"context"
	"errors"
	"fmt"

	"salon.im/salon/storage"
)

// batchRows is how many records are read and written together: at 256 KiB a stanza 64 MiB.
const batchRows = 256

// ErrNotEmpty says that the target holds data. Nothing was changed.
var ErrNotEmpty = errors.New("the target holds data: name an empty one")

// Options change how Copy and Verify work. The zero value is right.
type Options struct {
	// Batch is how many records are read and written together; 0 is 256.
	Batch int
	// Progress is called behind each batch, with the records of this table so far; nil for none.
	Progress func(step Step, table string, records int64)
}

// Step is what Copy does at the moment.
type Step string

// The steps, in their order.
const (
	Copying   Step = "copying"
	Verifying Step = "verifying"
)

// Report counts what was copied, or compared.
type Report struct {
	Records int64   `json:"records"`
	Tables  []Count `json:"tables"` // in the order of storage.Tables
}

// Count is the records of one table.
type Count struct {
	Table   string `json:"table"`
	Records int64  `json:"records"`
}

func (r *Report) add(t *storage.Table, n int64) {
	r.Records += n
	r.Tables = append(r.Tables, Count{t.Name, n})
}

// Copy brings everything of from into to, which must be empty, and compares the two record by record. On an error other than
// ErrNotEmpty, to is incomplete or wrong, and not to be used. Nobody else may use either store meanwhile.
func Copy(ctx context.Context, from, to storage.Portable, o Options) (Report, error) {
	empty, err := to.Empty(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("look at the target: %w", err)
	}
	if !empty {
		return Report{}, ErrNotEmpty
	}
	for _, t := range storage.Tables {
		if err := copyTable(ctx, t, from, to, o); err != nil {
			return Report{}, err
		}
	}
	if err := to.Restored(ctx); err != nil {
		return Report{}, fmt.Errorf("complete the target: %w", err)
	}
	return Verify(ctx, from, to, o)
}

func copyTable(ctx context.Context, t *storage.Table, from, to storage.Portable, o Options) error {
	in := reader{store: from, table: t, batch: o.batch()}
	for total := int64(0); ; {
		records, err := in.page(ctx)
		if err != nil {
			return fmt.Errorf("the source: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		if err := to.Restore(ctx, t, records); err != nil {
			return fmt.Errorf("the target: write %s: %w", t.Name, err)
		}
		total += int64(len(records))
		o.tell(Copying, t, total)
	}
}

func (o Options) batch() int {
	if o.Batch > 0 {
		return o.Batch
	}
	return batchRows
}

func (o Options) tell(step Step, t *storage.Table, records int64) {
	if o.Progress != nil {
		o.Progress(step, t.Name, records)
	}
}
