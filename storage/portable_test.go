package storage_test

import (
	"strings"
	"testing"

	"salon.im/salon/storage"
)

var kinds = &storage.Table{Name: "t", Key: 2, Columns: []storage.Column{
	{Name: "a", Kind: storage.KindText}, {Name: "b", Kind: storage.KindInt}, {Name: "c", Kind: storage.KindBytes, Null: true}, {Name: "d", Kind: storage.KindBool},
}}

func TestTableCheck(t *testing.T) {
	for i, tt := range []struct {
		r    storage.Record
		want string
	}{
		0: {storage.Record{"x", int64(1), []byte{}, true}, ""},
		1: {storage.Record{"x", int64(1), nil, false}, ""},
		2: {storage.Record{"x", int64(1), nil}, "has 3 values, not 4"},
		3: {nil, "has 0 values"},
		4: {storage.Record{nil, int64(1), nil, false}, "type <nil> does not belong into a"},
		5: {storage.Record{"x", 1, nil, false}, "type int does not belong into b"},
		6: {storage.Record{"x", int64(1), "y", false}, "type string does not belong into c"},
		7: {storage.Record{"x", int64(1), nil, int64(1)}, "type int64 does not belong into d"},
	} {
		err := kinds.Check(tt.r)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d: got error %v, want %q", i, err, tt.want)
		}
	}
}

func TestTableKeys(t *testing.T) {
	if key, err := kinds.KeyOf(nil); key != nil || err != nil {
		t.Errorf("the start: %v, error %v", key, err)
	}
	if key, err := kinds.KeyOf(storage.Record{"x", int64(1), nil, true}); len(key) != 2 || err != nil {
		t.Errorf("a record: %v, error %v", key, err)
	}
	if _, err := kinds.KeyOf(storage.Record{"x"}); err == nil {
		t.Error("half a key is one")
	}
	ordered := []storage.Record{{"B", int64(10)}, {"a", int64(9)}, {"a", int64(10)}, {"ä", int64(1)}} // bytes, then numbers
	for i, a := range ordered {
		for j, b := range ordered {
			if got := kinds.Compare(a, b); got > 0 != (i > j) || got < 0 != (i < j) {
				t.Errorf("%v beside %v: %d", a, b, got)
			}
		}
	}
}
