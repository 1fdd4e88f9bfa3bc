package stream_test

import (
	"io"
	"testing"

	"salon.im/salon/stream"
)

// A flush that panics ends its connection, loses nothing, and takes no worker along.
func TestPanickingFlush(t *testing.T) {
	t.Parallel()
	f := flusher(t)
	told := make(chan any, 1)
	f.Panicked = func(v any, _ []byte) { told <- v }
	c, client := clear(t)
	o := stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{Handled: func() uint32 { panic("a mistake of ours") }})
	o.Attach(c)
	o.EnableAcks(element("enabled"))
	newReader(t, client).expect("<enabled")
	o.SendAck()
	o.Send(message("kept"), 0)
	<-told
	if _, err := io.ReadAll(client); err != nil {
		t.Log(err) // reset or end, as the system likes
	}
	for range 2 * 16 { // more than there are workers
		c, client := clear(t)
		o := stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{})
		o.Attach(c)
		o.Send(message("another"), 0)
		newReader(t, client).expect("another")
	}
	if rest := o.Close(nil, true); len(rest) != 1 {
		t.Errorf("%d stanzas are left", len(rest))
	}
	if n := f.Stats.Panics.Load(); n != 1 {
		t.Errorf("%d panics are counted", n)
	}
}
