package sqlite_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	chatUsers   = 400
	chatBatch   = 100    // messages: what a few hundred who wait for their answers queue during a commit
	chatHistory = 50_000 // messages that are there already
)

// chatter makes batches of one-to-one messages as package feature does: a row for each side, the recipient's marked until
// the next batch.
type chatter struct {
	addrs []wire.Addr
	n     int64
	rand  *rand.Rand
	batch storage.Batch
	next  []storage.Mark
}

func newChatter() *chatter {
	c := &chatter{rand: rand.New(rand.NewPCG(1, 2))}
	for i := range chatUsers {
		c.addrs = append(c.addrs, wire.MustAddr(fmt.Sprintf("user%d@example.test", i)))
	}
	return c
}

// fill makes a batch of n messages.
func (c *chatter) fill(n int) storage.Batch {
	stanza := bytes.Repeat([]byte("x"), 430)
	c.batch.Rows = c.batch.Rows[:0]
	c.batch.Delivered, c.next = c.next, c.batch.Delivered[:0]
	for range n {
		c.n++
		i := c.rand.IntN(chatUsers)
		from, to := c.addrs[i], c.addrs[i^1]
		origin := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, c.rand.Uint64()), c.rand.Uint64())
		id := 1<<52 + 2*c.n
		c.batch.Rows = append(c.batch.Rows,
			storage.Row{ID: id, Owner: from, Peer: to, Kind: storage.RowChat, Outgoing: true, Origin: origin, Stanza: stanza},
			storage.Row{ID: id + 1, Owner: to, Peer: from, Kind: storage.RowChat, Origin: origin, Undelivered: true, Stanza: stanza})
		c.next = append(c.next, storage.Mark{Owner: to, ID: id + 1})
	}
	return c.batch
}

// BenchmarkAppendChat is the way of one-to-one messages into archives that have some history; an operation is a message.
func BenchmarkAppendChat(b *testing.B) {
	s, c := openBench(b), newChatter()
	add := func(n int) {
		if _, err := s.Append(context.Background(), c.fill(n)); err != nil {
			b.Fatal(err)
		}
	}
	for range chatHistory / 500 {
		add(500)
	}
	cpu := cpuTime()
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += chatBatch {
		add(min(chatBatch, b.N-n))
	}
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
}
