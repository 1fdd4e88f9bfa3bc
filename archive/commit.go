package archive

import (
	"context"
	"errors"
	"time"

	"salon.im/salon/storage"
)

const (
	// markDelay is how long a mark waits for rows to go along with.
	markDelay = 500 * time.Millisecond
	// A batch that fails is searched for the rows at fault, within these bounds: attempts that fail in all, attempts that
	// fail in a row (a batch of 1,000 halves down to a single job in 10), and time.
	searchFailures = 64
	searchInARow   = 16
	searchTime     = time.Second
)

// batch is what the writer does next: commit jobs and marks, ask the store how it is, end, or else wait.
type batch struct {
	jobs  []*job
	marks []storage.Mark
	probe bool
	end   bool
	until time.Time // to wait, unless woken; zero is without end
}

// write is the writer goroutine.
func (w *Writer) write() {
	for {
		switch b := w.take(); {
		case len(b.jobs) > 0 || len(b.marks) > 0:
			w.commit(b)
			w.gather(len(b.jobs))
		case b.probe:
			w.probe()
		case b.end:
			w.dismiss()
			return
		default:
			w.sleep(b.until)
		}
	}
}

// take picks what is to be done now.
func (w *Writer) take() batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.health.away(now, w.o.Away) { // nothing is held while the store is away
		w.settle(w.dequeue(len(w.queue)), ErrUnavailable)
	}
	switch {
	case len(w.queue) > 0:
		jobs := w.dequeue(w.batchLen())
		return batch{jobs: jobs, marks: w.takeMarks(jobs)}
	case len(w.marks) > 0 && !w.health.failing() && (w.closed || !now.Before(w.marksDue)):
		return batch{marks: w.takeMarks(nil)}
	case w.closed:
		w.stats.MarksDropped += uint64(len(w.marks))
		w.marks, w.drained = nil, true
		signal(w.told)
		return batch{end: true}
	case w.health.failing() && !now.Before(w.health.nextProbe):
		return batch{probe: true}
	}
	b := batch{until: w.health.nextProbe}
	if len(w.marks) > 0 && !w.health.failing() {
		b.until = w.marksDue
	}
	return b
}

// batchLen returns how many jobs make the next batch: one at least, and no more than Rows allows.
func (w *Writer) batchLen() int {
	cost := 0
	for i, j := range w.queue {
		if cost += j.cost; i > 0 && cost > w.o.Rows {
			return i
		}
	}
	return len(w.queue)
}

func (w *Writer) dequeue(n int) []*job {
	jobs := w.queue[:n:n]
	w.queue = w.queue[n:]
	for _, j := range jobs {
		w.queued -= j.cost
	}
	return jobs
}

// takeMarks returns the marks that may go along with the jobs: those of rows that are in the store by then. In Async mode
// a message may be delivered before its row is committed.
func (w *Writer) takeMarks(jobs []*job) []storage.Mark {
	if len(w.queue) == 0 {
		marks := w.marks
		w.marks = nil
		return marks
	}
	var last int64
	for _, j := range jobs {
		if n := len(j.rows); n > 0 {
			last = j.rows[n-1].ID
		}
	}
	var now, later []storage.Mark
	for _, m := range w.marks {
		if m.ID <= last {
			now = append(now, m)
		} else {
			later = append(later, m)
		}
	}
	w.marks = later
	return now
}

// gather lets the producers that the last batch set free queue again, so that the next batch is as big.
func (w *Writer) gather(last int) {
	if w.o.Wait == 0 || last < 2 {
		return
	}
	w.mu.Lock()
	w.want = last
	enough := w.queued >= last || w.closed || w.health.failing()
	w.mu.Unlock()
	if !enough {
		w.sleep(time.Now().Add(w.o.Wait))
	}
	w.mu.Lock()
	w.want = 1
	w.mu.Unlock()
}

func (w *Writer) sleep(until time.Time) {
	if until.IsZero() {
		<-w.wake
		return
	}
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-w.wake:
	case <-t.C:
	}
}

// search is the hunt for the rows at fault in one batch that failed.
type search struct {
	began            time.Time
	failures, inARow int
	timedOut         bool
}

// over says that the hunt is given up: the store itself seems to be at fault, or it takes too long.
func (s *search) over() bool {
	// What a timed out commit left behind is not known, so it is not tried again.
	return s.timedOut || s.failures >= searchFailures || s.inARow >= searchInARow || time.Since(s.began) > searchTime
}

// commit stores a batch, or as much of it as the store takes.
func (w *Writer) commit(b batch) {
	s := &search{began: time.Now()}
	err := w.try(s, b.jobs, b.marks)
	if err == nil {
		return
	}
	w.split(s, b.jobs, err)
	if len(b.marks) == 0 {
		return
	}
	if len(b.jobs) == 0 || s.over() || w.try(s, nil, b.marks) != nil {
		w.mu.Lock()
		w.stats.MarksDropped += uint64(len(b.marks))
		w.mu.Unlock()
	}
}

// split commits the jobs of a batch that failed with err by halves, in order, so that only those at fault fail.
func (w *Writer) split(s *search, jobs []*job, err error) {
	if len(jobs) < 2 || s.over() {
		w.remember(jobs)
		w.mu.Lock()
		w.settle(jobs, err)
		w.mu.Unlock()
		return
	}
	mid := len(jobs) / 2
	for _, half := range [][]*job{jobs[:mid], jobs[mid:]} {
		if s.over() {
			w.split(s, half, err)
		} else if e := w.try(s, half, nil); e != nil {
			w.split(s, half, e)
		}
	}
}

// try commits jobs and marks in one transaction and settles them if that succeeds.
func (w *Writer) try(s *search, jobs []*job, marks []storage.Mark) error {
	for _, j := range jobs {
		w.rows = append(w.rows, j.rows...)
		w.rewrites = append(w.rewrites, j.rewrites...)
	}
	defer func() {
		clear(w.rows)
		clear(w.rewrites)
		w.rows, w.rewrites = w.rows[:0], w.rewrites[:0]
	}()
	b := storage.Batch{Rows: w.rows, Delivered: marks, Rewrites: w.rewrites}
	began := time.Now()
	w.mu.Lock()
	w.health.commitSince = began
	w.mu.Unlock()
	var dropped []storage.Dropped
	var resends uint64
	var err error
	if len(b.Rows) > 0 || len(marks) > 0 || len(b.Rewrites) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), w.o.Away)
		dropped, err = w.append(ctx, b)
		cancel()
	}
	if err != nil {
		s.failures++
		s.inARow++
		s.timedOut = s.timedOut || errors.Is(err, context.DeadlineExceeded)
	} else {
		s.inARow = 0
		resends = w.markDropped(jobs, dropped)
	}
	w.mu.Lock()
	w.health.commitSince = time.Time{}
	w.stats.Commit.observe(time.Since(began))
	say := w.noteHealth(began, err)
	if err == nil {
		w.stats.Batches++
		w.stats.Dropped += resends
		w.settle(jobs, nil)
	}
	w.mu.Unlock()
	say()
	if err == nil && len(b.Rows) > 0 && w.o.OnCommit != nil {
		w.o.OnCommit()
	}
	return err
}

// markDropped sets the bits of the rows that are resends, and returns how many there are. Their indexes into the batch
// ascend. A row that was dropped in favour of itself, or of one whose sender was told that it failed, is stored.
func (w *Writer) markDropped(jobs []*job, dropped []storage.Dropped) (resends uint64) {
	base := 0
	for _, j := range jobs {
		for ; len(dropped) > 0 && dropped[0].Index < base+len(j.rows); dropped = dropped[1:] {
			i, id := dropped[0].Index-base, dropped[0].ID
			if id != j.rows[i].ID && !w.unsure.take(id, time.Now()) {
				j.result.Dropped |= 1 << i
				resends++
				continue
			}
			j.rows[i].ID = id
		}
		base += len(j.rows)
		w.forgetBuried(j.rewrites)
	}
	return resends
}

// forgetBuried makes sure of what is retracted: a resend of it comes to nothing, even if its sender was told that it failed.
func (w *Writer) forgetBuried(rewrites []storage.Rewrite) {
	for _, rw := range rewrites {
		if rw.Tombstone {
			w.unsure.take(rw.ID, time.Now())
		}
	}
}

// remember notes the rows of jobs that fail, since a commit may have stored them nevertheless.
func (w *Writer) remember(jobs []*job) {
	now := time.Now()
	for _, j := range jobs {
		for i := range j.rows {
			if len(j.rows[i].Origin) > 0 { // others are never dropped
				w.unsure.add(j.rows[i].ID, now)
			}
		}
	}
}

// settle hands jobs to the completer. The caller holds w.mu.
func (w *Writer) settle(jobs []*job, err error) {
	now := time.Now()
	for _, j := range jobs {
		if n := uint64(len(j.rows)); j.stored() > 0 && err != nil {
			j.result.Err = err
			w.stats.FailedRows += n
			if w.closed {
				w.stats.LostAtClose += n
			}
		} else {
			w.stats.Rows += n
		}
		w.stats.Latency.observe(now.Sub(j.since))
		if j.early {
			w.release(j)
		} else {
			w.finished = append(w.finished, j)
		}
	}
	signal(w.told)
}
