package stream_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	xstream "mellium.im/xmpp/stream"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

func TestOutboxKeepsOrder(t *testing.T) {
	t.Parallel()
	c, client := encrypted(t)
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{}, stream.Events{})
	for i := range 10 {
		o.Send(message(fmt.Sprint("early ", i)), 0)
	}
	o.Attach(c)
	const n = 3000
	go func() {
		for i := range n {
			o.Send(message(fmt.Sprint("later ", i)), 0)
		}
	}()
	r := newReader(t, client)
	for i := range 10 {
		r.expect(fmt.Sprint("<body>early ", i, "</body>"))
	}
	for i := range n {
		r.expect(fmt.Sprint("<body>later ", i, "</body>"))
	}
}

func TestFlushCoalesces(t *testing.T) {
	t.Parallel()
	c, client := clear(t)
	f := flusher(t)
	written := make(chan struct{}, 100)
	o := stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{Delivered: func([]int64) { written <- struct{}{} }})
	for i := range 100 {
		o.Send(message("x"), int64(i))
	}
	o.Attach(c)
	r := newReader(t, client)
	for range 100 {
		r.expect("<body>x</body>")
	}
	<-written
	if w := f.Stats.Writes.Load(); w != 1 {
		t.Errorf("100 stanzas took %d writes", w)
	}
}

// A backlog of many flushes does not keep another outbox waiting for its end.
func TestFlushIsFair(t *testing.T) {
	t.Parallel()
	f := flusher(t)
	big, bigClient := clear(t)
	small, smallClient := clear(t)
	const n = 50000
	var sent, when atomic.Int64
	done := make(chan struct{})
	b := stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{Delivered: func([]int64) { when.Store(sent.Load()); close(done) }})
	b.Send(message("alone"), 1)
	a := stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{Delivered: func(m []int64) {
		if sent.Add(int64(len(m))) == int64(len(m)) {
			b.Attach(small) // behind the first flush of many
		}
	}})
	go io.Copy(io.Discard, bigClient)
	go io.Copy(io.Discard, smallClient)
	for range n {
		a.Send(message("a stanza among very many of them"), 1)
	}
	a.Attach(big)
	eventually(t, done, "delivery")
	if when.Load() > n/2 {
		t.Errorf("%d of a backlog of %d went first", when.Load(), n)
	}
}

func TestMarksAreDelivered(t *testing.T) {
	t.Parallel()
	got := make(chan []int64, 10)
	events := stream.Events{Delivered: func(m []int64) { got <- slices.Clone(m) }, Handled: func() uint32 { return 7 }}
	f := flusher(t)

	c, client := clear(t)
	o := stream.NewOutbox(f, stream.OutboxLimits{}, events)
	o.Send(message("a"), 11)
	o.Send(message("b"), 0)
	o.Attach(c)
	newReader(t, client).expect("a", "b")
	if m := <-got; !slices.Equal(m, []int64{11}) {
		t.Errorf("written: got %v", m)
	}

	c, client = clear(t)
	o = stream.NewOutbox(f, stream.OutboxLimits{}, events)
	o.Attach(c)
	o.EnableAcks(wire.Payload(`<enabled xmlns="urn:xmpp:sm:3"/>`))
	o.Send(message("a"), 12)
	o.Send(message("b"), 13)
	r := newReader(t, client)
	r.expect("<enabled", "a")
	if err := o.Acked(1); err != nil {
		t.Fatal(err)
	}
	if m := <-got; !slices.Equal(m, []int64{12}) {
		t.Errorf("acknowledged: got %v", m)
	}
}

// A write that fails gives its stanzas back, and clears no mark.
func TestFailedWriteLosesNothing(t *testing.T) {
	t.Parallel()
	c, _ := clear(t)
	marked := make(chan []int64, 1)
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{}, stream.Events{Delivered: func(m []int64) { marked <- m }})
	c.Close()
	o.Attach(c)
	o.Send(message("a"), 1)
	for o.Detach(c) { // until a worker has met the error, which detaches
		o.Attach(c)
	}
	rest := o.Close(nil, false)
	if len(rest) != 1 || rest[0].Mark != 1 {
		t.Errorf("got back %v", rest)
	}
	select {
	case m := <-marked:
		t.Errorf("cleared %v", m)
	default:
	}
}

func TestCloseSaysLastWords(t *testing.T) {
	t.Parallel()
	for _, conn := range []func(testing.TB) (*stream.Conn, net.Conn){clear, encrypted} {
		c, client := conn(t)
		o := stream.NewOutbox(flusher(t), stream.OutboxLimits{}, stream.Events{})
		o.Attach(c)
		o.Send(message("a"), 0)
		if rest := o.Close(stream.AppendError(nil, stream.Error("conflict", "")), false); len(rest) != 0 {
			t.Errorf("gave up %v", rest)
		}
		if o.Send(message("late"), 0) {
			t.Error("took a stanza after its end")
		}
		// What the client sent and nobody read must not destroy the last words.
		io.WriteString(client, "<message><body>unread</body></message>")
		newReader(t, client).expect("a", "<conflict", "</stream>", "EOF")
	}
}

func TestCloseWithoutConnectionReturnsAll(t *testing.T) {
	t.Parallel()
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{}, stream.Events{})
	o.Send(message("a"), 3)
	o.Send(wire.NewNonza(wire.Payload(`<r xmlns="urn:xmpp:sm:3"/>`)), 0)
	o.Send(message("b"), 0)
	rest := o.Close(nil, false)
	if len(rest) != 2 || rest[0].Mark != 3 || o.Close(nil, false) != nil {
		t.Errorf("got %v", rest)
	}
}

// A peer that stops reading fills its own outbox up to the bound, is reported once, and delays no other by 50 ms.
func TestStalledPeerDelaysNobody(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs idle processors")
	}
	for name, conn := range map[string]func(testing.TB) (*stream.Conn, net.Conn){"TCP": clear, "TLS": encrypted} {
		t.Run(name, func(t *testing.T) {
			f := flusher(t)
			limits := stream.OutboxLimits{Bytes: 256 << 10, Stanzas: 100000, ResumeBytes: 512 << 10, ResumeStanzas: 100000}
			var once sync.Once
			over := make(chan struct{})
			var calls atomic.Int64
			stuck, _ := conn(t)
			so := stream.NewOutbox(f, limits, stream.Events{Overflow: func() { calls.Add(1); once.Do(func() { close(over) }) }})
			so.Attach(stuck)
			defer stuck.Close()

			c, client := conn(t)
			o := stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{})
			o.Attach(c)
			r := newReader(t, client)
			st := message("all work and no play makes a dull peer, and a long line of them fills what the kernel buffers")
			rounds, slow := 0, 0
			for refused := 0; refused < 20; refused++ { // the kernel's buffers grow for a while
				for so.Send(st, 0) {
					refused = 0
				}
				begin := time.Now()
				o.Send(st, 0)
				r.expect("all work")
				if rounds++; time.Since(begin) > 50*time.Millisecond {
					slow++
				}
			}
			eventually(t, over, "overflow")
			_, bytes := so.Waiting()
			if bytes > limits.ResumeBytes+st.Len() || calls.Load() != 1 {
				t.Errorf("%d bytes wait, overflow was told %d times", bytes, calls.Load())
			}
			if slow > rounds/5 && !raceEnabled { // a busy machine delays one now and then, a stalled peer would delay all
				t.Errorf("another peer waited for more than 50 ms in %d of %d rounds", slow, rounds)
			}
			rest := so.Close(nil, true)
			if len(rest)*st.Len() < limits.Bytes {
				t.Errorf("got back %d stanzas only", len(rest))
			}
		})
	}
}

// What a stalled peer reads later is whole and in order.
func TestStalledPeerReadsOn(t *testing.T) {
	t.Parallel()
	c, client := encrypted(t)
	f := flusher(t)
	o := stream.NewOutbox(f, stream.OutboxLimits{}, stream.Events{})
	o.Attach(c)
	n := 0
	for ; f.Stats.Stalls.Load() == 0; n++ {
		o.Send(message(fmt.Sprint("number ", n, " of a line that is long enough to fill the buffers of a kernel some day")), 0)
	}
	for range 100 {
		o.Send(message(fmt.Sprint("number ", n, " after the stall")), 0)
		n++
	}
	o.Close(stream.AppendEnd(nil), false)
	r := newReader(t, client)
	for i := range n {
		r.expect(fmt.Sprint("<body>number ", i, " "))
	}
	r.expect("</stream>", "EOF")
}

// A connection that is deposed while something is being written gets its last words behind that.
func TestDeposeBehindAFlight(t *testing.T) {
	t.Parallel()
	c, client := encrypted(t)
	f := flusher(t)
	o := stream.NewOutbox(f, stream.OutboxLimits{LastWords: time.Minute}, stream.Events{})
	o.Attach(c)
	for n := 0; f.Stats.Stalls.Load() == 0; n++ {
		o.Send(message(fmt.Sprint("number ", n, " of a line that is long enough to fill the buffers of a kernel some day")), 0)
	}
	deposed := make(chan struct{})
	go func() {
		o.Depose(c, stream.AppendError(nil, xstream.Conflict))
		close(deposed)
	}()
	r := newReader(t, client)
	for seen := ""; !strings.Contains(seen, "<conflict"); {
		if seen = r.next(); seen == "EOF" {
			t.Fatal("no last words")
		}
	}
	<-deposed
}
