package storagetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const chatUsers = 400

// Chat makes batches of one-to-one messages among 400 people as package feature does: a row for each side, the recipient's
// marked until the next batch. It is for benchmarks.
type Chat struct {
	id    int64 // the last one
	addrs []wire.Addr
	rand  *rand.Rand
	batch storage.Batch
	next  []storage.Mark
}

// NewChat begins behind the row with that id.
func NewChat(id int64) *Chat {
	c := &Chat{id: id, rand: rand.New(rand.NewPCG(1, 2))}
	for i := range chatUsers {
		c.addrs = append(c.addrs, wire.MustAddr(fmt.Sprintf("user%d@example.test", i)))
	}
	return c
}

// Batch makes n messages. It is valid until the next call.
func (c *Chat) Batch(n int) storage.Batch {
	stanza := bytes.Repeat([]byte("x"), 430)
	c.batch.Rows = c.batch.Rows[:0]
	c.batch.Delivered, c.next = c.next, c.batch.Delivered[:0]
	for range n {
		i := c.rand.IntN(chatUsers)
		from, to := c.addrs[i], c.addrs[i^1]
		origin := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, c.rand.Uint64()), c.rand.Uint64())
		c.batch.Rows = append(c.batch.Rows,
			storage.Row{ID: c.id + 1, Owner: from, Peer: to, Kind: storage.RowChat, Outgoing: true, Origin: origin, Stanza: stanza},
			storage.Row{ID: c.id + 2, Owner: to, Peer: from, Kind: storage.RowChat, Origin: origin, Undelivered: true, Stanza: stanza})
		c.id += 2
		c.next = append(c.next, storage.Mark{Owner: to, ID: c.id})
	}
	return c.batch
}
