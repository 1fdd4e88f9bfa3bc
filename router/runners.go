package router

import "time"

const (
	// maxIdleRunners bounds the runners that wait for a flow, runnerIdle how long each does.
	maxIdleRunners = 64
	runnerIdle     = time.Second
)

// runners are the goroutines that carry flows on when the archive or a room has let go of a stanza. One that is done waits
// for another flow: a walk needs a deeper stack than a goroutine begins with, and growing it each time costs more than
// most of the steps do.
type runners struct {
	work chan *Flow    // to one that waits
	idle chan struct{} // a token for each that waits
}

func newRunners() *runners {
	return &runners{work: make(chan *Flow), idle: make(chan struct{}, maxIdleRunners)}
}

// run has the flow run on a goroutine of its own. The flow is marked as running; it never blocks.
func (r *runners) run(f *Flow) {
	select {
	case r.work <- f:
	default:
		go r.loop(f)
	}
}

func (r *runners) loop(f *Flow) {
	t := time.NewTimer(runnerIdle)
	defer t.Stop()
	for {
		f.runLocked()
		select {
		case r.idle <- struct{}{}:
		default:
			return
		}
		t.Reset(runnerIdle)
		select {
		case f = <-r.work:
			<-r.idle
		case <-t.C:
			<-r.idle
			return
		}
	}
}
