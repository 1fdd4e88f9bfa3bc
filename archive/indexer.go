package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	// indexDelay is how long the indexer lets new rows gather.
	indexDelay = 500 * time.Millisecond
	// indexPage is the most rows that are read at a time. Pages shrink while one has more than indexBytes of stanzas, and
	// grow again while they have less than a quarter of that: what is held at a time is bounded by what a page of the
	// smallest size may hold, and by one page that came unexpected.
	indexPage  = 500
	indexLeast = 16
	indexBytes = 4 << 20
	// indexFirst and indexLast are the waits after a failure; they double.
	indexFirst = time.Second
	indexLast  = time.Minute
)

// IndexerOptions set up an Indexer. Store, Wanted and Any are needed.
type IndexerOptions struct {
	Store storage.Searches
	// Wanted says whether the owner of an archive, bare, can search it. Rows of others are passed over. It must not block.
	Wanted func(owner wire.Addr) bool
	// Any says whether Wanted may be true for anyone. While it is false the indexer rests, and what comes meanwhile is
	// looked at when it is true again. It must not block.
	Any func() bool
	// Log is slog.Default() if nil.
	Log *slog.Logger
}

// IndexerStats counts since the start.
type IndexerStats struct {
	Rows     uint64 // looked at
	Texts    uint64 // of those, added to the index
	Failures uint64
}

// Indexer keeps the full-text index up to date, behind the commits. Its methods are safe for any goroutine.
type Indexer struct {
	o    IndexerOptions
	wake chan struct{} // holds one: there are new rows
	turn chan struct{} // holds one while somebody works on the index

	limit int // rows of the next page; of who has the turn

	mu    sync.Mutex // a leaf; guards stats
	stats IndexerStats
}

// NewIndexer returns an Indexer. It starts nothing: see Run.
func NewIndexer(o IndexerOptions) *Indexer {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Indexer{o: o, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1), limit: indexLeast}
}

// Wake tells the indexer of new rows. It does not block.
func (x *Indexer) Wake() { signal(x.wake) }

// Run catches up, and then indexes what comes, until ctx ends. Call it on a goroutine.
func (x *Indexer) Run(ctx context.Context) {
	x.Wake()
	backoff := indexFirst
	for {
		select {
		case <-x.wake:
		case <-ctx.Done():
			return
		}
		if pause(ctx, indexDelay) != nil {
			return
		}
		if !x.o.Any() {
			continue
		}
		_, err := x.CatchUp(ctx)
		if err == nil || ctx.Err() != nil {
			backoff = indexFirst
			continue
		}
		x.o.Log.Error("archive: new messages were not indexed; searches do not find them yet", "err", err, "retry", backoff)
		if pause(ctx, backoff) != nil {
			return
		}
		backoff = min(2*backoff, indexLast)
		x.Wake()
	}
}

// CatchUp indexes all that is not indexed yet, after who is at it already, and returns how many rows it looked at. The
// error is the store's or ctx's.
func (x *Indexer) CatchUp(ctx context.Context) (rows int, err error) {
	if err := x.take(ctx); err != nil {
		return 0, err
	}
	defer x.give()
	return x.catchUp(ctx)
}

// Reindex empties the index and fills it again, for the owners that want it now. It returns how many rows it looked at, and
// errors as CatchUp does: then Run goes on with the rest.
func (x *Indexer) Reindex(ctx context.Context) (rows int, err error) {
	if err := x.take(ctx); err != nil { // between a page's reading and its indexing the mark must not go back
		return 0, err
	}
	defer x.give()
	if err := x.o.Store.Reindex(ctx); err != nil {
		return 0, fmt.Errorf("archive: emptying the index: %w", err)
	}
	defer x.Wake()
	return x.catchUp(ctx)
}

// Stats returns a snapshot.
func (x *Indexer) Stats() IndexerStats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stats
}

func (x *Indexer) take(ctx context.Context) error {
	select {
	case x.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (x *Indexer) give() { <-x.turn }

func (x *Indexer) catchUp(ctx context.Context) (rows int, err error) {
	for {
		began, limit := time.Now(), x.limit
		n, err := x.page(ctx)
		rows += n
		if err != nil {
			x.mu.Lock()
			x.stats.Failures++
			x.mu.Unlock()
			return rows, err
		}
		if n < limit {
			return rows, nil
		}
		if err := pause(ctx, time.Since(began)); err != nil { // messages under way come first
			return rows, err
		}
	}
}

// page indexes the next rows, and returns how many there were.
func (x *Indexer) page(ctx context.Context) (n int, err error) {
	rows, err := x.o.Store.Unindexed(ctx, x.limit)
	if err != nil {
		return 0, fmt.Errorf("archive: reading what is not indexed: %w", err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	var texts []storage.Text
	bytes := 0
	for i := range rows {
		r := &rows[i]
		bytes += len(r.Stanza)
		if x.o.Wanted(r.Owner) {
			if text := Text(*r); text != "" {
				texts = append(texts, storage.Text{Owner: r.Owner, ID: r.ID, Text: text})
			}
		}
		r.Stanza = nil
	}
	err = x.o.Store.Index(ctx, texts, rows[len(rows)-1].ID)
	if err != nil && !errors.Is(err, storage.ErrConflict) { // another process was faster
		return 0, fmt.Errorf("archive: adding to the index: %w", err)
	}
	x.fit(bytes)
	x.mu.Lock()
	x.stats.Rows += uint64(len(rows))
	x.stats.Texts += uint64(len(texts))
	x.mu.Unlock()
	return len(rows), nil
}

// fit chooses the size of the next page by the bytes of the last.
func (x *Indexer) fit(bytes int) {
	switch {
	case bytes > indexBytes:
		x.limit = max(x.limit/2, indexLeast)
	case bytes < indexBytes/4:
		x.limit = min(2*x.limit, indexPage)
	}
}
