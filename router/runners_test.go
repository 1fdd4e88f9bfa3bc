package router

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRunnersAreBounded has more flows run at once than may wait afterwards. Those that wait serve again, and end.
func TestRunnersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunners()
		flows := make([]Flow, maxIdleRunners+20)
		for i := range flows {
			flows[i].mu.Lock()
			r.run(&flows[i])
		}
		for i := range flows {
			flows[i].mu.Unlock()
		}
		synctest.Wait()
		if n := len(r.idle); n != maxIdleRunners {
			t.Errorf("%d wait, of at most %d", n, maxIdleRunners)
		}
		time.Sleep(runnerIdle / 2) // the bubble's clock
		r.run(&flows[0])
		time.Sleep(runnerIdle * 3 / 4)
		if n := len(r.idle); n != 1 {
			t.Errorf("%d wait, instead of the one that served again", n)
		}
		time.Sleep(runnerIdle)
		if n := len(r.idle); n != 0 {
			t.Errorf("%d wait for ever", n)
		}
	})
}
