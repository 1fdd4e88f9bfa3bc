package killtest_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"salon.im/salon/internal/pgtest"
	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/internal/xmpptest/promise"
)

// estate is the server, and rooms whose owners change everything about them, all the time.
type estate struct {
	t      *testing.T
	server *salon
	book   promise.Values
	owners []*owner
	max    *owner // a member of every room, who registers one nick after the other

	trap   atomic.Pointer[string] // the next acknowledgement of that kind kills the server; nil for none
	quiet  atomic.Bool            // nobody begins a change any more
	online sync.WaitGroup
}

// TestKillRooms is the kill test of rooms: what owners were told that it is so is so after a SIGKILL (docs/durability.md). Its
// kills come eight times as often as those of TestKill, and there are three times as many: each kind of change has its turn to
// bring the next one with its acknowledgement, and then no kind.
func TestKillRooms(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	say(t, "seed %d", *seed)
	w := newEstate(t, *storageURL)
	say(t, "first start: ready in %d ms", w.server.start().Milliseconds())
	w.found()
	moments := rand.New(rand.NewPCG(*seed, 0))
	turns := moments.Perm(len(kinds) + 1)
	for i := range 3 * *kills {
		when := "at any moment"
		w.comeBack()
		w.wait(moments)
		if turn := turns[i%len(turns)]; turn < len(kinds) {
			when = kinds[turn]
			w.spring(when)
		}
		w.crash(i+1, when)
	}
	w.settle()
	w.crash(3**kills+1, "all repeated")
	w.server.end(syscall.SIGTERM)
	w.server.whole()
}

func newEstate(t *testing.T, url string) *estate {
	t.Helper()
	w := &estate{t: t}
	if url == "postgres" {
		url = pgtest.StartServer(t, "fsync=on").URL
	}
	w.server = build(t, url)
	w.server.addUsers("ann", "ben", "cat", "max", "eve")
	for i, name := range []string{"ann", "ben", "cat"} {
		w.owners = append(w.owners, w.newOwner(name, i == 1))
	}
	w.max = w.newMember("max")
	return w
}

// everyone are those who change something.
func (w *estate) everyone() []*owner { return append([]*owner{w.max}, w.owners...) }

// comeBack connects them, and they begin.
func (w *estate) comeBack() {
	w.t.Helper()
	for _, o := range w.everyone() {
		w.connect(o.Client)
		w.online.Go(func() { _ = o.Serve() })
		o.begin()
	}
}

// connect connects a client. A login may be refused for a time, while the database is busy.
func (w *estate) connect(c *keeper.Client) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w.until(c.Addr.String()+" is connected", func() bool {
		_, err := c.Connect(ctx)
		return err == nil
	})
}

// wait waits for a random moment, an eighth of *seconds on average.
func (w *estate) wait(moments *rand.Rand) {
	timer := time.NewTimer(time.Duration((0.25 + 1.5*moments.Float64()) * *seconds / 8 * float64(time.Second)))
	<-timer.C
}

// spring kills the server at the next acknowledgement of a kind, as soon as its client has it.
func (w *estate) spring(kind string) {
	w.t.Helper()
	w.trap.Store(&kind)
	w.until("something is acknowledged: "+kind, func() bool { return w.trap.Load() == nil })
}

// acknowledged is told of every acknowledgement, on the goroutine that read it.
func (w *estate) acknowledged(kind string) {
	if k := w.trap.Load(); k != nil && *k == kind && w.trap.CompareAndSwap(k, nil) {
		_ = w.server.cmd.Process.Kill()
	}
}

// crash kills the server, starts it again, and holds all rooms against the book.
func (w *estate) crash(n int, when string) {
	w.t.Helper()
	w.server.kill()
	w.online.Wait()
	ready := w.server.start()
	w.check()
	sent, acked := w.book.Count()
	say(w.t, "kill %2d, %-15s ready in %3d ms; %5d changes, %5d acknowledged; the rooms are as they were acknowledged to be",
		n, when+":", ready.Milliseconds(), sent, acked)
	if ready > readyWithin {
		w.t.Fatalf("ready after %v", ready)
	}
}

// settle lets everybody repeat what the last crash left open, and nothing more, and waits until all is acknowledged.
func (w *estate) settle() {
	w.t.Helper()
	w.quiet.Store(true)
	w.comeBack()
	w.until("everything is acknowledged", func() bool {
		for _, o := range w.everyone() {
			for _, l := range o.lanes {
				if w.book.Open(l.thing()) > 0 {
					return false
				}
			}
		}
		return true
	})
}

// check reads everything back, and holds it against the book.
func (w *estate) check() {
	w.t.Helper()
	for thing, value := range w.read() {
		w.book.Found(thing, value, repeated(thing))
	}
	if err := w.book.Err(); err != nil {
		w.t.Fatalf("seed %d, data in %s:\n%v", *seed, w.server.data, err)
	}
}

// until waits for a condition.
func (w *estate) until(what string, is func() bool) {
	w.t.Helper()
	clock, late := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer clock.Stop()
	for !is() {
		if err := w.book.Err(); err != nil {
			w.t.Fatalf("waiting until %s: %v", what, err)
		}
		select {
		case <-clock.C:
		case <-late:
			w.t.Fatalf("waiting until %s\n%.2000s", what, w.server.log.String())
		}
	}
}
