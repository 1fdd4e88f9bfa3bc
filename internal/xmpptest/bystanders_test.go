package xmpptest_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/wire"
)

// memory is by how much the heap of the process may grow while somebody attacks.
const memory = 64 << 20

// bystanders are two who talk to each other, one message and its answer after the other, until stop is called. It fails the
// test if a message was lost or held up, and says how many there were.
type bystanders struct {
	t       *testing.T
	quit    chan struct{}
	done    chan error
	rounds  atomic.Int64
	longest atomic.Int64 // of a round, as a time.Duration
	slow    atomic.Int64 // of all rounds over heldUp
}

func watch(t *testing.T, s *xmpptest.Server) *bystanders {
	t.Helper()
	b := &bystanders{t: t, quit: make(chan struct{}), done: make(chan error, 1)}
	carol, dave := s.Online("carol@example.test/a"), s.Online("dave@example.test/b")
	go func() { b.done <- b.talk(carol, dave) }()
	return b
}

func (b *bystanders) talk(carol, dave *xmpptest.Client) error {
	tick := time.NewTicker(2 * time.Millisecond) // they must not take the processors from whom they stand by
	defer tick.Stop()
	for {
		select {
		case <-b.quit:
			return nil
		case <-tick.C:
		}
		begin := time.Now()
		for _, pair := range [][2]*xmpptest.Client{{carol, dave}, {dave, carol}} {
			id := wire.NewID()
			if err := pair[0].TrySend(fmt.Sprintf(`<message to="%s" type="chat" id="%s"><body>hello</body></message>`, pair[1].Addr, id)); err != nil {
				return err
			}
			st, err := pair[1].TryRecv()
			if err != nil {
				return err
			}
			if st.ID() != id {
				return fmt.Errorf("%s received %s", pair[1].Addr, st.Append(nil))
			}
		}
		took := time.Since(begin)
		b.longest.Store(max(b.longest.Load(), int64(took)))
		if took > heldUp {
			b.slow.Add(int64(took))
		}
		b.rounds.Add(1)
	}
}

// more waits until n more rounds are over.
func (b *bystanders) more(n int64) {
	b.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := b.rounds.Load() + n; b.rounds.Load() < end; <-tick.C {
		select {
		case err := <-b.done:
			b.t.Fatalf("bystanders, after %d rounds: %v", b.rounds.Load(), err)
		default:
		}
	}
}

func (b *bystanders) stop() {
	b.t.Helper()
	close(b.quit)
	if err := <-b.done; err != nil {
		b.t.Fatalf("bystanders, after %d rounds: %v", b.rounds.Load(), err)
	}
	rounds, longest := b.rounds.Load(), time.Duration(b.longest.Load())
	b.t.Logf("bystanders: %d rounds, the longest %v", rounds, longest)
	if rounds == 0 || longest > undisturbed {
		b.t.Errorf("bystanders were held up: %d rounds, the longest %v", rounds, longest)
	}
}
