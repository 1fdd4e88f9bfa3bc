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

// Before returns the newest n rows of an archive with ids below before, to read on from a page's oldest row; 0 is no bound. n is
// capped at MaxPage; none are read if it is not positive.
//
// owner is bare. Safe for any goroutine; blocks on storage, whose errors it returns.
func Before(ctx context.Context, s storage.Archive, owner wire.Addr, before int64, n int) (Page, error) {
	n = min(n, MaxPage)
	if n <= 0 {
		return Page{}, nil
	}
	rows, err := s.Page(ctx, storage.Query{Owner: owner, Before: before, Newest: true, Limit: n})
	if err != nil {
		return Page{}, fmt.Errorf("archive: reading the archive of %s: %w", owner, err)
	}
	return page(rows, n), nil
}

// Undelivered returns up to n rows that wait for offline delivery, behind the id after, which is 0 at first and then
// Page.Last. n is capped at MaxPage. For the rest see Before.
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
