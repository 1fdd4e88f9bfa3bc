package archive_test

import (
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func TestHistory(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	now := start
	f := &fake{}
	w := open(t, f, archive.Options{Now: func() time.Time { return now }})
	for i := range 10 {
		now = start.Add(time.Duration(i) * time.Hour)
		r := row("%d", i)
		r.Undelivered = i%2 == 0
		if i == 6 {
			r.Stanza = []byte("<message") // as a damaged disk might give it
		}
		<-send(t, w, r)
	}
	ctx := t.Context()
	before := func(id int64, n int) (archive.Page, error) { return archive.Before(ctx, f, juliet, id, n) }
	waiting := func(after int64, n int) (archive.Page, error) { return archive.Undelivered(ctx, f, juliet, after, n) }
	sixth := f.stored()[6].ID
	for i, c := range []struct {
		read    func() (archive.Page, error)
		want    string
		skipped int
		full    bool
	}{
		0: {func() (archive.Page, error) { return before(0, 3) }, "789", 0, true},
		1: {func() (archive.Page, error) { return before(0, 5) }, "5789", 1, true},
		2: {func() (archive.Page, error) { return before(0, 1000) }, "012345789", 1, false},
		3: {func() (archive.Page, error) { return before(0, 0) }, "", 0, false},
		4: {func() (archive.Page, error) { return before(0, -1) }, "", 0, false},
		5: {func() (archive.Page, error) { return before(f.stored()[2].ID, 9) }, "01", 0, false},
		6: {func() (archive.Page, error) { return before(sixth, 2) }, "45", 0, true},
		7: {func() (archive.Page, error) { return waiting(0, 2) }, "02", 0, true},
		8: {func() (archive.Page, error) { return waiting(sixth-1, 1) }, "", 1, true}, // and yet Last leads on
		9: {func() (archive.Page, error) { return waiting(sixth, 9) }, "8", 0, false},
	} {
		p, err := c.read()
		if err != nil {
			t.Fatal(i, err)
		}
		got := ""
		for _, it := range p.Items {
			b, _ := it.Stanza.Kid("", "body")
			got += b.Text()
			if want := start.Add(time.Duration(b.Text()[0]-'0') * time.Hour); !it.Time.Equal(want) || it.Peer != romeo {
				t.Errorf("%d: %v from %v", i, it.Time, it.Peer)
			}
		}
		if got != c.want || p.Skipped != c.skipped || p.Full != c.full {
			t.Errorf("%d: %q, %d skipped, full %v", i, got, p.Skipped, p.Full)
		}
		if i == 8 && p.Last != sixth {
			t.Errorf("%d: last %d", i, p.Last)
		}
	}
}

func TestPageIsBounded(t *testing.T) {
	f := &fake{}
	for i := range archive.MaxPage + 1 {
		f.rows = append(f.rows, storage.Row{ID: int64(i + 1), Owner: juliet, Undelivered: true, Stanza: row("x").Stanza})
	}
	for i, read := range []func() (archive.Page, error){
		func() (archive.Page, error) { return archive.Before(t.Context(), f, juliet, 0, 1<<30) },
		func() (archive.Page, error) { return archive.Undelivered(t.Context(), f, juliet, 0, 1<<30) },
	} {
		if p, err := read(); err != nil || len(p.Items) != archive.MaxPage || !p.Full {
			t.Errorf("%d: %d items, %v", i, len(p.Items), err)
		}
	}
	if p, err := archive.Before(t.Context(), f, wire.MustAddr("nobody@capulet.example"), 0, 5); err != nil || len(p.Items) != 0 || p.Last != 0 {
		t.Error(p, err)
	}
}
