package archive

import (
	"context"
	"fmt"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Namespaces of XEP-0313 (1.1.3), of what it builds on, and of full-text search (XEP-0431, 0.2.0).
const (
	NSMAM = "urn:xmpp:mam:2"
	// NSMAMExtended is the feature of before-id, after-id, ids, flipped pages and metadata (§7).
	NSMAMExtended = NSMAM + "#extended"
	// NSMAMGroupchat is the feature of the field include-groupchat, which a user's archive may take though it has no
	// groupchat (§7).
	NSMAMGroupchat = NSMAM + "#groupchat-field"
	NSFulltext     = "urn:xmpp:fulltext:0"

	nsRSM     = "http://jabber.org/protocol/rsm" // XEP-0059 (1.0)
	nsForward = "urn:xmpp:forward:0"             // XEP-0297 §3
	nsDelay   = "urn:xmpp:delay"                 // XEP-0203 §2
)

const (
	defaultPage = 50
	// chunk is how many rows are read at a time. It bounds what a page of large stanzas holds in memory before its bytes
	// are known, and takes a usual page with the one row more that shows whether it is the last.
	chunk = 64
	// maxScan bounds the rows that one query looks at when the store cannot select by itself: for one resource, or one nick.
	maxScan = 2048
	// maxIDs bounds the field "ids": with those of the other fields, all are looked up at once.
	maxIDs = storage.MaxRows - 50
	// maxQueryID bounds a queryid in bytes: every result of a page repeats it.
	maxQueryID = 256
	// maxReads bounds the pages that are read at the same moment. A search that matches much and shows little may take long:
	// of the connections with which a back end reads, four at the least, one is left to logins, rosters and rooms.
	maxReads = 3
)

// What a query is refused with (XEP-0313 §4).
var (
	errUnknownID    = refusal(stanza.Cancel, stanza.ItemNotFound, "The archive has no message of that id.")
	errUnknownField = refusal(stanza.Cancel, stanza.FeatureNotImplemented, "The form has a field that is not known here.")
)

func refusal(t stanza.ErrorType, c stanza.Condition, text string) stanza.Error {
	return stanza.Error{Type: t, Condition: c, Text: map[string]string{"en": text}}
}

func badRequest(text string) stanza.Error { return refusal(stanza.Modify, stanza.BadRequest, text) }

// Reader answers the queries of XEP-0313. It does not ask who may read: its callers do, before. Safe for any goroutine.
type Reader struct {
	store storage.Archive
	ids   IDs
	slots chan struct{} // one for each page that is being read
	ends  pageEnds
}

// NewReader returns a reader of the store's archives, whose ids are those of ids in what it reads and writes.
func NewReader(s storage.Archive, ids IDs) *Reader {
	return &Reader{store: s, ids: ids, slots: make(chan struct{}, maxReads)}
}

// Bound is what one page may hold at most: the room that its receiver has. At least one message goes into a page.
type Bound struct{ Stanzas, Bytes int }

// Answer is one page of an archive.
type Answer struct {
	// Rows are in the order in which they are to be sent.
	Rows []storage.Row
	// First and Last are the ids of the oldest and of the newest row, 0 for an empty page. Where the rows that a query looked
	// at were too many and none matched, both are the id to go on from.
	First, Last int64
	// Complete says that nothing that was asked for lies beyond the page, in the direction of paging.
	Complete bool
}

// Query reads the page that q asks for. It waits for its turn and for the store; an error is a stanza.Error for the asker,
// the context's, or the store's.
func (r *Reader) Query(ctx context.Context, owner wire.Addr, q *Request, b Bound) (Answer, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	p := reading{r: r, q: q.selection(owner), match: q.match(), max: min(q.max, max(b.Stanzas, 1)), bytes: b.Bytes}
	var known map[int64]storage.Row
	var err error
	if len(q.ids) > 0 || !r.ends.has(owner, q.named()) {
		if known, err = p.known(ctx, q); err != nil {
			return Answer{}, err
		}
	}
	switch {
	case p.q.Before != 0 && p.q.Before <= p.q.After+1:
		p.complete = true
	case len(q.ids) > 0:
		p.choose(known, q.order())
	default:
		err = p.read(ctx)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("archive: querying the archive of %s: %w", owner, err)
	}
	a := p.answer(q.flip)
	if a.First != 0 {
		r.ends.note(owner, a.First, a.Last)
	}
	return a, nil
}

// Metadata is the answer to <metadata/>: the archive's ends, none where it is empty (XEP-0313 §5).
func (r *Reader) Metadata(ctx context.Context, owner wire.Addr) (wire.Payload, error) {
	w := wire.NewWriter().Start(NSMAM, "metadata")
	for _, end := range []struct {
		name   string
		newest bool
	}{{"start", false}, {"end", true}} {
		rows, err := r.store.Page(ctx, storage.Query{Owner: owner, Newest: end.newest, Limit: 1})
		if err != nil {
			return nil, fmt.Errorf("archive: reading the ends of the archive of %s: %w", owner, err)
		}
		if len(rows) > 0 {
			w.Start("", end.name).Attr("id", r.ids.Text(rows[0].ID)).Attr("timestamp", IDTime(rows[0].ID).Format(stampFormat)).End()
		}
	}
	return w.Payload(), nil
}
