package stream

import "context"

// Pace waits until at most half of the bounds is taken, and returns a quarter of them: what may be sent at once, so that
// who answers with many stanzas never fills the outbox. It returns the context's error, or ErrEnded if the client will not
// take any more.
func (o *Outbox) Pace(ctx context.Context) (stanzas, bytes int, err error) {
	for {
		o.mu.Lock()
		if o.endedLocked() {
			o.mu.Unlock()
			return 0, 0, ErrEnded
		}
		if !o.fullLocked(o.limits.Bytes/2, o.limits.Stanzas/2) {
			o.mu.Unlock()
			return o.limits.Stanzas / 4, o.limits.Bytes / 4, nil
		}
		if o.paced == nil {
			o.paced = make(chan struct{})
		}
		paced := o.paced
		o.mu.Unlock()
		select {
		case <-paced:
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
}

// paceLocked lets those look again that wait in Pace, once there is room or nothing to wait for.
func (o *Outbox) paceLocked() {
	if o.paced != nil && (o.endedLocked() || !o.fullLocked(o.limits.Bytes/2, o.limits.Stanzas/2)) {
		close(o.paced)
		o.paced = nil
	}
}

// endedLocked reports whether nobody will take what is queued: a session without XEP-0198 does not outlive its connection.
func (o *Outbox) endedLocked() bool { return o.ended || o.conn == nil && o.sm == nil }
