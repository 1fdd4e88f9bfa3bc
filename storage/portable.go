package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Portable reads and fills a store table by table, so that one back end's data can be brought into another, or into a file.
//
// Nobody else may write to either store meanwhile.
type Portable interface {
	// Dump returns up to limit records of a table behind the key of `after` (nil is the start), ordered by key. Text is
	// ordered by its bytes. Values behind the key in `after` are ignored, so the last record of a page asks for the next.
	Dump(ctx context.Context, t *Table, after Record, limit int) ([]Record, error)
	// Restore adds records to a table, in one transaction. A record that is there already is ErrConflict, and none is added,
	// unless the table's records are replaced (Table.Replace). A value that is not of its column's kind is an error.
	Restore(ctx context.Context, t *Table, records []Record) error
	// Restored ends a restoration: it brings what the back end derives (numbers handed out next, partitions, the index of
	// texts) in line with what was restored.
	Restored(ctx context.Context) error
	// Empty reports whether the store holds nothing that a restoration could meet: no record of a table but those that are
	// replaced.
	Empty(ctx context.Context) (bool, error)
}

// Record is one row of a table: a value for each of its columns, in their order. A value is nil, string, int64, bool or
// []byte, as the column's kind says. The first Table.Key values are its key.
type Record []any

// Kind is what a column holds.
type Kind uint8

// The kinds of columns. Times are Int, milliseconds since 1970, UTC.
const (
	KindText Kind = iota + 1
	KindInt
	KindBool
	KindBytes
)

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
	Null bool // may be nil
}

func text(name string) Column   { return Column{Name: name, Kind: KindText} }
func number(name string) Column { return Column{Name: name, Kind: KindInt} }
func flag(name string) Column   { return Column{Name: name, Kind: KindBool} }
func bytes(name string) Column  { return Column{Name: name, Kind: KindBytes} }

func (c Column) orNull() Column { c.Null = true; return c }

// Table is one table that every back end has, with the same names and meanings. What a back end derives for itself (its
// index of texts, partitions, what Ping writes) is none.
type Table struct {
	Name    string
	Key     int // how many of the first columns are the key
	Columns []Column
	// Replace says that its rows are there from the start: Restore replaces them.
	Replace bool
}

// Check returns an error for a record that has not one value for each column, of the column's kind.
func (t *Table) Check(r Record) error {
	if len(r) != len(t.Columns) {
		return fmt.Errorf("table %s: a record has %d values, not %d", t.Name, len(r), len(t.Columns))
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.takes(r[i]) {
			return fmt.Errorf("table %s: a value of type %T does not belong into %s", t.Name, r[i], c.Name)
		}
	}
	return nil
}

func (c *Column) takes(value any) bool {
	switch value.(type) {
	case nil:
		return c.Null
	case string:
		return c.Kind == KindText
	case int64:
		return c.Kind == KindInt
	case bool:
		return c.Kind == KindBool
	case []byte:
		return c.Kind == KindBytes
	}
	return false
}

// KeyOf returns the key of a record, nil for nil. A record that is too short for one is an error.
func (t *Table) KeyOf(r Record) (Record, error) {
	if r == nil {
		return nil, nil
	}
	if len(r) < t.Key {
		return nil, fmt.Errorf("table %s: the key has %d values, not %d", t.Name, len(r), t.Key)
	}
	return r[:t.Key], nil
}

// Compare orders two records by their keys: numbers as numbers, text and bytes byte by byte.
func (t *Table) Compare(a, b Record) int {
	for i := range t.Key {
		var c int
		switch x := a[i].(type) {
		case int64:
			y, _ := b[i].(int64)
			c = cmp.Compare(x, y)
		case string:
			y, _ := b[i].(string)
			c = cmp.Compare(x, y)
		case []byte:
			y, _ := b[i].([]byte)
			c = slices.Compare(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
