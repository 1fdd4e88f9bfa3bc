package feature

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// A session gets what waits for it in windows: the next one goes out when it has the last message of the one before, so
// that they never fill its outbox.
const (
	offlineStanzas = 50
	offlineBytes   = 256 << 10
	offlineWait    = time.Minute      // for one window to be taken
	offlineRead    = 10 * time.Second // for the archive to answer: presence is not held up longer
	offlineAgain   = 2 * time.Second  // between tries, while it cannot be read
)

// OfflineOptions are what Offline needs.
type OfflineOptions struct {
	Store storage.Archive
	IDs   archive.IDs
	// Barrier returns when everything queued for the archive before is committed, and the highest id that this may have.
	Barrier func(context.Context) (upTo int64, err error)
	Log     *slog.Logger
}

// offline sends what waits. mu guards flights and is a leaf.
type offline struct {
	r *router.Router
	o OfflineOptions

	mu      sync.Mutex
	flights map[wire.Addr][]*flight   // by owner
	flown   map[*router.Resource]bool // sessions that fly sends to
}

// flight waits until a mark has been delivered, or its session is gone.
type flight struct {
	res  *router.Resource
	mark int64
	done chan struct{}
	gone bool
}

// Offline sends a session that becomes available with a priority of 0 or more the messages that wait for its account, in
// order, before any live one (XEP-0160 §2 step 5, XEP-0203). They wait in the archive until a session has them. What is
// accepted once the session is available comes live, behind them and without a delay, though its row is there to be read.
//
// The presence feature holds the session back before that (Resource.Hold); this hook always releases it.
func Offline(r *router.Router, o OfflineOptions) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f := &offline{r: r, o: o, flights: map[wire.Addr][]*flight{}, flown: map[*router.Resource]bool{}}
	r.Advertise(router.OnServer, router.XEP{Num: 160, Version: "1.0.1", Status: "complete"}, "msgoffline")
	r.OnAvailable(f.available)
	r.OnDelivered(f.delivered)
	r.OnGone(func(_ context.Context, res *router.Resource, _ *router.Presence) { f.gone(res) })
}

// available sends the first window at once; most sessions need no other.
func (f *offline) available(ctx context.Context, res *router.Resource) {
	if f.flying(res) {
		return // it is being sent what waits, and is released after that
	}
	if p := res.Presence(); p == nil || p.Priority < 0 {
		res.Release(0)
		return
	}
	res.Hold()
	upTo, err := f.barrier(ctx)
	before := res.Reached()
	reached, wait := before, (*flight)(nil)
	if err == nil {
		reached, wait, err = f.window(ctx, res, before, upTo)
	}
	switch {
	case wait != nil || err != nil:
		f.setFlying(res, true)
		go f.fly(ctx, res, reached, upTo, wait, err)
	case reached == before:
		res.Release(0) // nothing waited; a live message under way may still have a lower mark
	default:
		res.Release(reached)
	}
}

// fly sends the other windows, each when the one before has been taken; one that could not be read, when it can be. If more live
// messages came meanwhile than wait in memory, the rest of them is in the archive, and goes out from there. upTo is 0 if the
// barrier is still to be passed.
func (f *offline) fly(ctx context.Context, res *router.Resource, reached, upTo int64, wait *flight, err error) {
	defer f.r.Recover("offline")
	defer func() {
		f.setFlying(res, false)
		res.Release(reached)
	}()
	for began := time.Now(); ; {
		switch {
		case err != nil:
			if !f.retry(ctx, res, began, err) {
				return
			}
		case wait == nil || !f.await(ctx, wait):
			return
		default:
			began = time.Now()
		}
		if upTo == 0 {
			if upTo, err = f.barrier(ctx); err != nil {
				continue
			}
		}
		if res.Overflowed() {
			upTo = math.MaxInt64
		}
		reached, wait, err = f.window(ctx, res, reached, upTo)
	}
}

// retry waits before the archive is read again, and reports whether to. While the whole database is away no message comes that
// would have to wait behind these; if they alone cannot be read, the others shall not wait for long.
func (f *offline) retry(ctx context.Context, res *router.Resource, began time.Time, err error) bool {
	if !errors.Is(err, storage.ErrAway) && time.Since(began) > offlineWait {
		f.o.Log.Error("offline messages wait for another time", "jid", res.Addr().String(), "err", err)
		return false
	}
	timer := time.NewTimer(offlineAgain)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return f.r.Resource(res.Addr()) == res
}

func (f *offline) barrier(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, offlineRead)
	defer cancel()
	return f.o.Barrier(ctx)
}

// window sends the next messages behind the id reached, up to upTo. It returns how far it came, and what to wait for when
// there may be more.
func (f *offline) window(ctx context.Context, res *router.Resource, reached, upTo int64) (int64, *flight, error) {
	owner := res.Addr().Bare()
	read, cancel := context.WithTimeout(ctx, offlineRead)
	defer cancel()
	page, err := archive.Undelivered(read, f.o.Store, owner, reached, offlineStanzas)
	if err != nil {
		return reached, nil, err
	}
	if page.Skipped > 0 {
		f.o.Log.Error("archived messages do not parse", "jid", owner.String(), "count", page.Skipped)
	}
	if page.Last > upTo {
		page = older(page, upTo, reached)
	}
	items, last, more := f.fit(res, page)
	var wait *flight
	for i, it := range items {
		if more && i == len(items)-1 {
			wait = f.expect(res, it.ID)
		}
		if !res.Session.Send(late(f.o.IDs, it, owner), it.ID) {
			f.forget(wait)
			return it.ID - 1, nil, nil
		}
	}
	if more && wait == nil {
		return f.window(ctx, res, last, upTo) // nothing of the page was sent: there is nothing to wait for
	}
	return max(reached, last), wait, nil
}

// older returns what of a page is not above upTo; it lies behind the id reached.
func older(page archive.Page, upTo, reached int64) archive.Page {
	n := 0
	for n < len(page.Items) && page.Items[n].ID <= upTo {
		reached = page.Items[n].ID
		n++
	}
	return archive.Page{Items: page.Items[:n], Last: reached}
}

// fit returns what of a page makes a window, the id that it reaches, and whether there may be more behind it.
func (f *offline) fit(res *router.Resource, page archive.Page) (items []archive.Item, last int64, more bool) {
	size := 0
	for _, it := range page.Items {
		if size += it.Stanza.Len(); size > offlineBytes && len(items) > 0 {
			return items, items[len(items)-1].ID, true
		}
		if res.Filters(it.Stanza) {
			f.r.Delivered(res.Addr(), it.ID) // its sender is blocked by now (XEP-0191 §3.2): it shall not take up the bound
			continue
		}
		items = append(items, it)
	}
	return items, page.Last, page.Full
}

// late is an archived message as it is delivered after the fact: with the time it came (XEP-0203 §3) and its stanza-id.
func late(ids archive.IDs, it archive.Item, owner wire.Addr) wire.Stanza {
	return stamped(ids, it.Stanza.With(delay(owner.Domain(), it.Time)), owner, it.Kind, it.ID)
}

// delay says that from held a stanza since at (XEP-0203 §2).
func delay(from string, at time.Time) wire.Payload {
	return wire.NewWriter().Start(nsDelay, "delay").Attr("from", from).Attr("stamp", at.UTC().Format("2006-01-02T15:04:05.000Z")).Payload()
}

func (f *offline) expect(res *router.Resource, mark int64) *flight {
	w := &flight{res: res, mark: mark, done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	owner := res.Addr().Bare()
	f.flights[owner] = append(f.flights[owner], w)
	return w
}

func (f *offline) flying(res *router.Resource) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.flown[res]
}

func (f *offline) setFlying(res *router.Resource, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if on {
		f.flown[res] = true
	} else {
		delete(f.flown, res)
	}
}

// await waits for a window to be taken, and reports whether to send another.
func (f *offline) await(ctx context.Context, w *flight) bool {
	timer := time.NewTimer(offlineWait)
	defer timer.Stop()
	defer f.forget(w)
	select {
	case <-w.done:
		return !w.gone
	case <-timer.C:
		f.o.Log.Info("a client does not take its offline messages; the rest waits", "jid", w.res.Addr().String())
	case <-ctx.Done():
	}
	return false
}

func (f *offline) forget(w *flight) {
	if w == nil {
		return
	}
	f.end(w.res.Addr().Bare(), func(x *flight) bool { return x == w }, false)
}

func (f *offline) delivered(owner wire.Addr, marks []int64) {
	f.end(owner, func(w *flight) bool { return slices.Contains(marks, w.mark) }, false)
}

func (f *offline) gone(res *router.Resource) {
	f.end(res.Addr().Bare(), func(w *flight) bool { return w.res == res }, true)
}

// end ends the owner's flights for which is true.
func (f *offline) end(owner wire.Addr, is func(*flight) bool, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, ok := f.flights[owner]
	if !ok {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(w *flight) bool {
		if !is(w) {
			return false
		}
		w.gone = gone
		close(w.done)
		return true
	})
	if len(rest) == 0 {
		delete(f.flights, owner)
		return
	}
	f.flights[owner] = rest
}
