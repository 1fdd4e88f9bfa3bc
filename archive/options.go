package archive

import (
	"errors"
	"log/slog"
	"time"
)

var (
	// ErrFull says that the queue is full: the answer is resource-constraint, type wait.
	ErrFull = errors.New("archive: the queue is full")
	// ErrUnavailable says that the store has been away for longer than Options.Away: the answer is
	// internal-server-error, type wait.
	ErrUnavailable = errors.New("archive: the store is away")
	// ErrClosed says that the writer was closed.
	ErrClosed = errors.New("archive: closed")
	// ErrRows says that one call brought more rows than MaxRows, or more rewrites than MaxRewrites.
	ErrRows = errors.New("archive: too many rows in one call")
)

const (
	// MaxRows is how many rows one Append may bring: a row is a bit of Result.Dropped.
	MaxRows = 64
	// MaxRewrites is how many rewrites one Append may bring: those of a message and of all that corrects it (see
	// WithCorrections), in the archives of both sides.
	MaxRewrites = 2 * (maxLookBack + 1)
)

// Ack says when done is called.
type Ack uint8

const (
	// Durable calls done when the rows are committed: what is acknowledged survives.
	Durable Ack = iota
	// Async calls done when the rows are queued. A crash loses what was not committed, and a failed commit is only
	// counted and logged. Result.Dropped is always 0.
	Async
)

// Options set up a Writer. Zero fields mean the default.
type Options struct {
	// Rows is the most that one transaction takes, 1,000 by default. An Append is never split.
	Rows int
	// Wait lets a busy writer wait until as many rows are queued as it committed last, but never longer than this.
	// 0 commits whatever is queued at once; so does an idle writer, always.
	Wait time.Duration
	// QueueRows and QueueBytes bound what is held: queued, under way and not yet told. Default 65,536 rows and 64 MiB.
	// An Append that is bigger than a bound is taken once nothing else is held.
	QueueRows  int
	QueueBytes int64
	// Node is this server's number among those that share the store, 0 to MaxNode.
	Node int
	// Ack says when callers are told; Durable by default.
	Ack Ack
	// Away is how long the store may fail, or a commit last, before everything is refused; 5 s by default.
	Away time.Duration
	// OnCommit is called after a commit that brought rows, on the writer's goroutine: it must not block. nil is none.
	OnCommit func()
	// Log is slog.Default() if nil.
	Log *slog.Logger
	// Now is the clock behind the ids, for tests; time.Now if nil.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.Rows = orDefault(o.Rows, 1000)
	o.QueueRows = orDefault(o.QueueRows, 65536)
	o.QueueBytes = orDefault(o.QueueBytes, 64<<20)
	o.Away = orDefault(o.Away, 5*time.Second)
	o.Wait = max(o.Wait, 0)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func orDefault[T int | int64 | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Result is what became of the rows of one Append.
type Result struct {
	// Dropped has bit i set if row i was left out as a resend: that archive holds it already.
	Dropped uint64
	// Err is not nil if nothing of this Append was stored. It is ErrUnavailable or what the store said.
	Err error
}

// DroppedRow reports whether row i was left out as a resend.
func (r Result) DroppedRow(i int) bool { return i >= 0 && i < MaxRows && r.Dropped&(1<<i) != 0 }
