package router

// Recent is a bounded memory: once it is full, a new key takes the place of the oldest. The caller locks it.
type Recent[K comparable, V any] struct {
	max    int
	values map[K]V
	order  []K // a ring once full
	next   int // the oldest, then
}

// NewRecent returns an empty memory for max keys.
func NewRecent[K comparable, V any](max int) *Recent[K, V] {
	return &Recent[K, V]{max: max, values: map[K]V{}}
}

// Put remembers a value. A key that is there keeps its place.
func (r *Recent[K, V]) Put(key K, value V) {
	if _, known := r.values[key]; !known {
		if len(r.order) < r.max {
			r.order = append(r.order, key)
		} else {
			delete(r.values, r.order[r.next])
			r.order[r.next] = key
			r.next = (r.next + 1) % r.max
		}
	}
	r.values[key] = value
}

// Get returns the value of a key that is remembered.
func (r *Recent[K, V]) Get(key K) (value V, ok bool) {
	value, ok = r.values[key]
	return value, ok
}

// Len counts the keys.
func (r *Recent[K, V]) Len() int { return len(r.values) }
