package archive

import (
	"slices"
	"strconv"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Fields says which fields a query may have besides those of XEP-0313 §4.1.
type Fields struct {
	Fulltext  bool // {urn:xmpp:fulltext:0}fulltext (XEP-0431 §3.1)
	Groupchat bool // include-groupchat (XEP-0313 §4.1.4)
}

// Request is a query as it was asked (XEP-0313 §4).
type Request struct {
	QueryID string // what ties the results to the query, "" for nothing (§4)
	// With is the correspondent that was asked for, zero for all (§4.1.1). Whoever runs the query on a room's archive looks
	// at it first: see ByNick.
	With wire.Addr

	texts             IDs       // of the reader
	nick              wire.Addr // set by ByNick
	start, end        int64     // exclusive bounds out of the times; 0 is open
	afterID, beforeID int64     // of the form
	ids               []int64
	words             []string
	max               int
	after, before     int64 // of XEP-0059
	backward          bool
	flip              bool
}

// ParseRequest reads <query xmlns='urn:xmpp:mam:2'/> of an IQ of type "set". max is how many messages the asker gets who
// does not say; nobody gets more than MaxPage. The error is a stanza.Error for the asker.
func (r *Reader) ParseRequest(k wire.Kid, f Fields) (*Request, error) {
	q := &Request{QueryID: k.Attr("queryid"), texts: r.ids, max: defaultPage}
	if len(q.QueryID) > maxQueryID {
		return nil, badRequest("The queryid is too long.")
	}
	if k.Attr("node") != "" {
		return nil, refusal(stanza.Cancel, stanza.ItemNotFound, "Nodes are for archives of pubsub services.") // §6.1.3
	}
	if x, ok := k.Kid(wire.NSForm, "x"); ok {
		if err := q.readForm(x, f); err != nil {
			return nil, err
		}
	}
	_, q.flip = k.Kid("", "flip-page") // §4.3.4
	if set, ok := k.Kid(nsRSM, "set"); ok {
		return q, q.readPaging(set)
	}
	return q, nil
}

// readPaging reads <set/> (XEP-0059 §2). Both <before/> and <after/> together, which it leaves open, ask for the last page
// of what is between them.
func (q *Request) readPaging(set wire.Kid) (err error) {
	if k, ok := set.Kid("", "max"); ok {
		n, err := strconv.Atoi(k.Text())
		if err != nil || n < 0 {
			return badRequest("<max/> is a number.")
		}
		q.max = min(n, MaxPage)
	}
	if _, ok := set.Kid("", "index"); ok { // XEP-0059 §2.6: it would take a count
		return refusal(stanza.Cancel, stanza.FeatureNotImplemented, "Pages are found by ids, not by their index.")
	}
	if k, ok := set.Kid("", "after"); ok && k.Text() != "" {
		if q.after, err = q.readID(k.Text()); err != nil {
			return err
		}
	}
	if k, ok := set.Kid("", "before"); ok {
		q.backward = true
		if id := k.Text(); id != "" { // XEP-0059 §2.5: empty is the last page
			q.before, err = q.readID(id)
		}
	}
	return err
}

// readID reads an id. To a client it is any string, so that one which we cannot have given is an id that is not there.
func (q *Request) readID(s string) (int64, error) {
	id, err := q.texts.Parse(s)
	if err != nil {
		return 0, errUnknownID
	}
	return id, nil
}

// order returns the ids that were asked for, each once, in the direction of paging.
func (q *Request) order() []int64 {
	ids := slices.Compact(slices.Sorted(slices.Values(q.ids)))
	if q.backward {
		slices.Reverse(ids)
	}
	return ids
}

// named returns the ids that must exist, those that are asked for first.
func (q *Request) named() []int64 {
	ids := q.order()
	for _, id := range []int64{q.after, q.before, q.afterID, q.beforeID} {
		if id != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// selection is what of the query the store does.
func (q *Request) selection(owner wire.Addr) storage.Query {
	s := storage.Query{Owner: owner, With: q.With.Bare(), Words: q.words, Newest: q.backward,
		After: max(q.start, q.afterID, q.after)}
	if q.With.IsFull() && s.With == owner {
		s.With = wire.Addr{} // what one of the owner's resources sent or received: the peer is somebody else
	}
	for _, b := range []int64{q.end, q.beforeID, q.before} {
		if b != 0 && (s.Before == 0 || b < s.Before) {
			s.Before = b
		}
	}
	return s
}

// ByNick makes a query of a room's archive for what an occupant's address said. Rows know the real addresses alone, so
// that a reader looks at the stanzas.
func (q *Request) ByNick() { q.nick, q.With = q.With, wire.Addr{} }

// match is what of the query the store cannot do: a row's peer is bare, but for private messages in rooms.
func (q *Request) match() func(*storage.Row) bool {
	switch {
	case !q.nick.IsZero():
		return func(row *storage.Row) bool {
			st, err := wire.Parse(row.Stanza)
			return err == nil && st.From() == q.nick
		}
	case q.With.IsFull():
		return func(row *storage.Row) bool {
			if row.Peer.IsFull() {
				return row.Peer == q.With
			}
			st, err := wire.Parse(row.Stanza)
			return err == nil && (st.From() == q.With || st.To() == q.With)
		}
	}
	return nil
}

// withMatches reports whether a row of that peer is among the correspondent's (§4.1.1); with is bare.
func withMatches(with, peer wire.Addr) bool { return peer.Bare() == with }

// startBound is the exclusive bound below the rows that are as old as t or younger (§4.1.2).
func startBound(t time.Time) int64 {
	ms := t.Truncate(time.Millisecond)
	if ms.Before(t) {
		ms = ms.Add(time.Millisecond)
	}
	return TimeID(ms) - 1
}

// endBound is the exclusive bound above the rows that are as old as t or older.
func endBound(t time.Time) int64 { return TimeID(t.Truncate(time.Millisecond).Add(time.Millisecond)) }
