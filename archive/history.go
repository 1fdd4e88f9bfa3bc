package archive

import (
	"context"
	"fmt"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// MaxPage bounds the rows of a page, whatever is asked for.
const MaxPage = 250

// Item is one stanza out of an archive.
type Item struct {
	ID       int64
	Time     time.Time // UTC, to the millisecond
	Peer     wire.Addr // as in storage.Row
	Kind     storage.RowKind
	Outgoing bool
	// Tombstone says that Stanza is what is left of it. Only the row knows: a sender may write anything.
	Tombstone bool
	Stanza    wire.Stanza // without our stanza-id
}

// Page is what a read returns, oldest first.
type Page struct {
	Items []Item
	// Skipped counts rows whose bytes do not parse. They stay in the store; the caller logs them.
	Skipped int
	// First is the id of the first row read, skipped ones included: the place to read back from. 0 if there was none.
	First int64
	// Last is the id of the last row read, skipped ones included: the place to read on from. 0 if there was none.
	Last int64
	// Full says that there may be more: the page holds as many rows as were asked for.
	Full bool
}

// Newest returns the newest n rows of an archive. n is capped at MaxPage; none are read if it is not positive.
//
// owner is bare. Safe for any goroutine; blocks on storage, whose errors it returns.
func Newest(ctx context.Context, s storage.Archive, owner wire.Addr, n int) (Page, error) {
	return read(ctx, s, storage.Query{Owner: owner, Newest: true, Limit: n})
}

// Before returns the newest n rows with ids below before, to read on from a page's oldest row; 0 is no bound. For the rest see
// Newest.
func Before(ctx context.Context, s storage.Archive, owner wire.Addr, before int64, n int) (Page, error) {
	return read(ctx, s, storage.Query{Owner: owner, Before: before, Newest: true, Limit: n})
}

// Since returns the newest n rows that are as old as since or younger: the history that a room sends to who comes back
// (XEP-0045 §7.2.14). since counts to the millisecond. For the rest see Newest.
func Since(ctx context.Context, s storage.Archive, owner wire.Addr, since time.Time, n int) (Page, error) {
	return read(ctx, s, storage.Query{Owner: owner, After: TimeID(since) - 1, Newest: true, Limit: n})
}

// Undelivered returns up to n rows that wait for offline delivery, behind the id after, which is 0 at first and then
// Page.Last. n is capped at MaxPage. For the rest see Newest.
func Undelivered(ctx context.Context, s storage.Archive, owner wire.Addr, after int64, n int) (Page, error) {
	n = min(n, MaxPage)
	if n <= 0 {
		return Page{}, nil
	}
	rows, err := s.Undelivered(ctx, owner, after, n)
	if err != nil {
		return Page{}, fmt.Errorf("archive: reading what waits for %s: %w", owner, err)
	}
	return page(rows, n), nil
}

func read(ctx context.Context, s storage.Archive, q storage.Query) (Page, error) {
	q.Limit = min(q.Limit, MaxPage)
	if q.Limit <= 0 {
		return Page{}, nil
	}
	rows, err := s.Page(ctx, q)
	if err != nil {
		return Page{}, fmt.Errorf("archive: reading the archive of %s: %w", q.Owner, err)
	}
	return page(rows, q.Limit), nil
}

func page(rows []storage.Row, limit int) Page {
	p := Page{Items: make([]Item, 0, len(rows)), Full: len(rows) >= limit}
	if len(rows) > 0 {
		p.First = rows[0].ID
	}
	for _, r := range rows {
		p.Last = r.ID
		st, err := wire.Parse(r.Stanza)
		if err != nil || st.Kind() != wire.KindMessage {
			p.Skipped++
			continue
		}
		p.Items = append(p.Items, Item{ID: r.ID, Time: IDTime(r.ID), Peer: r.Peer, Kind: r.Kind, Outgoing: r.Outgoing,
			Tombstone: r.Tombstone, Stanza: st})
	}
	return p
}
