package router_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// journal notes what happened to the numbered stanzas of one stream.
type journal struct {
	t  *testing.T
	mu sync.Mutex
	// begun, by Amend or by the service; ended, by delivery, an answer or the service's done.
	begun, ended []int
	done         map[int]bool
	handled      int
}

func (j *journal) number(st wire.Stanza) int {
	n, err := strconv.Atoi(st.ID())
	if err != nil {
		j.t.Errorf("an unexpected stanza: %s", st.Append(nil))
	}
	return n
}

func (j *journal) begin(st wire.Stanza) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun = append(j.begun, j.number(st))
}

func (j *journal) end(st wire.Stanza) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := j.number(st)
	j.ended = append(j.ended, n)
	j.done[n] = true
}

// world is a router in which every stanza leaves a trace.
func world(t *testing.T, seed uint64, l router.FlowLimits) (*router.Router, *journal, *rand.Rand) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	a := newArchiver(t, rnd)
	j := &journal{t: t, done: map[int]bool{}}
	r := newRouter(a, l)
	r.Check(func(_ context.Context, w *router.Walk) error {
		if strings.HasPrefix(w.Stanza.ID(), "-") {
			return router.ErrDrop
		}
		return nil
	})
	r.Amend(func(_ context.Context, w *router.Walk) error {
		j.begin(w.Stanza)
		switch w.Stanza.Type() {
		case "chat": // two rows, like a message between two local users
			w.Rows = []storage.Row{{Owner: w.Stanza.From().Bare()}, {Owner: w.Stanza.To().Bare()}}
			w.Committed = func(w *router.Walk) { w.Mark = w.Rows[1].ID }
		case "headline":
			return stanza.Error{Type: stanza.Cancel, Condition: stanza.NotAllowed}
		}
		return nil
	})
	a.fail = func(rows []storage.Row) ([]bool, error) {
		switch a.last / 2 % 7 {
		case 3:
			return nil, errors.New("disk full")
		case 5:
			return []bool{true, true}, nil
		}
		return nil, nil
	}
	var pending sync.WaitGroup
	t.Cleanup(pending.Wait)
	r.HandleService("rooms.example.test", service{func(st wire.Stanza, done func()) {
		j.begin(st)
		if j.number(st)%3 == 0 {
			j.end(st)
			done()
			done()
			return
		}
		pending.Go(func() { runtime.Gosched(); j.end(st); done() })
	}})
	r.HandleIQ(router.ToServer, "get", ping, func(_ context.Context, st wire.Stanza) (wire.Payload, error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		n := j.number(st)
		// A barrier: all before it are handled, and nothing behind it has begun.
		if j.handled != n {
			t.Errorf("IQ %d runs after %d were handled", n, j.handled)
		}
		for _, b := range j.begun {
			if b > n {
				t.Errorf("IQ %d runs after %d has begun", n, b)
			}
		}
		if n%11 == 0 {
			panic("a mistake of ours")
		}
		return nil, nil
	})
	return r, j, rnd
}

// Architecture §4, "Walk to the commit" and "Acks": whatever is mixed, however the archive answers, stanzas are delivered
// and counted in the order in which they came.
func TestFlowKeepsOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { keepsOrder(t, seed) })
	}
}

func keepsOrder(t *testing.T, seed uint64) {
	r, j, rnd := world(t, seed, router.FlowLimits{Stanzas: 1 + int(seed)%40})
	bs, _ := bind(t, r, bob, 0)
	as, from := bind(t, r, alice, 0)
	bs.see = j.end
	as.see = j.end // answers and errors
	all := make(chan struct{})
	const n = 200
	f := r.NewFlow(t.Context(), from, func(k int) {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.handled += k; j.handled == n {
			close(all)
		}
	})
	for i := range n {
		id := fmt.Sprint(i)
		switch rnd.IntN(6) {
		case 0:
			f.Accept(message("chat", id, alice, bob))
		case 1:
			f.Accept(message("normal", id, alice, bob)) // no row
		case 2:
			f.Accept(message("headline", id, alice, bob)) // refused
		case 3:
			f.Accept(request(id, alice, alice.Host()))
		case 4:
			f.Accept(message("groupchat", id, alice, room))
		default:
			f.Accept(request(id, alice, room))
		}
	}
	select {
	case <-all:
	case <-time.After(patience):
		j.mu.Lock()
		t.Fatalf("%d of %d were handled", j.handled, n)
	}
	if err := f.Quiesce(t.Context()); err != nil {
		t.Error(err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	last := -1
	for _, i := range j.begun {
		if i <= last {
			t.Fatalf("began %d after %d", i, last)
		}
		last = i
	}
	last = -1
	for _, st := range append(as.take(), bs.take()...) {
		if st.To() == bob && j.number(st) <= last {
			t.Fatalf("%d was delivered after %d", j.number(st), last)
		} else if st.To() == bob {
			last = j.number(st)
		}
	}
}

// h never passes a stanza that is still under way (XEP-0198 §4).
func TestFlowCountsTheHandledPrefix(t *testing.T) {
	t.Parallel()
	r := newRouter(nil, router.FlowLimits{})
	var dones []func()
	r.HandleService("rooms.example.test", service{func(_ wire.Stanza, done func()) { dones = append(dones, done) }})
	handled := make(chan int, 10)
	f := r.NewFlow(t.Context(), nil, func(n int) { handled <- n })
	for i := range 3 {
		f.Accept(message("groupchat", fmt.Sprint(i), alice, room))
	}
	dones[2]()
	dones[1]()
	select {
	case <-handled:
		t.Fatal("counted before the first was handled")
	default:
	}
	dones[0]()
	for range 3 {
		if n := <-handled; n != 1 {
			t.Errorf("counted %d at once", n)
		}
	}
}

// What Accept cannot take holds up the reader until something is handled or the flow is closed.
func TestFlowBounds(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]router.FlowLimits{"stanzas": {Stanzas: 2}, "bytes": {Bytes: 2}} {
		r := newRouter(nil, limits)
		var mu sync.Mutex
		var dones []func()
		r.HandleService("rooms.example.test", service{func(_ wire.Stanza, done func()) { mu.Lock(); dones = append(dones, done); mu.Unlock() }})
		f := r.NewFlow(t.Context(), nil, nil)
		n := 0
		for f.TryAccept(message("groupchat", fmt.Sprint(n), alice, room), nil) {
			n++
		}
		if want := map[string]int{"stanzas": 2, "bytes": 1}[name]; n != want {
			t.Fatalf("%s: took %d", name, n)
		}
		entered := make(chan bool)
		go func() { f.Accept(message("groupchat", "blocked", alice, room)); entered <- true }()
		select {
		case <-entered:
			t.Errorf("%s: Accept does not block", name)
		case <-time.After(time.Millisecond):
		}
		for done := false; !done; { // the service gets its stanzas on a goroutine of the flow
			mu.Lock()
			if done = len(dones) > 0; done {
				dones[0]()
			}
			mu.Unlock()
			runtime.Gosched()
		}
		<-entered
		go func() { f.Accept(message("groupchat", "never", alice, room)); entered <- true }()
		f.Close()
		<-entered
		if f.TryAccept(message("groupchat", "never", alice, room), nil) {
			t.Errorf("%s: a closed flow takes stanzas", name)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if f.Quiesce(ctx) == nil {
			t.Errorf("%s: quiet though not all is handled", name)
		}
	}
}

// A message whose recipient's row is new was never delivered, whatever the sender's archive held.
func TestFlowDropsResends(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		dropped   []bool
		delivered bool
	}{{nil, true}, {[]bool{true, false}, true}, {[]bool{false, true}, false}, {[]bool{true, true}, false}} {
		a := newArchiver(t, rand.New(rand.NewPCG(1, 1)))
		a.fail = func([]storage.Row) ([]bool, error) { return row.dropped, nil }
		r := newRouter(a, router.FlowLimits{})
		r.Amend(func(_ context.Context, w *router.Walk) error {
			w.Rows = []storage.Row{{Owner: alice.Bare()}, {Owner: bob.Bare()}}
			return nil
		})
		s, _ := bind(t, r, bob, 0)
		f := r.NewFlow(t.Context(), nil, nil)
		f.Accept(message("chat", "1", alice, bob))
		f.Quiesce(t.Context())
		if got := len(s.take()) == 1; got != row.delivered {
			t.Errorf("dropped %v: delivered %v", row.dropped, got)
		}
	}
}
