package stream

import "time"

// SetAcked lets a test begin shortly before the counters wrap.
func (o *Outbox) SetAcked(h uint32) { o.sm.acked = h }

// SetClock lets a test tell a bucket the time.
func (b *Bucket) SetClock(now func() time.Time) { b.now, b.last = now, now() }
