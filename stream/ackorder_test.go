package stream_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"salon.im/salon/stream"
)

// An <a/> stands behind the errors for what it counts: else a client whose connection ends between the two takes a message
// that was refused for one that is stored. Here the errors are messages, and each is queued before it counts as handled.
func TestAckIsBehindTheErrors(t *testing.T) {
	t.Parallel()
	const n = 3000
	var handled atomic.Uint32
	c, client := clear(t)
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{}, stream.Events{Handled: handled.Load})
	o.Attach(c)
	o.EnableAcks(element("enabled"))
	r := newReader(t, client)
	r.expect("<enabled")
	go func() {
		for i := range uint32(n) {
			o.Send(message(fmt.Sprint("error ", i+1)), 0)
			handled.Store(i + 1)
			o.SendAck()
		}
	}()
	for seen, h := uint32(0), uint32(0); h < n; {
		got := r.next()
		if _, err := fmt.Sscanf(got, `<a xmlns="urn:xmpp:sm:3" h="%d"/>`, &h); err == nil && h > seen {
			t.Fatalf("%d are acknowledged, and %d errors have come", h, seen)
		}
		if strings.Contains(got, "error ") {
			seen++
		}
	}
}

// The same while more is queued than one write takes; and the <a/> does not wait for the end of what comes meanwhile.
func TestAckBehindABacklog(t *testing.T) {
	t.Parallel()
	const n, size = 40, 8 << 10
	var handled atomic.Uint32
	c, client := clear(t)
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{}, stream.Events{Handled: handled.Load})
	o.EnableAcks(element("enabled"))
	for i := range uint32(n) {
		o.Send(message(fmt.Sprint("error ", i+1, strings.Repeat(" ", size))), 0)
	}
	handled.Store(n / 2)
	o.SendAck()
	o.Attach(c)
	r := newReader(t, client)
	for seen, h := 0, 0; h == 0; {
		got := r.next()
		if _, err := fmt.Sscanf(got, `<a xmlns="urn:xmpp:sm:3" h="%d"/>`, &h); err == nil && (h != n/2 || seen < n/2) {
			t.Errorf("%d are acknowledged, and %d errors have come", h, seen)
		}
		if strings.Contains(got, "error ") {
			seen++
		}
	}
}
