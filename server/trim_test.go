package server

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

// TestHeadroom: the collector waits for the headroom, however small the heap is.
func TestHeadroom(t *testing.T) {
	headroom()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}, {Name: "/gc/gogc:percent"}}
	if runtime.GC(); len(headroom()) != headroomBytes {
		t.Fatal("no headroom")
	}
	metrics.Read(sample)
	live, goal, percent := sample[0].Value.Uint64(), sample[1].Value.Uint64(), sample[2].Value.Uint64()
	if percent == 100 && (live < headroomBytes || goal < live+headroomBytes) {
		t.Errorf("live %d, goal %d", live, goal)
	}
}

// TestTrimDue: memory is given back once after a burst, when it is over.
func TestTrimDue(t *testing.T) {
	var tr trimmer
	for i, step := range []struct {
		allocated uint64
		due       bool
	}{
		{1 << 20, false},             // a quiet start
		{trimWorth * 2, false},       // a burst
		{trimWorth*2 + 1<<20, true},  // over
		{trimWorth*2 + 2<<20, false}, // nothing to gain
		{trimWorth*3 + 4<<20, false}, // the next burst
		{trimWorth*3 + 6<<20, true},  // over
	} {
		if got := tr.due(step.allocated); got != step.due {
			t.Errorf("%d: due is %v", i, got)
		}
	}
}
