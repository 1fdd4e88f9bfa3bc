package storage_test

import (
	"fmt"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func owner(n int) wire.Addr { return wire.MustAddr(fmt.Sprintf("user%d@example.test", n)) }

// The cache never holds more than its bound, and always the owner that came last.
func TestOwnerCacheBound(t *testing.T) {
	c := storage.NewOwnerCache()
	c.Max = 100
	for i := range 1000 {
		c.Remember(owner(i), int64(i))
		if id, ok := c.Find(owner(i)); !ok || id != int64(i) {
			t.Fatalf("owner %d has number %d, %v", i, id, ok)
		}
		if c.Len() > c.Max {
			t.Fatalf("%d owners of at most %d", c.Len(), c.Max)
		}
	}
	c.End(true)
	if c.Clear(); c.Len() != 0 {
		t.Errorf("%d owners in an empty cache", c.Len())
	}
}

// What a transaction found out is forgotten if it fails, and that alone.
func TestOwnerCacheEnd(t *testing.T) {
	c := storage.NewOwnerCache()
	c.Remember(owner(1), 1)
	c.End(true)
	c.Remember(owner(2), 2)
	c.End(false)
	c.End(false)
	if _, ok := c.Find(owner(1)); !ok {
		t.Error("a number is forgotten with another's transaction")
	}
	if _, ok := c.Find(owner(2)); ok {
		t.Error("a number that was never committed is known")
	}
	if c.Forget(owner(1)); c.Len() != 0 {
		t.Error("the cache knows an owner that it should forget")
	}
}
