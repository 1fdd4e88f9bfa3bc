package muc_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
)

// XEP-0045 §14.6: rooms.joins_per_minute and rooms.joins_burst, so many and no more, and a moment later one more.
func TestJoinRate(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Unix(1_800_000_000, ahead.Load()) }
		w.cfg.Admins = []string{"root@" + host}
	})
	w.dial("anna").instant("A")
	w.reconfigure(func(c *config.Config) { c.Rooms.JoinsPerMinute, c.Rooms.JoinsBurst = 4, 3 })
	ben := w.dial("ben")
	enters := func(p *person) bool {
		t.Helper()
		got := p.enter("B")
		if !has(got, `code="110"`) {
			w.want(got, `type="error"`, tooEarly, `type="wait"`)
			return false
		}
		p.leave("B")
		return true
	}
	for i, c := range []struct {
		at     time.Duration
		enters bool
	}{
		0: {0, true}, 1: {0, true}, 2: {0, true}, 3: {0, false}, 4: {14 * time.Second, false}, 5: {15 * time.Second, true},
		6: {15 * time.Second, false}, 7: {30 * time.Second, true}, 8: {30 * time.Second, false},
	} {
		ahead.Store(int64(c.at))
		if got := enters(ben); got != c.enters {
			t.Errorf("%d: after %v: enters %v", i, c.at, got)
		}
	}
	root := w.dial("root")
	for i := range 9 {
		if !enters(root) {
			t.Errorf("an admin does not enter at %d", i)
		}
	}
}

// XEP-0045 §14.6: one room is entered less often at once than all together: a tenth of rooms.joins_burst, but with so many devices as an account has.
func TestJoinRateOfRoom(t *testing.T) {
	for _, c := range []struct{ burst, want int }{{500, 50}, {150, 20}, {10, 10}} {
		w := newWorld(t, func(w *world) {
			w.now = func() time.Time { return time.Unix(1_800_000_000, 0) }
			w.cfg.Rooms.JoinsBurst = c.burst
		})
		w.dial("anna").instant("A")
		ben := w.dial("ben")
		for range c.want {
			w.want(ben.enter("B"), `code="110"`)
			ben.leave("B")
		}
		w.want(ben.enter("B"), tooEarly, `type="wait"`)
		ben.say(`<presence to='other@` + service + `/B'>` + joinX + `</presence>`)
		if got := ben.syncAt("other@" + service); has(got, `code="201"`) != (c.want < c.burst) {
			t.Errorf("another room: %q", got)
		}
	}
}

// The limits on what one says, on the rooms that one is in, and on those that one owns do not bind an admin of the host.
func TestAdminsAreNotBound(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.cfg.Admins = []string{"root@" + host}
		w.cfg.Rooms.StanzasBurst, w.cfg.Rooms.StanzasPerSecond, w.cfg.Rooms.PerUser, w.cfg.Rooms.PerAccountOwned = 3, 1, 1, 0
	})
	root := w.dial("root")
	root.instant("R")
	w.want(root.configure("persistentroom=1"), `type="result"`)
	root.say(`<presence to='second@` + service + `/R'>` + joinX + `</presence>`)
	w.want(root.syncAt("second@"+service), `code="201"`)
	for i := range 9 {
		root.talk(fmt.Sprint("m", i))
	}
	w.want(root.sync(), "<body>m8</body>")
}
