package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/transfer"
)

// memory is a store of nothing but records.
type memory struct {
	tables   map[string][]storage.Record
	restored bool
	batches  int
	broken   error // what Restore returns once batches are used up
}

func newMemory() *memory { return &memory{tables: map[string][]storage.Record{}, batches: 1 << 30} }

func (m *memory) Dump(_ context.Context, t *storage.Table, after storage.Record, limit int) ([]storage.Record, error) {
	all := m.tables[t.Name]
	for len(all) > 0 && after != nil && t.Compare(all[0], after) <= 0 {
		all = all[1:]
	}
	return all[:min(limit, len(all))], nil
}

func (m *memory) Restore(_ context.Context, t *storage.Table, records []storage.Record) error {
	if m.batches--; m.batches < 0 {
		return m.broken
	}
	for _, r := range records {
		i, found := slices.BinarySearchFunc(m.tables[t.Name], r, t.Compare)
		if found && !t.Replace {
			return storage.ErrConflict
		}
		if found {
			m.tables[t.Name][i] = r
			continue
		}
		m.tables[t.Name] = slices.Insert(m.tables[t.Name], i, r)
	}
	return nil
}

func (m *memory) Restored(context.Context) error { m.restored = true; return nil }

func (m *memory) Empty(context.Context) (bool, error) {
	for _, t := range storage.Tables {
		if len(m.tables[t.Name]) > 0 && !t.Replace {
			return false, nil
		}
	}
	return true, nil
}

// filled has n records in each table, with nil wherever that is allowed and every second record has it.
func filled(n int) *memory {
	m := newMemory()
	for _, t := range storage.Tables {
		for i := range n {
			r := make(storage.Record, len(t.Columns))
			for c, column := range t.Columns {
				switch {
				case column.Null && i%2 == 1:
				case column.Kind == storage.KindText:
					r[c] = fmt.Sprintf("%05d", i)
				case column.Kind == storage.KindInt:
					r[c] = int64(i)
				case column.Kind == storage.KindBool:
					r[c] = i%3 == 0
				case column.Kind == storage.KindBytes:
					r[c] = fmt.Appendf(nil, "%s %d", t.Name, i)
				}
			}
			m.tables[t.Name] = append(m.tables[t.Name], r)
		}
	}
	return m
}

// Everything arrives, whatever the batches are, and is counted.
func TestCopy(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 30} {
		from, to := filled(n), newMemory()
		told := map[transfer.Step]int64{}
		report, err := transfer.Copy(t.Context(), from, to, transfer.Options{Batch: 10, Progress: func(step transfer.Step, table string, records int64) {
			if table == "archive" {
				told[step] = records
			}
		}})
		if err != nil || !to.restored {
			t.Fatalf("%d records: %v, restored %v", n, err, to.restored)
		}
		for _, table := range storage.Tables {
			if got := len(to.tables[table.Name]); got != n {
				t.Errorf("%s: %d records of %d", table.Name, got, n)
			}
		}
		if report.Records != int64(n*len(storage.Tables)) || len(report.Tables) != len(storage.Tables) {
			t.Errorf("%d records: the report is %+v", n, report)
		}
		if told[transfer.Copying] != int64(n) || told[transfer.Verifying] != int64(n) {
			t.Errorf("%d records: progress went up to %v", n, told)
		}
	}
}

// A target with data is refused and left as it is; what is there from the start is no data.
func TestCopyRefusesTargetWithData(t *testing.T) {
	to := newMemory()
	last := storage.Tables[len(storage.Tables)-1]
	to.tables[last.Name] = []storage.Record{{int64(0), int64(0)}}
	if _, err := transfer.Copy(t.Context(), filled(2), to, transfer.Options{}); err != nil {
		t.Errorf("into a fresh store: %v", err)
	}
	before := len(to.tables["archive"])
	if _, err := transfer.Copy(t.Context(), filled(3), to, transfer.Options{}); !errors.Is(err, transfer.ErrNotEmpty) {
		t.Errorf("got %v", err)
	}
	if len(to.tables["archive"]) != before {
		t.Error("it was changed")
	}
}

// An error of the target says which table it met.
func TestCopyFails(t *testing.T) {
	to := newMemory()
	to.batches, to.broken = 3, errors.New("the disk is full")
	_, err := transfer.Copy(t.Context(), filled(25), to, transfer.Options{Batch: 10})
	if !errors.Is(err, to.broken) || !strings.Contains(err.Error(), "the target: write account_keys") || to.restored {
		t.Errorf("got %v, restored %v", err, to.restored)
	}
}

// Every kind of difference, in every column of every table, is found and named.
func TestVerifyFindsDifferences(t *testing.T) {
	for _, table := range storage.Tables {
		for c, column := range table.Columns {
			from, to := filled(5), filled(5)
			r := slices.Clone(to.tables[table.Name][4])
			switch r[c].(type) {
			case string:
				r[c] = "99999"
			case int64:
				r[c] = int64(99999)
			case bool:
				r[c] = !r[c].(bool)
			case []byte:
				r[c] = []byte{0}
			}
			to.tables[table.Name][4] = r
			want := "column " + column.Name + " differs"
			if c < table.Key {
				want = "the target lacks it"
			}
			differs(t, from, to, table.Name, want)
			differs(t, to, from, table.Name, strings.Replace(want, "the target lacks it", "the source does not have it", 1))
		}
		from, to := filled(5), filled(5)
		to.tables[table.Name] = to.tables[table.Name][:4]
		differs(t, from, to, table.Name, "the target lacks it")
		differs(t, to, from, table.Name, "the source does not have it")
	}
}

func differs(t *testing.T, from, to *memory, table, what string) {
	t.Helper()
	_, err := transfer.Verify(t.Context(), from, to, transfer.Options{Batch: 2})
	var d *transfer.Difference
	if !errors.As(err, &d) || d.Table != table || d.What != what || !strings.Contains(d.Key, "=") {
		t.Errorf("got %v, want %s: %s", err, table, what)
	}
}

// nil, an empty text and no bytes are three things.
func TestVerifyTellsNilFromEmpty(t *testing.T) {
	from, to := filled(1), filled(1)
	i := slices.IndexFunc(storage.Tables, func(t *storage.Table) bool { return t.Name == "rooms" })
	last := len(storage.Tables[i].Columns) - 1 // subject_stanza, bytes or null
	from.tables["rooms"][0][last], to.tables["rooms"][0][last] = nil, []byte{}
	differs(t, from, to, "rooms", "column subject_stanza differs")
	differs(t, to, from, "rooms", "column subject_stanza differs")
}

// A back end that sorts otherwise, or has other columns, is not trusted.
func TestCopyTrustsNoBackEnd(t *testing.T) {
	for name, spoil := range map[string]func([]storage.Record){
		"another way than byte by byte":                   slices.Reverse[[]storage.Record],
		"has 1 values, not":                               func(rs []storage.Record) { rs[3] = rs[3][:1] },
		"a value of type int64 does not belong into addr": func(rs []storage.Record) { rs[3][0] = int64(1) },
		"a value of type <nil> does not belong into host": func(rs []storage.Record) { rs[3][1] = nil },
	} {
		from := filled(20)
		spoil(from.tables["accounts"])
		if _, err := transfer.Copy(t.Context(), from, newMemory(), transfer.Options{Batch: 7}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
