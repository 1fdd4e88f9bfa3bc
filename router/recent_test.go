package router_test

import (
	"testing"

	"salon.im/salon/router"
)

// At the bound the oldest key goes, one for each new one, whatever was put again meanwhile.
func TestRecent(t *testing.T) {
	const bound = 5
	r := router.NewRecent[int, string](bound)
	for i := range 3 * bound {
		r.Put(i, "old")
		r.Put(i, "new")
		r.Put(max(i-bound+1, 0), "again") // keeps its place
		if want := min(i+1, bound); r.Len() != want {
			t.Fatalf("after %d keys: %d", i+1, r.Len())
		}
		if _, ok := r.Get(i - bound); ok {
			t.Errorf("after %d keys: the oldest is remembered", i+1)
		}
		if _, ok := r.Get(max(i-bound+1, 0)); !ok {
			t.Errorf("after %d keys: a newer one is forgotten", i+1)
		}
		if v, ok := r.Get(i); i > 0 && (!ok || v != "new") {
			t.Errorf("%d is %q, %v", i, v, ok)
		}
	}
}
