package server

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	trimEvery = 10 * time.Second
	// trimQuiet is what a quiet server allocates between two looks, trimWorth what must have been allocated since the
	// last trim to make another worth its garbage collection.
	trimQuiet = 4 << 20
	trimWorth = 32 << 20
)

// headroomBytes is what a small server may leave uncollected beyond what Go's collector grants it.
const headroomBytes = 8 << 20

// headroom is memory that nobody touches, so that it exists on paper only. But it counts for Go's collector, which runs
// when the heap has doubled: a server of a few megabytes would collect after each hundred logins, and spend a tenth of its
// time on that. There is one for the process, as there is one collector.
var headroom = sync.OnceValue(func() []byte { return make([]byte, headroomBytes) })

// trimmer gives memory back to the machine when a burst is over. Go collects only when the heap has doubled: after a
// morning's logins an idle server would keep their garbage for hours.
type trimmer struct {
	last, trimmed uint64 // bytes allocated since the start of the process, at the last look and at the last trim
}

// due takes the bytes allocated so far and reports whether it is time to trim.
func (t *trimmer) due(allocated uint64) bool {
	quiet := allocated-t.last < trimQuiet
	t.last = allocated
	if !quiet || allocated-t.trimmed < trimWorth {
		return false
	}
	t.trimmed = allocated
	return true
}

// trim looks every trimEvery until ctx ends. A trim costs one garbage collection.
func (s *Server) trim(ctx context.Context) {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var t trimmer
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if metrics.Read(sample); t.due(sample[0].Value.Uint64()) {
			debug.FreeOSMemory()
		}
	}
}
