package server

import "testing"

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
