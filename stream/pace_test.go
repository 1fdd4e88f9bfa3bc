package stream_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"salon.im/salon/stream"
)

// pacing returns what Pace will say, later.
func pacing(t *testing.T, o *stream.Outbox) <-chan error {
	paced := make(chan error, 1)
	go func() {
		_, _, err := o.Pace(t.Context())
		paced <- err
	}()
	return paced
}

// ended is a context that is over.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// stuff sends to a client that does not read, until far more waits than its socket will ever hold.
func stuff(t *testing.T, o *stream.Outbox) {
	t.Helper()
	big := message(strings.Repeat("x", 1<<16))
	for n := 0; n < 16<<20; _, n = o.Waiting() {
		o.Send(big, 0)
	}
	if _, _, err := o.Pace(ended(t)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// Pace lets who answers go on when the client has taken enough.
func TestPace(t *testing.T) {
	t.Parallel()
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{Bytes: 1 << 20, Stanzas: 400}, stream.Events{})
	c, client := clear(t)
	o.Attach(c)
	if stanzas, bytes, err := o.Pace(ended(t)); stanzas != 100 || bytes != 1<<18 || err != nil {
		t.Fatal(stanzas, bytes, err)
	}
	stuff(t, o)
	one, two := pacing(t, o), pacing(t, o)
	go io.Copy(io.Discard, client)
	if err := errors.Join(<-one, <-two); err != nil {
		t.Error(err)
	}
}

// With XEP-0198 a client has taken what it acknowledged, and may come back.
func TestPaceByAcks(t *testing.T) {
	t.Parallel()
	c, client := clear(t)
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{Bytes: 1 << 20, Stanzas: 6}, stream.Events{Handled: func() uint32 { return 0 }})
	o.EnableAcks(nil)
	o.Attach(c)
	for range 3 {
		o.Send(groupchat("x"), 0) // which asks for no acknowledgement at once
	}
	paced := pacing(t, o)
	r := newReader(t, client)
	for range 3 {
		r.expect("<body>x</body>")
	}
	o.Detach(c)
	if _, _, err := o.Pace(ended(t)); !errors.Is(err, context.Canceled) {
		t.Fatalf("with half of the bound taken: %v", err)
	}
	if err := o.Acked(2); err != nil {
		t.Fatal(err)
	}
	if err := <-paced; err != nil {
		t.Error(err)
	}
}

// Who waits for a client that is gone does not wait for ever.
func TestPaceEndsWithTheClient(t *testing.T) {
	t.Parallel()
	for _, end := range []func(*stream.Outbox, *stream.Conn){
		func(o *stream.Outbox, c *stream.Conn) { o.Close(nil, true) },
		func(o *stream.Outbox, c *stream.Conn) { o.Detach(c) },
		func(o *stream.Outbox, c *stream.Conn) { c.Close() },
	} {
		o := stream.NewOutbox(flusher(t), stream.OutboxLimits{Bytes: 1 << 18}, stream.Events{})
		c, _ := clear(t)
		o.Attach(c)
		stuff(t, o)
		paced := pacing(t, o)
		end(o, c)
		if err := <-paced; !errors.Is(err, stream.ErrEnded) {
			t.Error(err)
		}
		if _, _, err := o.Pace(t.Context()); !errors.Is(err, stream.ErrEnded) {
			t.Error(err)
		}
	}
}
