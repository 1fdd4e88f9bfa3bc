package feature

import (
	"sync"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// Bounds of what waits for another form.
const (
	maxExecutions   = 1000
	maxUserRunning  = 10
	executionLength = 10 * time.Minute // from the last action
)

// executions are the commands under way, by session id. Safe for any goroutine; its lock is a leaf.
type executions struct {
	now func() time.Time

	mu sync.Mutex
	m  map[string]*execution
}

type execution struct {
	node    string
	from    wire.Addr
	call    *call // nil: ended
	taken   bool  // a request is being handled
	expires time.Time
}

func newExecutions(now func() time.Time) *executions {
	return &executions{now: now, m: map[string]*execution{}}
}

// add begins one. Ended ones make room; beyond the bounds it is refused.
func (x *executions) add(node string, c *call) (id string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	mine := 0
	for id, e := range x.m {
		switch {
		case !x.now().Before(e.expires) || e.call == nil && len(x.m) >= maxExecutions:
			delete(x.m, id)
		case e.call != nil && e.from.Bare() == c.from.Bare():
			mine++
		}
	}
	if mine >= maxUserRunning || len(x.m) >= maxExecutions {
		return "", stanza.Error{Type: stanza.Wait, Condition: stanza.ResourceConstraint, Text: map[string]string{"en": "Too many commands are under way."}}
	}
	id = wire.NewID()
	x.m[id] = &execution{node: node, from: c.from.Clone(), call: c, expires: x.now().Add(executionLength)}
	return id, nil
}

// take hands an execution to the request that carries it on; put gives it back. Two requests at a time are a mistake of
// the client's.
func (x *executions) take(id, node string, from wire.Addr) (*call, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.m[id]
	switch {
	case e == nil, e.from != from, e.node != node:
		return nil, errBadSession
	case e.call == nil, !x.now().Before(e.expires):
		return nil, errExpired
	case e.taken:
		return nil, errBadAction
	}
	e.taken = true
	return e.call, nil
}

func (x *executions) put(id string, c *call, over bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.m[id]
	if e == nil {
		return
	}
	e.taken, e.expires = false, x.now().Add(executionLength)
	if over {
		e.call = nil
	}
}
