package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"salon.im/salon/storage"
)

// stepping calls step each time that a transaction is about to begin; what it returns ends the context.
type stepping struct {
	context.Context
	step func() error
}

func (c stepping) Err() error { return c.step() }

// A reindex is many short transactions: others write between them, also what touches the index. One that is cut short is
// ended by who indexes next.
func TestReindexInSteps(t *testing.T) {
	const rows = 5000
	s := open(t, filepath.Join(t.TempDir(), "salon.db"))
	var b storage.Batch
	var texts []storage.Text
	for i := range rows {
		b.Rows = append(b.Rows, storage.Row{ID: int64(i + 1), Owner: alice, Peer: bob, Kind: storage.RowChat, Stanza: []byte("<message/>")})
		texts = append(texts, storage.Text{Owner: alice, ID: int64(i + 1), Text: fmt.Sprint("common w", i)})
	}
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	found := func() int {
		t.Helper()
		page, err := s.Page(t.Context(), storage.Query{Owner: alice, Words: []string{"common"}, Limit: 2 * rows})
		if err != nil {
			t.Fatal(err)
		}
		return len(page)
	}
	index := func() {
		t.Helper()
		if err := s.Index(t.Context(), texts, rows); err != nil || s.IntegrityCheck(t.Context()) != nil {
			t.Fatal(err, s.IntegrityCheck(t.Context()))
		}
	}
	gone := 0
	bury := func() {
		t.Helper()
		gone++
		rw := storage.Rewrite{Owner: alice, ID: int64(rows + 1 - gone), Stanza: []byte("<message/>"), Tombstone: true}
		if _, err := s.Append(t.Context(), storage.Batch{Rewrites: []storage.Rewrite{rw}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, steps := range []int{1, 2, rows} { // after which it is cut short
		index()
		if n := found(); n != rows-gone {
			t.Fatalf("%d of %d found", n, rows-gone)
		}
		left := steps
		err := s.Reindex(stepping{t.Context(), func() error {
			if left--; left < 0 {
				return context.Canceled
			}
			bury()
			return nil
		}})
		if cut := steps < rows; cut != errors.Is(err, context.Canceled) || !cut && err != nil {
			t.Fatal(steps, err)
		}
		if taken := steps - left; taken < min(steps, 4) || taken > 6 {
			t.Errorf("%d transactions", taken)
		}
		bury()
		if n := found(); n != 0 {
			t.Errorf("%d found in an empty index", n)
		}
	}
	index()
	if n := found(); n != rows-gone {
		t.Errorf("%d of %d found", n, rows-gone)
	}
	if err := s.Index(t.Context(), nil, 1); !errors.Is(err, storage.ErrConflict) {
		t.Error(err)
	}
}
