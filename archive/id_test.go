package archive_test

import (
	"slices"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// fill appends n rows and returns their ids.
func fill(t *testing.T, w *archive.Writer, n int) (ids []int64) {
	t.Helper()
	for range n {
		r := []storage.Row{row("x")}
		if res := <-send(t, w, r...); res.Err != nil {
			t.Fatal(res.Err)
		}
		ids = append(ids, r[0].ID)
	}
	return ids
}

func TestIDsSurviveTheClock(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	f := &fake{}
	o := archive.Options{Node: 5, Now: func() time.Time { return now }}
	w := open(t, f, o)
	ids := fill(t, w, 4097) // one more than the sequence holds
	if d := archive.IDTime(ids[4095]); !d.Equal(now) {
		t.Error("id 4095 is of", d)
	}
	if d := archive.IDTime(ids[4096]); d.Sub(now) != time.Millisecond {
		t.Error("id 4096 is of", d)
	}
	now = now.Add(-time.Hour)
	ids = append(ids, fill(t, w, 2)...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o.Node = 4                                         // a lower node, which alone would sort lower
	ids = append(ids, fill(t, open(t, f, o), 2)...)    // a start: above the last id
	now = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)  // a clock that was never set
	ids = append(ids, fill(t, open(t, f, o), 2)...)    //
	now = time.Date(2026, 5, 1, 13, 0, 0, 0, time.UTC) // and set at last
	ids = append(ids, fill(t, open(t, f, o), 1)...)    //
	if last := ids[len(ids)-1]; !archive.IDTime(last).Equal(now) || last>>12&archive.MaxNode != 4 {
		t.Error("the clock does not lead again:", archive.IDTime(last))
	}
	for i, id := range ids {
		if id <= 0 || i > 0 && id <= ids[i-1] {
			t.Fatalf("id %d is %d after %d", i, id, ids[max(i-1, 0)])
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for i, c := range []struct {
		last int64
		o    archive.Options
	}{
		0: {o: archive.Options{Node: archive.MaxNode + 1}},
		1: {o: archive.Options{Node: -1}},
		2: {last: 1<<63 - 1},
	} {
		f := &fake{rows: []storage.Row{{ID: c.last}}}
		if w, err := archive.Open(t.Context(), f, c.o); err == nil {
			w.Close()
			t.Errorf("%d: opened", i)
		}
	}
}

func TestTimeID(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 7e6, time.UTC)
	if id := archive.TimeID(at.Add(999 * time.Microsecond)); !archive.IDTime(id).Equal(at) || archive.IDTime(id-1).Equal(at) {
		t.Error("TimeID is not the first of its millisecond")
	}
	if archive.TimeID(time.Unix(0, 0)) != 1 || archive.TimeID(time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)) <= 0 {
		t.Error("out of range")
	}
}

func TestOrigin(t *testing.T) {
	phone, _ := romeo.WithResource("phone")
	a := archive.Origin(romeo, "x1")
	same := archive.Origin(phone, "x1")
	others := [][]byte{archive.Origin(juliet, "x1"), archive.Origin(romeo, "x2"), archive.Origin(wire.MustAddr(romeo.String()+"x"), "1")}
	if len(a) != 16 || !slices.Equal(a, same) {
		t.Errorf("%x, %x", a, same)
	}
	for i, o := range others {
		if slices.Equal(a, o) {
			t.Errorf("%d: same digest", i)
		}
	}
	if archive.Origin(romeo, "") != nil {
		t.Error("a digest of no id")
	}
}
