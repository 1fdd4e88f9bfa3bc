package stream_test

import (
	"context"
	"errors"
	"testing"

	"salon.im/salon/stream"
)

// Pace lets who answers go on when the client has taken enough, and tells when it never will.
func TestPace(t *testing.T) {
	t.Parallel()
	limits := stream.OutboxLimits{Bytes: 1 << 20, Stanzas: 40}
	o := stream.NewOutbox(flusher(t), limits, stream.Events{})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 19 {
		o.Send(message("x"), int64(i))
	}
	if stanzas, bytes, err := o.Pace(gone); stanzas != 10 || bytes != 1<<18 || err != nil {
		t.Fatal(stanzas, bytes, err)
	}
	o.Send(message("x"), 0)
	if _, _, err := o.Pace(gone); !errors.Is(err, context.Canceled) {
		t.Fatalf("with half of the bound taken: %v", err)
	}
	paced := make(chan error, 2)
	for range 2 {
		go func() {
			_, _, err := o.Pace(t.Context())
			paced <- err
		}()
	}
	c, client := clear(t)
	o.Attach(c)
	r := newReader(t, client)
	for range 20 {
		r.expect("<body>x</body>")
	}
	for range 2 {
		if err := <-paced; err != nil {
			t.Error(err)
		}
	}
}

// With XEP-0198 a client has taken what it acknowledged.
func TestPaceByAcks(t *testing.T) {
	t.Parallel()
	c, client := clear(t)
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{Bytes: 1 << 20, Stanzas: 4}, stream.Events{Handled: func() uint32 { return 0 }})
	o.EnableAcks(nil)
	o.Attach(c)
	for range 3 {
		o.Send(message("x"), 0)
	}
	paced := make(chan error, 1)
	go func() {
		_, _, err := o.Pace(t.Context())
		paced <- err
	}()
	r := newReader(t, client)
	for range 3 {
		r.expect("<body>x</body>")
	}
	select {
	case err := <-paced:
		t.Fatalf("too early: %v", err)
	default:
	}
	if err := o.Acked(2); err != nil {
		t.Fatal(err)
	}
	if err := <-paced; err != nil {
		t.Error(err)
	}
}

func TestPaceEndsWithTheOutbox(t *testing.T) {
	t.Parallel()
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{Stanzas: 2}, stream.Events{})
	o.Send(message("x"), 0)
	paced := make(chan error, 1)
	go func() {
		_, _, err := o.Pace(t.Context())
		paced <- err
	}()
	o.Close(nil, true)
	if err := <-paced; !errors.Is(err, stream.ErrEnded) {
		t.Error(err)
	}
	if _, _, err := o.Pace(t.Context()); !errors.Is(err, stream.ErrEnded) {
		t.Error(err)
	}
}
