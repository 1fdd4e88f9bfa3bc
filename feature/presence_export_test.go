package feature

import (
	"log/slog"
	"sync/atomic"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Bounds that the tests reach.
const MaxSeen = maxSeen

// NewSeen makes the store of last activity alone.
func NewSeen(store storage.Accounts) *seen {
	return newSeen(store, slog.New(slog.DiscardHandler), new(atomic.Int64))
}

// Put and Close are put and close.
var (
	PutSeen   = (*seen).put
	CloseSeen = (*seen).close
)

// NewCache makes a cache of strings, weighed by their length.
func NewCache(max int) *cache[string] { return newCache(max, func(s string) int { return len(s) }) }

// PutCache and GetCache are put and get.
func PutCache(c *cache[string], bare wire.Addr, v string) { c.put(bare, v) }

// GetCache returns a value.
func GetCache(c *cache[string], bare wire.Addr) (string, bool) { return c.get(bare) }
