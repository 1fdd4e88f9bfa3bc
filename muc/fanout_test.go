package muc_test

import (
	"runtime"
	"testing"
)

// A delivery costs no allocation: what a message costs once is spread over its 500 receivers.
func TestFanoutAllocations(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	got := w.crowd(500)
	anna.sync()
	const messages = 100
	st := parse(t, groupchat("hello")).WithFrom(anna.addr)
	var before, after runtime.MemStats
	got.expect(500 * messages)
	runtime.ReadMemStats(&before)
	for range messages {
		anna.flow.Accept(st)
	}
	<-got.done
	runtime.ReadMemStats(&after)
	if per := float64(after.Mallocs-before.Mallocs) / (500 * messages); per > 0.1 {
		t.Errorf("%.3f allocations a delivery", per)
	} else {
		t.Logf("%.4f allocations a delivery", per)
	}
}
