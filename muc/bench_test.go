package muc_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"mellium.im/xmpp/stream"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// counter is a session that counts.
type counter struct {
	addr wire.Addr
	n    *atomic.Int64
}

func (c *counter) Addr() wire.Addr              { return c.addr }
func (c *counter) Close(stream.Error)           {}
func (c *counter) Send(wire.Stanza, int64) bool { c.n.Add(1); return true }

// crowd puts n silent sessions into the hall.
func (w *world) crowd(n int) *atomic.Int64 {
	got := new(atomic.Int64)
	for i := range n {
		c := &counter{wire.MustAddr(fmt.Sprintf("u%d@%s/c", i, host)), got}
		res, err := w.router.Bind(w.ctx, c)
		if err != nil {
			w.t.Fatal(err)
		}
		st, _ := wire.Parse([]byte(fmt.Sprintf(`<presence to='%s/u%d'><x xmlns='http://jabber.org/protocol/muc'/></presence>`, roomJID, i)))
		accept(w.router, res, st.WithFrom(c.addr))
	}
	return got
}

func accept(r *router.Router, res *router.Resource, st wire.Stanza) { r.Send(nil, st) }

func until(t testing.TB, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// BenchmarkFanout500 sends unarchived and archived messages to 500 sessions; ns/op and allocs/op are for one delivery.
func BenchmarkFanout500(b *testing.B) {
	for name, body := range map[string]string{"archived": `<body>hello there</body>`, "unarchived": `<active xmlns='http://jabber.org/protocol/chatstates'/>`} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			anna := w.dial("anna")
			anna.instant("A")
			got := w.crowd(500)
			anna.sync()
			got.Store(0)
			st, _ := wire.Parse([]byte(`<message type='groupchat' to='` + roomJID + `'>` + body + `</message>`))
			st = st.WithFrom(anna.addr)
			messages := max(1, b.N/500)
			b.ReportAllocs()
			b.ResetTimer()
			for range messages {
				anna.flow.Accept(st)
			}
			until(b, func() bool { return got.Load() >= int64(500*messages) })
		})
	}
}

// BenchmarkJoin300 lets 300 join at once; ns/op is for one presence delivered.
func BenchmarkJoin300(b *testing.B) {
	deliveries := 0
	b.ReportAllocs()
	for deliveries < b.N {
		b.StopTimer()
		w := newWorld(b)
		anna := w.dial("anna")
		anna.instant("A")
		b.StartTimer()
		w.crowd(300)
		anna.sync()
		deliveries += 300 * 300
	}
}
