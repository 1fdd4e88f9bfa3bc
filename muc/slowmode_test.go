package muc_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/muc"
)

// XEP-0500 §6: once the duration has elapsed, and not a moment before, the next message is taken.
func TestSlowModeElapses(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Unix(1_800_000_000, ahead.Load()) }
	})
	anna, bert := w.dial("anna"), w.dial("bert")
	anna.instant("A")
	anna.configure("slow_mode_duration=20")
	bert.enter("B")
	for i, c := range []struct {
		at    time.Duration
		taken bool
	}{
		0: {0, true}, 1: {20*time.Second - 1, false}, 2: {20 * time.Second, true}, 3: {39 * time.Second, false}, 4: {40 * time.Second, true},
	} {
		ahead.Store(int64(c.at))
		body := fmt.Sprint("m", i)
		bert.talk(body)
		bert.sync()
		if got := has(anna.sync(), body); got != c.taken {
			t.Errorf("%d: after %v: taken %v", i, c.at, got)
		}
	}
	anna.configure("slow_mode_duration=0")
	bert.talk("free")
	bert.talk("again")
	bert.sync()
	if got := anna.sync(); !has(got, "free") || !has(got, "again") {
		t.Errorf("off: %q", got)
	}
}

// What a room remembers is bounded, and who has just spoken is remembered at the bound as well.
func TestSlowModeBound(t *testing.T) {
	for _, n := range []int{muc.MaxWaiting, muc.MaxWaiting + 100} {
		if kept, waits := muc.SlowMode(n, time.Minute); kept != muc.MaxWaiting || !waits {
			t.Errorf("%d: kept %d, waits %v", n, kept, waits)
		}
	}
}

// Who spoke is remembered for as long as it has to wait, also when the room is empty for longer than rooms.park_after.
func TestSlowModeOutlastsAnEmptyRoom(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Unix(1_800_000_000, ahead.Load()) }
		w.cfg.Rooms.ParkAfter = time.Millisecond
	})
	anna, bert := w.dial("anna"), w.dial("bert")
	anna.instant("A")
	anna.configure("persistentroom=1", "slow_mode_duration=86400")
	bert.enter("B")
	bert.talk("one")
	anna.leave("A")
	bert.leave("B")
	for range 20 { // others come and go meanwhile
		anna.syncAt("other@" + service)
		for w.muc.Stats.Rooms.Load() > 1 {
			runtime.Gosched() // its own timer runs out
		}
	}
	bert.enter("B")
	bert.talk("two")
	w.want(bert.sync(), tooEarly)
	ahead.Store(int64(24*time.Hour - time.Millisecond))
	bert.leave("B")
	for w.muc.Stats.Rooms.Load() > 0 {
		runtime.Gosched()
	}
	w.reconfigure(func(c *config.Config) { c.Rooms.ParkAfter = time.Hour })
}
