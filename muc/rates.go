package muc

import (
	"sync"
	"time"

	"salon.im/salon/wire"
)

// maxRates bounds the accounts of which it is known how often they did something.
const maxRates = 10_000

// rates counts how often accounts, bare, do something: all their sessions together, so that new devices do not begin anew.
type rates struct {
	mu      sync.Mutex // a leaf
	buckets map[wire.Addr]bucket
}

// take counts one more, and reports false if that is too many. At the bound another account, any, is forgotten.
func (r *rates) take(bare wire.Addr, now time.Time, perMinute, burst int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buckets == nil {
		r.buckets = map[wire.Addr]bucket{}
	}
	b, known := r.buckets[bare]
	ok := b.take(now, float64(perMinute)/60, burst)
	for old := range r.buckets {
		if known || len(r.buckets) < maxRates {
			break
		}
		delete(r.buckets, old)
	}
	if !known {
		bare = bare.Clone() // it is kept, the stanza is not
	}
	r.buckets[bare] = b
	return ok
}
