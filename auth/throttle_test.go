package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/auth"
)

var (
	home     = netip.MustParseAddr("192.0.2.1")
	stranger = netip.MustParseAddr("198.51.100.7")
)

// clock is a hand-moved time.
type clock struct{ now time.Time }

func newThrottle(cfg auth.ThrottleConfig) (*auth.Throttle, *clock) {
	c := &clock{time.Unix(1_000_000, 0)}
	cfg.Now = func() time.Time { return c.now }
	return auth.NewThrottle(cfg), c
}

// The delay doubles with each failure, and success, or an hour, forgives.
func TestThrottleDelay(t *testing.T) {
	th, c := newThrottle(auth.ThrottleConfig{FreeTries: 3})
	try := func() time.Duration {
		d := th.Wait("alice", home)
		c.now = c.now.Add(d)
		th.Failed("alice", home)
		return d.Round(time.Second) / time.Second
	}
	for i, want := range [...]time.Duration{0, 0, 0, 1, 2, 4, 8, 15, 15} {
		if got := try(); got != want {
			t.Errorf("try %d waits %d s, want %d s", i, got, want)
		}
	}
	if got := th.Wait("bob", home); got != 0 {
		t.Errorf("another account waits %v", got)
	}
	c.now = c.now.Add(time.Hour + time.Minute)
	for i := range 3 {
		if got := try(); got != 0 {
			t.Errorf("try %d after an hour: %v", i, got)
		}
	}
	for range 5 {
		try()
	}
	th.Succeeded("alice", home)
	if got := try(); got != 0 {
		t.Errorf("after success: %v", got)
	}
}

// However many tries, the delay is no longer than MaxDelay, and no shorter either.
func TestThrottleManyTries(t *testing.T) {
	th, c := newThrottle(auth.ThrottleConfig{FreeTries: 1, BaseDelay: time.Minute, MaxDelay: time.Hour})
	for i := range 200 {
		got := th.Wait("alice", home)
		if i > 6 && got != time.Hour {
			t.Fatalf("try %d waits %v", i, got)
		}
		c.now = c.now.Add(got)
	}
}

// Tries at once queue up; over MaxDelay they are refused, and book nothing.
func TestThrottleParallel(t *testing.T) {
	th, c := newThrottle(auth.ThrottleConfig{FreeTries: 3})
	for i, want := range [...]time.Duration{0, 0, 0, 1, 3, 7, 15, 30, 30, 30} {
		if got := th.Wait("alice", home) / time.Second; got != want {
			t.Errorf("try %d waits %d s, want %d s", i, got, want)
		}
	}
	c.now = c.now.Add(15 * time.Second)
	if got := th.Wait("alice", home); got != 15*time.Second {
		t.Errorf("15 s later: %v", got)
	}
}

// No stranger can lock a user out from another address.
func TestThrottleStranger(t *testing.T) {
	th, _ := newThrottle(auth.ThrottleConfig{})
	for range 1000 {
		th.Wait("alice", stranger)
		th.Failed("alice", stranger)
	}
	if got := th.Wait("alice", home); got != 0 {
		t.Errorf("alice waits %v at home", got)
	}
	if got := th.Wait("alice", stranger); got <= 15*time.Second {
		t.Errorf("the stranger waits only %v", got)
	}
}

// One address that tries many accounts is paced, whatever the accounts, and a success of its own does not help.
func TestThrottleAddress(t *testing.T) {
	th, c := newThrottle(auth.ThrottleConfig{AddressFailures: 10, AddressRefill: 6 * time.Second})
	for i := range 10 {
		account := fmt.Sprint("user", i)
		if got := th.Wait(account, home); got != 0 {
			t.Errorf("try %d waits %v", i, got)
		}
		th.Failed(account, home)
	}
	th.Wait("mallory", home)
	th.Succeeded("mallory", home)
	if got := th.Wait("user10", home); got != 6*time.Second {
		t.Errorf("over the bound: %v, want 6s", got)
	}
	if got := th.Wait("user10", stranger); got != 0 {
		t.Errorf("another address waits %v", got)
	}
	for i := range 100 { // at once, all let in before the first failed
		th.Failed(fmt.Sprint("more", i), home)
	}
	if got := th.Wait("user11", home); got != 66*time.Second {
		t.Errorf("far over the bound: %v, want 66s", got)
	}
	c.now = c.now.Add(66 * time.Second)
	if got := th.Wait("user11", home); got != 0 {
		t.Errorf("after that time: %v", got)
	}
}

// Unless told otherwise, AddressFailures is what an address has in an hour.
func TestThrottleAddressHour(t *testing.T) {
	th, c := newThrottle(auth.ThrottleConfig{AddressFailures: 200})
	for range 200 {
		th.Failed("alice", home)
	}
	if got := th.Wait("bob", home); got != 18*time.Second {
		t.Errorf("over the bound: %v, want 18s", got)
	}
	c.now = c.now.Add(time.Hour)
	for range 199 {
		th.Failed("carol", home)
	}
	if got := th.Wait("bob", home); got != 0 {
		t.Errorf("an hour later: %v", got)
	}
}

func TestThrottleNetwork(t *testing.T) {
	for i, tc := range [...]struct {
		a, b string
		same bool
	}{
		0: {"2001:db8::1", "2001:db8::ffff:ffff", true},
		1: {"2001:db8::1", "2001:db8:0:1::1", false},
		2: {"192.0.2.1", "::ffff:192.0.2.1", true},
		3: {"192.0.2.1", "192.0.2.2", false},
		4: {"fe80::1%eth0", "fe80::2%eth1", true},
		5: {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
	} {
		th, _ := newThrottle(auth.ThrottleConfig{FreeTries: 1})
		th.Wait("alice", netip.MustParseAddr(tc.a))
		if got := th.Wait("alice", netip.MustParseAddr(tc.b)) > 0; got != tc.same {
			t.Errorf("%d: %s and %s count as one: %v", i, tc.a, tc.b, got)
		}
	}
	th, _ := newThrottle(auth.ThrottleConfig{})
	if got := th.Wait("alice", netip.Addr{}); got != 0 { // an address unknown, as of a pipe
		t.Errorf("no address: %v", got)
	}
}

// Memory is bounded: the pair and the address unused for the longest time fall out.
func TestThrottleEntries(t *testing.T) {
	th, _ := newThrottle(auth.ThrottleConfig{FreeTries: 1, Entries: 100})
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	for i := range 1000 {
		th.Wait("alice", addr(i))
		th.Failed("alice", addr(i))
		if i >= 900 { // keep the first one of the last hundred in use
			th.Failed("alice", addr(900))
		}
	}
	th.Wait("alice", addr(5000))
	if pairs, addresses := th.Len(); pairs != 100 || addresses != 100 {
		t.Errorf("%d pairs and %d addresses, want 100 each", pairs, addresses)
	}
	for range 20 { // up to a refusal
		th.Wait("alice", addr(950))
	}
	for i := range 300 {
		th.Wait("alice", addr(2000+i))
		if i%50 == 0 {
			th.Wait("alice", addr(950)) // refused, but a use
		}
		th.Failed("alice", addr(900))
	}
	if got := th.Wait("alice", addr(950)); got <= 15*time.Second {
		t.Errorf("an entry whose tries are refused fell out: %v", got)
	}
	if got := th.Wait("alice", addr(900)); got == 0 {
		t.Error("an entry in use fell out")
	}
	if got := th.Wait("alice", addr(901)); got != 0 {
		t.Errorf("the oldest entry is still there: %v", got)
	}
}

// The exchange sits out the delay, refuses what is too long, and counts what fails.
func TestExchangeThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParams(newAccounts(t))
		p.Throttle = auth.NewThrottle(auth.ThrottleConfig{FreeTries: 2, MaxDelay: 4 * time.Second})
		p.Addr = home
		try := func(p auth.Params, password string) (auth.Condition, time.Duration) {
			start := time.Now()
			c := client{hash: auth.SHA1, user: "alice", password: password}
			got := condition(t, c.login(auth.NewExchange(p)))
			return got, time.Since(start)
		}
		for i, want := range [...]time.Duration{0, 0, 1, 2, 4, 4} {
			if got, took := try(p, "wrong"); got != auth.NotAuthorized || took != want*time.Second {
				t.Errorf("try %d: %q after %v, want %d s", i, got, took, want)
			}
		}
		elsewhere := p
		elsewhere.Addr = stranger
		if got, took := try(elsewhere, "pencil"); got != "" || took != 0 {
			t.Errorf("from elsewhere: %q after %v", got, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		dying := p
		dying.Context = ctx
		if got, took := try(dying, "pencil"); got != auth.TemporaryAuthFailure || took != time.Second {
			t.Errorf("on a stream that dies: %q after %v", got, took)
		}
		if got, took := try(p, "pencil"); got != auth.TemporaryAuthFailure || took != 0 {
			t.Errorf("behind a try that waits: %q after %v", got, took)
		}
		if _, _, err := auth.NewExchange(p).Start("SCRAM-SHA-1", []byte("n,,n=alice,r=abc")); !errors.Is(err, auth.ErrThrottled) {
			t.Errorf("the cause is %v", errors.Unwrap(err))
		}
		time.Sleep(4 * time.Second) // in the bubble
		if got, _ := try(p, "pencil"); got != "" {
			t.Errorf("the right password: %q", got)
		}
		if got, took := try(p, "pencil"); got != "" || took != 0 {
			t.Errorf("after success: %q after %v", got, took)
		}
	})
}

// A try that the server could not judge, because its storage was away, is no guess, neither on its stream nor later.
func TestExchangeUnjudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParams(newAccounts(t))
		p.Throttle = auth.NewThrottle(auth.ThrottleConfig{FreeTries: 2, MaxDelay: 4 * time.Second})
		p.Addr = home
		away := p
		away.Lookup = noLookup{}
		for range 20 {
			_, _, err := auth.NewExchange(away).Start("SCRAM-SHA-1", []byte("n,,n=alice,r=abc"))
			var f *auth.Failure
			if !errors.As(err, &f) || f.Condition != auth.TemporaryAuthFailure || !f.Misfit || !errors.Is(err, errAway) {
				t.Fatal(err)
			}
		}
		if pairs, addresses := p.Throttle.Len(); pairs != 0 || addresses != 0 {
			t.Errorf("%d pairs and %d addresses are remembered", pairs, addresses)
		}
		start := time.Now()
		for range 2 {
			c := client{hash: auth.SHA1, user: "alice", password: "wrong"}
			if got := condition(t, c.login(auth.NewExchange(p))); got != auth.NotAuthorized || time.Since(start) != 0 {
				t.Errorf("a guess: %q after %v", got, time.Since(start))
			}
		}
		_, _, _ = auth.NewExchange(away).Start("SCRAM-SHA-1", []byte("n,,n=alice,r=abc")) // sits out the second, and takes back only itself
		for i, want := range []time.Duration{0, 2 * time.Second} {
			if wait := p.Throttle.Wait("alice@"+p.Host, home); wait != want {
				t.Errorf("guess %d after it waits %v, want %v", i, wait, want)
			}
		}
	})
}

var errAway = errors.New("away")

// noLookup is storage that is away.
type noLookup struct{}

func (noLookup) Lookup(context.Context, string, auth.Hash) (auth.Keys, error) {
	return auth.Keys{}, errAway
}
