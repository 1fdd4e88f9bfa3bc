package stream_test

import (
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// The outboxes of one account have a bound together: who grows beyond a share meets it, who holds little does not.
func TestBudget(t *testing.T) {
	t.Parallel()
	const max, share = 100_000, 25_000
	for _, acks := range []bool{false, true} {
		var used atomic.Int64
		f := flusher(t)
		overflows := make(chan int, 10)
		boxes := make([]*stream.Outbox, 4)
		for i := range boxes {
			boxes[i] = stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{Overflow: func() { overflows <- i }})
			if acks {
				boxes[i].EnableAcks(wire.Payload(`<enabled xmlns="urn:xmpp:sm:3"/>`))
			}
			boxes[i].SetBudget(stream.Budget{Used: &used, Max: max, Share: share})
		}
		st := message(strings.Repeat("x", 1000))
		for boxes[0].Send(st, 0) {
		}
		if n := used.Load(); n < max || n > max+2000 {
			t.Errorf("one alone may hold %d of %d", n, max)
		}
		if i := <-overflows; i != 0 || !boxes[0].Full() {
			t.Errorf("%d meets the bound", i)
		}
		for range 15 {
			if boxes[1].Full() || !boxes[1].Send(st, 0) {
				t.Fatal("one that holds little pays for another")
			}
		}
		for boxes[1].Send(st, 0) {
		}
		if n := used.Load(); n < max+share || n > max+share+4000 {
			t.Errorf("two hold %d", n)
		}
		if i := <-overflows; i != 1 {
			t.Errorf("%d meets the bound", i)
		}
		boxes[0].Close(nil, true)
		if n := used.Load(); n < share || n > share+4000 {
			t.Errorf("%d are held when the first has gone", n)
		}
		if !boxes[1].Send(st, 0) {
			t.Error("no room has been made")
		}
		boxes[1].Close(nil, true)
		if n := used.Load(); n > 1000 { // two <enabled/>
			t.Errorf("%d are held by nobody", n)
		}
	}
}

// The books are even when all is written, when a connection fails in the middle, and after an end.
func TestBudgetIsEven(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*stream.Outbox, *stream.Conn){
		"written":  func(*stream.Outbox, *stream.Conn) {},
		"closed":   func(o *stream.Outbox, _ *stream.Conn) { o.Close([]byte("</stream:stream>"), false) },
		"detached": func(o *stream.Outbox, c *stream.Conn) { o.Close(nil, false); c.Close(); o.Detach(c) },
		"dropped":  func(o *stream.Outbox, c *stream.Conn) { o.Close(nil, true); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var used atomic.Int64
			c, client := clear(t)
			written := make(chan struct{}, 1000)
			o := stream.NewOutbox(flusher(t), stream.OutboxLimits{}, stream.Events{Delivered: func(m []int64) {
				for range m {
					written <- struct{}{}
				}
			}})
			o.SetBudget(stream.Budget{Used: &used, Max: 1 << 30})
			o.Attach(c)
			st := message(strings.Repeat("x", 10000))
			const n = 300 // more than the kernel takes
			for range n {
				o.Send(st, 1)
			}
			if used.Load() == 0 {
				t.Error("nothing is counted")
			}
			end(o, c)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = io.Copy(io.Discard, client)
			}()
			if name == "written" {
				for range n {
					<-written
				}
			}
			if name != "written" {
				eventually(t, done, "the end")
			}
			for end := time.Now().Add(10 * time.Second); used.Load() != 0 && time.Now().Before(end); {
				runtime.Gosched()
			}
			if left := used.Load(); left != 0 {
				t.Errorf("%d bytes are still counted", left)
			}
		})
	}
}
