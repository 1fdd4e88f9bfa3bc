package feature

import (
	"sync"

	"salon.im/salon/wire"
)

// cache keeps a value for some accounts, bounded by the sum of the values' weights. Values are immutable.
type cache[V any] struct {
	mu     sync.RWMutex // a leaf
	m      map[wire.Addr]V
	weight func(V) int
	total  int
	max    int
}

func newCache[V any](max int, weight func(V) int) *cache[V] {
	return &cache[V]{m: make(map[wire.Addr]V), weight: weight, max: max}
}

func (c *cache[V]) get(bare wire.Addr) (V, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.m[bare]
	return v, ok
}

// put replaces the account's value. Others make room for it; one that is too heavy alone is not kept.
func (c *cache[V]) put(bare wire.Addr, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(bare)
	w := c.weight(v)
	if w > c.max {
		return
	}
	for other := range c.m {
		if c.total+w <= c.max {
			break
		}
		c.drop(other)
	}
	c.m[bare.Clone()] = v
	c.total += w
}

func (c *cache[V]) forget(bare wire.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(bare)
}

// drop removes a value with the lock held.
func (c *cache[V]) drop(bare wire.Addr) {
	if v, ok := c.m[bare]; ok {
		c.total -= c.weight(v)
		delete(c.m, bare)
	}
}
