package router

import (
	"context"
	"sync"
	"time"

	"salon.im/salon/wire"
)

// Bounds of our own requests.
const (
	maxQueries   = 10_000
	queryTimeout = 30 * time.Second
)

// queries are our own requests that wait for an answer, by id.
type queries struct {
	mu sync.Mutex // a leaf
	m  map[string]*query
}

type query struct {
	to    wire.Addr
	done  func(reply wire.Stanza)
	timer *time.Timer
}

// Query sends a request of the server's own, an IQ from one of the hosts to a full JID, and hands its answer to done: a
// result, an error, or the zero Stanza when none came in half a minute. The id must be unguessable (wire.NewID).
//
// done is called once, on a goroutine of the router's choice, and must not block. It reports false, and does not call done,
// when too many requests wait or nobody took the stanza.
func (r *Router) Query(ctx context.Context, st wire.Stanza, done func(reply wire.Stanza)) bool {
	q := &r.queries
	w := &query{to: st.To(), done: done}
	q.mu.Lock()
	if q.m == nil {
		q.m = make(map[string]*query)
	}
	if _, twice := q.m[st.ID()]; twice || len(q.m) >= maxQueries {
		q.mu.Unlock()
		return false
	}
	q.m[st.ID()] = w
	w.timer = time.AfterFunc(queryTimeout, func() {
		defer r.Recover("query")
		if q.take(st.ID(), w.to) != nil {
			done(wire.Stanza{})
		}
	})
	q.mu.Unlock()
	if r.Send(ctx, st) {
		return true
	}
	return q.take(st.ID(), w.to) == nil // an answer, or the time, was faster
}

// answered hands an answer to whoever asked: only the one who was asked can answer.
func (r *Router) answered(st wire.Stanza) {
	if w := r.queries.take(st.ID(), st.From()); w != nil {
		w.done(st)
	}
}

func (q *queries) take(id string, from wire.Addr) *query {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.m[id]
	if w == nil || w.to != from {
		return nil
	}
	delete(q.m, id)
	w.timer.Stop()
	return w
}
