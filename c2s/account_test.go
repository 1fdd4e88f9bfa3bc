package c2s_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("not %s", what)
		}
	}
}

// asleep waits until so many of alice's sessions hibernate.
func asleep(w *world, n int) {
	w.t.Helper()
	until(w.t, "asleep", func() bool {
		got := 0
		for _, res := range w.r.Resources(alice.Bare()) {
			if _, ok := res.Session.(router.Sleeper).Asleep(); ok {
				got++
			}
		}
		return got == n
	})
}

// An account whose sessions hibernate is not locked out: the one that has waited longest makes room, and what it leaves
// goes the usual way. Only live sessions count against a newcomer (RFC 6120 §7.6.2.1).
func TestSleepersMakeRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const most = 20
	ids := map[string]string{}
	for i := range most {
		name := fmt.Sprint("s", i)
		c := w.dial("alice@example.test/" + name)
		if i < 2 {
			continue // stays
		}
		ids[name] = c.enable("")
		_ = c.raw.Close()
		until(t, "asleep", func() bool {
			_, ok := w.r.Resource(c.addr).Session.(router.Sleeper).Asleep()
			return ok
		})
	}
	sender := w.dial(bob.String())
	oldest := wire.MustAddr("alice@example.test/s2")
	sender.write(normal("n1", oldest))
	sender.barrier()
	w.dial("alice@example.test/new")
	if a := <-w.gone; a != oldest {
		t.Errorf("%s is gone", a)
	}
	sender.expect("<service-unavailable")
	if n := len(w.r.Resources(alice.Bare())); n != most {
		t.Errorf("%d sessions", n)
	}
	w.resume("alice", ids["s2"], "0").expect("<item-not-found")
	w.resume("alice", ids["s3"], "0").expect("<resumed")
}

func TestLiveSessionsDoNotMakeRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		w.dial(fmt.Sprint("alice@example.test/s", i)).enable("")
	}
	c := w.secure()
	c.login("alice")
	c.write(`<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`)
	c.expect("<resource-constraint")
}

// The sessions of one account that do not read have a bound together, and those that hold most end; one that reads goes on.
func TestAccountHasABudget(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	w := newWorld(t, func(c *config.Config) {
		c.Limits.OutboxBytesPerUser, c.Stream.ResumeTime = most, time.Hour
	})
	reader := w.dial("alice@example.test/reader")
	var deaf []*router.Resource
	for i := range 18 {
		c := w.dial(fmt.Sprint("alice@example.test/s", i))
		c.enable("")
		_ = c.raw.Close()
		deaf = append(deaf, w.r.Resource(c.addr))
	}
	asleep(w, len(deaf))
	st := wire.New(wire.KindMessage, "headline", "", bob, alice, payload(strings.Repeat("x", 10000)))
	live := w.r.Resource(reader.addr)
	for range 200 {
		for _, res := range deaf {
			res.Send(st, 0)
		}
		if !live.Send(st, 0) {
			t.Fatal("who reads is refused")
		}
		reader.expect("xxx")
		if held := live.Held().Load(); held > most+18*11000 {
			t.Fatalf("the account holds %d bytes", held)
		}
	}
	until(t, "gone", func() bool { return len(w.r.Resources(alice.Bare())) == 1 })
	until(t, "even", func() bool { return live.Held().Load() == 0 })
}
