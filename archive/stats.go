package archive

import "time"

// LatencyBounds are the upper ends of a Histogram's buckets, inclusive; the last bucket has none.
var LatencyBounds = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
}

// Histogram counts durations by LatencyBounds. The buckets do not accumulate.
type Histogram struct {
	Counts [len(LatencyBounds) + 1]uint64
	Sum    time.Duration
}

func (h *Histogram) observe(d time.Duration) {
	h.Sum += d
	for i, b := range LatencyBounds {
		if d <= b {
			h.Counts[i]++
			return
		}
	}
	h.Counts[len(LatencyBounds)]++
}

// Stats is a snapshot. The first group is of the moment, the rest counts since Open.
type Stats struct {
	Held    int   // rows that are queued, under way or finished and not told; an Append without rows counts as one
	Bytes   int64 // of those rows
	Waiting int   // Appends that wait for room
	Marks   int   // delivered marks that wait for a batch

	Batches      uint64 // transactions committed
	Rows         uint64 // rows committed, resends included
	Dropped      uint64 // rows left out as resends
	Failures     uint64 // commits and probes that failed
	FailedRows   uint64 // rows refused after they were queued; in Async mode they are lost
	LostAtClose  uint64 // of those, while closing
	MarksDropped uint64 // delivered marks over the bound or refused by the store
	Full         uint64 // TryAppends that got ErrFull
	Panics       uint64 // done functions and calls of the store that failed by a mistake of ours
	Refused      uint64 // Appends that got ErrUnavailable
	LastErr      error  // of the store, nil if it never failed
	LastErrAt    time.Time

	Latency Histogram // from the queue to the commit, one for each Append
	Commit  Histogram // of the transactions
}

// Stats returns a snapshot. It never blocks.
func (w *Writer) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Held, s.Bytes, s.Waiting, s.Marks = w.held, w.bytes, len(w.waiters), len(w.marks)
	return s
}
