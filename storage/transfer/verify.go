package transfer

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"salon.im/salon/storage"
)

// Difference is the first one that Verify found.
type Difference struct {
	Table string
	Key   string // its columns with their values: "owner=3 id=17"
	What  string
}

// Error names table and key. It shows no data beside the key.
func (d *Difference) Error() string {
	return fmt.Sprintf("the stores differ: table %s, %s: %s", d.Table, d.Key, d.What)
}

// Verify reads both stores side by side and compares every value of every record. The first difference is a *Difference.
func Verify(ctx context.Context, from, to storage.Portable, o Options) (Report, error) {
	var report Report
	for _, t := range storage.Tables {
		n, err := verifyTable(ctx, t, from, to, o)
		if err != nil {
			return report, err
		}
		report.add(t, n)
	}
	return report, nil
}

func verifyTable(ctx context.Context, t *storage.Table, from, to storage.Portable, o Options) (n int64, err error) {
	source, target := reader{store: from, table: t, batch: o.batch()}, reader{store: to, table: t, batch: o.batch()}
	for {
		a, err := source.next(ctx)
		if err != nil {
			return n, fmt.Errorf("the source: %w", err)
		}
		b, err := target.next(ctx)
		if err != nil {
			return n, fmt.Errorf("the target: %w", err)
		}
		if a == nil && b == nil {
			return n, nil
		}
		if d := differ(t, a, b); d != nil {
			return n, d
		}
		if n++; n%int64(o.batch()) == 0 || len(source.ahead) == 0 && source.ended {
			o.tell(Verifying, t, n)
		}
	}
}

// differ compares the next records of both, of which one may be nil.
func differ(t *storage.Table, a, b storage.Record) error {
	switch {
	case b == nil || a != nil && t.Compare(a, b) < 0:
		return &Difference{t.Name, showKey(t, a), "the target lacks it"}
	case a == nil || t.Compare(a, b) > 0:
		return &Difference{t.Name, showKey(t, b), "the source does not have it"}
	}
	for i, c := range t.Columns {
		if !equal(a[i], b[i]) {
			return &Difference{t.Name, showKey(t, a), "column " + c.Name + " differs"}
		}
	}
	return nil
}

func equal(a, b any) bool {
	x, ok := a.([]byte)
	if !ok {
		_, bytes := b.([]byte)
		return !bytes && a == b
	}
	y, ok := b.([]byte)
	return ok && bytes.Equal(x, y)
}

func showKey(t *storage.Table, record storage.Record) string {
	parts := make([]string, t.Key)
	for i := range parts {
		parts[i] = fmt.Sprintf("%s=%v", t.Columns[i].Name, record[i])
	}
	return strings.Join(parts, " ")
}
