package storage

import (
	"strings"

	"salon.im/salon/wire"
)

// maxOwners bounds an OwnerCache, at about 200 bytes an owner.
const maxOwners = 20_000

// OwnerCache remembers the numbers that a back end gave to the owners of archives. It belongs to who holds the writer.
type OwnerCache struct {
	// Max bounds the cache.
	Max   int
	ids   map[string]int64
	fresh []string // added in this transaction: forgotten if it fails
}

// NewOwnerCache returns an empty cache for 20,000 owners.
func NewOwnerCache() OwnerCache { return OwnerCache{Max: maxOwners, ids: make(map[string]int64)} }

// Len counts the owners that are known.
func (o *OwnerCache) Len() int { return len(o.ids) }

// Find returns an owner's number, if it is known.
func (o *OwnerCache) Find(addr wire.Addr) (id int64, ok bool) {
	id, ok = o.ids[addr.String()]
	return id, ok
}

// Remember notes an owner's number, for good once End says so.
func (o *OwnerCache) Remember(addr wire.Addr, id int64) {
	if len(o.ids) >= o.Max { // rare, and cheap to refill: any half will do
		for a := range o.ids {
			if delete(o.ids, a); len(o.ids) <= o.Max/2 {
				break
			}
		}
	}
	key := strings.Clone(addr.String()) // it may be a piece of a stanza
	o.ids[key] = id
	o.fresh = append(o.fresh, key)
}

// Forget takes an owner out, whose archive was deleted.
func (o *OwnerCache) Forget(addr wire.Addr) { delete(o.ids, addr.String()) }

// Clear forgets all owners.
func (o *OwnerCache) Clear() { clear(o.ids) }

// End ends a transaction. One that was not committed takes with it what was remembered meanwhile.
func (o *OwnerCache) End(committed bool) {
	if !committed {
		for _, addr := range o.fresh {
			delete(o.ids, addr)
		}
	}
	o.fresh = o.fresh[:0]
}
