package archive

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	// keepEvery is the time from the end of one look at all archives to the beginning of the next; the first begins within
	// keepFirst of the start, so that servers that restart together do not look together.
	keepEvery = time.Hour
	keepFirst = time.Minute
	// keepRetry is what keepEvery is after a look that failed: the database was away, most likely.
	keepRetry = time.Minute
	// keepChunk is how many rows one transaction deletes.
	keepChunk = 1000
	// keepPause and keepShare space the transactions: after each the keeper waits keepPause, or keepShare times what it
	// took if that is longer. So it takes a quarter of the store's time for writing at the most.
	keepPause = 10 * time.Millisecond
	keepShare = 3
	// keepOwners is how many owners are read at a time.
	keepOwners = 500
	// keepSpared bounds the held owners that a back end is to spare while it drops partitions. With more of them nothing is
	// dropped whole, and chunks do all the work.
	keepSpared = 10_000
)

// Fate is what is to become of one archive.
type Fate struct {
	// Keep is how long rows stay; 0 is for ever.
	Keep time.Duration
	// Held says that nothing may be deleted, whatever Keep is.
	Held bool
}

// KeeperStore is what a Keeper needs of a store.
type KeeperStore interface {
	storage.Retention
	Page(ctx context.Context, q storage.Query) ([]storage.Row, error)
	Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) ([]storage.Row, error)
	DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (int, error)
}

// KeeperOptions set up a Keeper. Store and Fate are needed.
type KeeperOptions struct {
	Store KeeperStore
	// Fate decides for the owner of an archive, bare. It is asked in each run anew and may block. An archive whose fate
	// cannot be known is left as it is.
	Fate func(ctx context.Context, owner wire.Addr) (Fate, error)
	// Log is slog.Default() if nil.
	Log *slog.Logger
	// Now is the clock, for tests; time.Now if nil.
	Now func() time.Time
}

// KeeperStats counts since the start.
type KeeperStats struct {
	Runs, Failures   uint64
	Rows, Partitions uint64    // deleted rows, those in dropped partitions not counted; dropped partitions
	Last             time.Time // the end of the last run that went well, zero before it
}

// KeeperReport is what one run did.
type KeeperReport struct {
	Owners     int `json:"owners"`     // archives looked at
	Held       int `json:"held"`       // of those, under hold
	Failed     int `json:"failed"`     // of those, whose fate could not be known
	Rows       int `json:"rows"`       // deleted one by one
	Partitions int `json:"partitions"` // dropped whole
	Released   int `json:"released"`   // archives whose hold is over, and with it what rewrites had kept aside
}

// Keeper ends the life of archived rows: those older than their owner's time go, delivered or not, but for what is under
// hold. Its methods are safe for any goroutine.
type Keeper struct {
	o KeeperOptions

	turn  chan struct{} // holds one while a run is under way
	mu    sync.Mutex    // a leaf; guards stats
	stats KeeperStats
}

// NewKeeper returns a Keeper. It starts nothing: see Run.
func NewKeeper(o KeeperOptions) *Keeper {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Keeper{o: o, turn: make(chan struct{}, 1)}
}

// Run looks at all archives once soon after it is called and then once an hour, or a minute after it could not, until ctx
// ends. Call it on a goroutine.
func (k *Keeper) Run(ctx context.Context) {
	for wait := rand.N(keepFirst); pause(ctx, wait) == nil; {
		wait = keepEvery
		if _, err := k.RunOnce(ctx); err != nil && ctx.Err() == nil {
			wait = keepRetry
			k.o.Log.Error("archive: old messages were not all deleted", "err", err, "next_try", wait)
		}
	}
}

// RunOnce looks at all archives now, after a run that is under way. It returns the store's error, or ctx's, with what was
// done before it.
func (k *Keeper) RunOnce(ctx context.Context) (KeeperReport, error) {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return KeeperReport{}, ctx.Err()
	}
	r := run{k: k, now: k.o.Now()}
	began := time.Now()
	err := r.all(ctx)
	k.mu.Lock()
	k.stats.Runs++
	k.stats.Rows += uint64(r.report.Rows)
	k.stats.Partitions += uint64(r.report.Partitions)
	if err == nil {
		k.stats.Last = k.o.Now()
	} else {
		k.stats.Failures++
	}
	k.mu.Unlock()
	k.o.Log.Info("archive: looked for old messages", "owners", r.report.Owners, "held", r.report.Held, "failed", r.report.Failed,
		"rows", r.report.Rows, "partitions", r.report.Partitions, "released", r.report.Released, "took", time.Since(began))
	return r.report, err
}

// Stats returns a snapshot.
func (k *Keeper) Stats() KeeperStats {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stats
}

// run is one look at all archives.
type run struct {
	k      *Keeper
	now    time.Time
	report KeeperReport

	longest time.Duration // of any owner that is not held; 0 before the first
	forever bool          // an owner keeps all
	spared  []wire.Addr
}

// all first learns what every owner keeps, so that partitions that nobody keeps go whole, and then deletes row by row what
// is left.
func (r *run) all(ctx context.Context) error {
	if err := r.owners(ctx, r.learn); err != nil {
		return err
	}
	if err := r.drop(ctx); err != nil {
		return err
	}
	return r.owners(ctx, r.clean)
}

// owners calls do for each owner of an archive, with what Fate said.
func (r *run) owners(ctx context.Context, do func(context.Context, wire.Addr, Fate, error) error) error {
	for after := (wire.Addr{}); ; {
		page, err := r.k.o.Store.ArchiveOwners(ctx, after, keepOwners)
		if err != nil {
			return fmt.Errorf("archive: listing the owners: %w", err)
		}
		for _, owner := range page {
			fate, err := r.k.o.Fate(ctx, owner)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := do(ctx, owner, fate, err); err != nil {
				return err
			}
		}
		if len(page) < keepOwners {
			return nil
		}
		after = page[len(page)-1]
	}
}

// learn is the first round: how long the longest time is, and who is to be spared. What is not known is spared too.
func (r *run) learn(_ context.Context, owner wire.Addr, f Fate, err error) error {
	r.report.Owners++
	switch {
	case err != nil:
		r.report.Failed++
		r.k.o.Log.Error("archive: how long to keep this one is not known; nothing of it is deleted", "owner", owner, "err", err)
	case f.Held:
		r.report.Held++
	case f.Keep <= 0:
		r.forever = true
		return nil
	default:
		r.longest = max(r.longest, f.Keep)
		return nil
	}
	if len(r.spared) <= keepSpared {
		r.spared = append(r.spared, owner)
	}
	return nil
}

// drop removes the partitions that nobody keeps.
func (r *run) drop(ctx context.Context) (err error) {
	if r.forever || r.longest == 0 || len(r.spared) > keepSpared {
		return nil
	}
	if r.report.Partitions, err = r.k.o.Store.DropBefore(ctx, r.end(r.longest), r.spared); err != nil {
		return fmt.Errorf("archive: dropping old partitions: %w", err)
	}
	return nil
}

// end is the id below which rows are older than keep.
func (r *run) end(keep time.Duration) int64 { return TimeID(r.now.Add(-keep)) }

// clean is the second round: an owner's old rows go, and what rewrites kept aside under a hold that is over.
func (r *run) clean(ctx context.Context, owner wire.Addr, f Fate, unknown error) error {
	if unknown != nil || f.Held {
		return nil
	}
	held, err := r.k.o.Store.Held(ctx, owner, 0, 1)
	if err == nil && len(held) > 0 {
		r.report.Released++
		err = r.k.o.Store.ReleaseHeld(ctx, owner)
	}
	if err != nil {
		return fmt.Errorf("archive: releasing what was held of %s: %w", owner, err)
	}
	if f.Keep <= 0 {
		return nil
	}
	end := r.end(f.Keep)
	more, err := r.hasOld(ctx, owner, end)
	for more && err == nil {
		more, err = r.chunk(ctx, owner, end)
	}
	if err != nil {
		return fmt.Errorf("archive: deleting old messages of %s: %w", owner, err)
	}
	return nil
}

// hasOld looks for rows below end, also those that no page shows: they are kept for their delivery. Reading is cheap, and most
// have nothing that old: the one who writes is not bothered for them.
func (r *run) hasOld(ctx context.Context, owner wire.Addr, end int64) (bool, error) {
	old, err := r.k.o.Store.Page(ctx, storage.Query{Owner: owner, Before: end, Limit: 1})
	if err != nil || len(old) > 0 {
		return len(old) > 0, err
	}
	waiting, err := r.k.o.Store.Undelivered(ctx, owner, 0, 1)
	return len(waiting) > 0 && waiting[0].ID < end, err
}

// chunk deletes some rows, waits, and reports whether there may be more.
func (r *run) chunk(ctx context.Context, owner wire.Addr, end int64) (more bool, err error) {
	began := time.Now()
	n, err := r.k.o.Store.DeleteBefore(ctx, owner, end, keepChunk)
	r.report.Rows += n
	if err != nil {
		return false, err
	}
	return n == keepChunk, pause(ctx, max(keepPause, keepShare*time.Since(began)))
}

// pause waits, and returns ctx's error if that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
