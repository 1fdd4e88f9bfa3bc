package muc

import "salon.im/salon/wire"

// maxSpent bounds the sessions whose buckets are remembered after they left.
const maxSpent = 1000

// spent remembers what sessions that left had said, so that who enters again does not begin anew.
type spent struct {
	buckets map[wire.Addr]bucket
}

// keep remembers the bucket of a session that leaves. At the bound another one, any, is forgotten.
func (p *spent) keep(full wire.Addr, b bucket) {
	if b.at.IsZero() {
		return // it said nothing
	}
	if p.buckets == nil {
		p.buckets = map[wire.Addr]bucket{}
	}
	for old := range p.buckets {
		if len(p.buckets) < maxSpent {
			break
		}
		delete(p.buckets, old)
	}
	p.buckets[full] = b
}

// take returns the bucket of a session that enters; zero, which is full, if it is new here.
func (p *spent) take(full wire.Addr) bucket {
	b := p.buckets[full]
	delete(p.buckets, full)
	return b
}
