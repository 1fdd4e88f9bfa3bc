package muc_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"mellium.im/xmpp/stream"

	"salon.im/salon/wire"
)

// counter is a session that counts.
type counter struct {
	addr wire.Addr
	n    *tally
}

// tally counts for a crowd, and tells when it has counted down.
type tally struct {
	left atomic.Int64
	done chan struct{}
}

func (t *tally) expect(n int) {
	t.done = make(chan struct{})
	t.left.Store(int64(n))
}

func (c *counter) Addr() wire.Addr    { return c.addr }
func (c *counter) Close(stream.Error) {}
func (c *counter) Send(wire.Stanza, int64) bool {
	if c.n.left.Add(-1) == 0 {
		close(c.n.done)
	}
	return true
}

// crowd puts n silent sessions into the hall.
func (w *world) crowd(n int) *tally {
	got := new(tally)
	for i := range n {
		c := &counter{wire.MustAddr(fmt.Sprintf("u%d@%s/c", i, host)), got}
		res, err := w.router.Bind(w.ctx, c)
		if err != nil {
			w.t.Fatal(err)
		}
		st, _ := wire.Parse([]byte(fmt.Sprintf(`<presence to='%s/u%d'><x xmlns='http://jabber.org/protocol/muc'/></presence>`, roomJID, i)))
		w.router.Send(w.ctx, st.WithFrom(res.Addr()))
	}
	return got
}

// BenchmarkFanout500 sends unarchived and archived messages to 500 sessions; ns/op and allocs/op are for one delivery.
func BenchmarkFanout500(b *testing.B) {
	for name, body := range map[string]string{"archived": `<body>hello there</body>`, "unarchived": `<active xmlns='http://jabber.org/protocol/chatstates'/>`} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, func(w *world) { w.cfg.Rooms.ChatStatesMax = 1000 })
			anna := w.dial("anna")
			anna.instant("A")
			got := w.crowd(500)
			anna.sync()
			st, _ := wire.Parse([]byte(`<message type='groupchat' to='` + roomJID + `'>` + body + `</message>`))
			st = st.WithFrom(anna.addr)
			messages := max(1, b.N/500)
			got.expect(500 * messages)
			b.ReportAllocs()
			b.ResetTimer()
			for range messages {
				anna.flow.Accept(st)
			}
			<-got.done
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
