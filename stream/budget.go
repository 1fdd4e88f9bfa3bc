package stream

import "sync/atomic"

// Budget bounds what the outboxes of one account hold together: stanzas that wait and stanzas that are not acknowledged.
// The zero value is no bound.
//
// Once Used has reached Max, an outbox that holds Share or more takes nothing, as at its own bound. So those that grow give
// way to those that hold little, and no outbox looks at another. With Share at Max divided by the number of outboxes they
// stay below Max together when they grow alike, and below twice that whatever they do.
type Budget struct {
	Used       *atomic.Int64 // shared by the account's outboxes
	Max, Share int64         // bytes
}

// entryBytes is what a stanza costs beside its bytes: the reference, its index, and what the allocator rounds up.
const entryBytes = 256

// SetBudget counts the outbox, with what it holds already, against its account's budget. It is called once.
func (o *Outbox) SetBudget(b Budget) {
	o.mu.Lock()
	o.budget = b
	o.unlock()
}

// overBudgetLocked reports whether the account has no more for this outbox.
func (o *Outbox) overBudgetLocked() bool {
	b := &o.budget
	return b.Used != nil && o.charged >= b.Share && b.Used.Load() >= b.Max
}

// chargeLocked brings the account's books up to what the outbox holds now.
func (o *Outbox) chargeLocked() {
	if o.budget.Used == nil {
		return
	}
	holds := o.holdsLocked()
	if d := holds - o.charged; d != 0 {
		o.charged = holds
		o.budget.Used.Add(d)
	}
}

func (o *Outbox) holdsLocked() int64 {
	if !o.ended {
		n := len(o.queue) + len(o.stalled)
		if o.sm != nil {
			n += o.sm.len()
		}
		return int64(o.bytes + n*entryBytes)
	}
	// The end gives up what it gives up without books; what is still to be written is counted afresh.
	held := int64(0)
	for _, list := range [][]entry{o.queue, o.stalled} {
		for _, e := range list {
			held += int64(e.st.Len() + entryBytes)
		}
	}
	return held
}
