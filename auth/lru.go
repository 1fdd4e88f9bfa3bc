package auth

import "container/list"

// lru is a map of bounded size that forgets the entry not used for the longest time. It has no lock of its own.
type lru[K comparable, V any] struct {
	limit int
	order *list.List // of *lruEntry[K, V], the newest in front
	byKey map[K]*list.Element
}

type lruEntry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](limit int) *lru[K, V] {
	return &lru[K, V]{limit: limit, order: list.New(), byKey: make(map[K]*list.Element)}
}

func (l *lru[K, V]) len() int { return len(l.byKey) }

func (l *lru[K, V]) get(key K) (V, bool) {
	if e, ok := l.byKey[key]; ok {
		l.order.MoveToFront(e)
		return e.Value.(*lruEntry[K, V]).value, true
	}
	var zero V
	return zero, false
}

func (l *lru[K, V]) put(key K, value V) {
	if e, ok := l.byKey[key]; ok {
		e.Value.(*lruEntry[K, V]).value = value
		l.order.MoveToFront(e)
		return
	}
	l.byKey[key] = l.order.PushFront(&lruEntry[K, V]{key, value})
	if len(l.byKey) > l.limit {
		l.delete(l.order.Back().Value.(*lruEntry[K, V]).key)
	}
}

func (l *lru[K, V]) delete(key K) {
	if e, ok := l.byKey[key]; ok {
		l.order.Remove(e)
		delete(l.byKey, key)
	}
}
