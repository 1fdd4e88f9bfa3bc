package feature_test

import (
	"testing"

	"salon.im/salon/wire"
)

// BenchmarkChat is one message from a session to another: both archives, the stanza-ids, delivery. The store does not sync.
func BenchmarkChat(b *testing.B) {
	w := newWorld(b)
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	st, err := wire.Parse([]byte(`<message type='chat' id='m1' to='ben@example.test'><body>a message of usual length, as people write</body><request xmlns='urn:xmpp:receipts'/></message>`))
	if err != nil {
		b.Fatal(err)
	}
	st = st.WithFrom(anna.addr)
	b.ReportAllocs()
	for i := range b.N {
		anna.flow.Accept(st)
		if i%1000 == 999 {
			anna.sync()
			ben.ack()
			ben.sync()
		}
	}
	anna.flow.Quiesce(w.ctx)
}
