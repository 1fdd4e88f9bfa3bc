package c2s_test

import (
	"strconv"
	"testing"
	"time"

	"salon.im/salon/c2s"
	"salon.im/salon/config"
)

func TestNegotiatingIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetMaxNegotiating(2)
	a, b := w.connect(), w.connect()
	a.open()
	b.open()
	if got := w.connect().next(); got != "EOF" {
		t.Errorf("a third: %s", got)
	}
	a.write(`</stream:stream>`)
	a.expect("</stream>", "EOF")
}

func TestGoneSessionsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range c2s.MaxGone + 1 {
		w.Remember(strconv.Itoa(i), alice)
	}
	for id, want := range map[string]bool{"0": false, "1": true, strconv.Itoa(c2s.MaxGone): true} {
		if ok, n := w.Remembered(id, alice.Bare()); ok != want || n != c2s.MaxGone {
			t.Errorf("%s: %v of %d", id, ok, n)
		}
	}
	if ok, _ := w.Remembered("1", bob.Bare()); ok {
		t.Error("told somebody else")
	}
}

// Settings of delays take effect on a reload; 0 is none, and no delay outlasts a login.
func TestThrottleFollowsTheSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := *w.cfg.Load()
	if w.Throttle(&cfg) != nil {
		t.Error("auth.delay 0 delays")
	}
	cfg.Auth.Delay = time.Second
	first := w.Throttle(&cfg)
	if first == nil || w.Throttle(&cfg) != first {
		t.Error("the throttle forgets without a cause")
	}
	cfg.Auth.FailuresPerAddress++
	if w.Throttle(&cfg) == first {
		t.Error("the throttle does not follow")
	}
}

// Sessions are looked at often enough for the shortest settings of pings.
func TestWatchFollowsTheSettings(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ idle, timeout, want time.Duration }{
		{10 * time.Minute, time.Minute, 5 * time.Second},
		{0, time.Minute, 5 * time.Second},
		{time.Second, time.Minute, time.Second / 2},
		{time.Minute, 2 * time.Second, time.Second},
	} {
		w := newWorld(t, func(c *config.Config) { c.Stream.IdlePing, c.Stream.PingTimeout = row.idle, row.timeout })
		if got := w.WatchInterval(); got != row.want {
			t.Errorf("%v, %v: every %v", row.idle, row.timeout, got)
		}
	}
}
