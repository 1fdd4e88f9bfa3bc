package storage

import (
	"context"
	"fmt"
	"math"

	"salon.im/salon/wire"
)

// RowKind says what an archived stanza is.
type RowKind uint8

// The kinds of archived stanzas. Numbers are stored: never reuse one.
const (
	RowChat      RowKind = 1 // one to one: chat and normal messages, in a user's archive
	RowGroupchat RowKind = 2 // a room's message, in the room's archive
	RowPrivate   RowKind = 3 // a private message in a room, in a user's archive
	RowHeadline  RowKind = 4
	// RowPassing is a message that its recipient does not want archived (XEP-0441): it is kept for offline delivery alone.
	// Page and Rows leave it out, no index of texts has it, and the row goes with its mark.
	RowPassing RowKind = 5
)

// Row is one archived stanza. Rows are written once; only a Rewrite replaces Stanza, in place.
type Row struct {
	// ID orders the owner's archive and carries the time: package archive assigns it. It is positive and unique in the store.
	ID int64
	// Owner is the archive's owner: a user's or a room's bare address.
	Owner wire.Addr
	// Peer is the other side: for a user's archive the bare address of the correspondent (a private message in a room:
	// the occupant's full address), for a room's the sender's bare real address.
	Peer wire.Addr
	Kind RowKind
	// Outgoing says that the owner sent it.
	Outgoing bool
	// Origin makes a resend recognisable: a digest of sender and origin-id (XEP-0359), nil when the stanza has none. It is
	// unique for an owner: Append drops a row whose Origin the owner's archive holds already.
	Origin []byte
	// Undelivered marks the row for offline delivery until ClearUndelivered or a Batch's Delivered.
	Undelivered bool
	// Tombstone says that the message was retracted, moderated or erased: Stanza is what is left to show in its place. Append
	// ignores it; a Rewrite sets it.
	Tombstone bool
	// Stanza is the exact bytes as AppendStandalone wrote them, without our own stanza-id.
	Stanza []byte
}

// Mark names an undelivered row that has been delivered.
type Mark struct {
	Owner wire.Addr
	ID    int64
}

// MaxRows is how many rows Rows returns at most.
const MaxRows = 250

// Rewrite replaces the bytes of a row in place: a retraction, a moderation, or the erasure of a person. The row keeps its
// id and its place, and the old bytes are gone from the disk, but for what Hold keeps.
type Rewrite struct {
	Owner  wire.Addr
	ID     int64
	Stanza []byte
	// Peer replaces the row's peer unless it is zero: erasure gives an occupant's messages to a pseudonym.
	Peer wire.Addr
	// Tombstone says that the message itself is gone. The row is undelivered no more and leaves the search index, and its
	// origin stays, so that a resend does not bring it back. It leaves a row that is a tombstone already as it is, its peer
	// included. A rewrite without it replaces stanza and peer of any row; a tombstone remains one, and other rows keep their
	// mark and their search entry: the text must be the same.
	Tombstone bool
	// Hold keeps what the row was aside, for the administrator alone: see Retention.Held. What is held of a row already
	// stays, and of a tombstone nothing is held.
	Hold bool
}

// Batch is what the archive's one writer commits at a time: the rows, then the marks, then the rewrites.
type Batch struct {
	Rows []Row
	// Delivered and Rewrites may name rows of the same batch; one without a row is no error. Rewrites are made in order.
	Delivered []Mark
	Rewrites  []Rewrite
}

// Check returns an error for a batch with a row that has no id or no owner.
func (b *Batch) Check() error {
	for i := range b.Rows {
		if r := &b.Rows[i]; r.ID <= 0 || r.Owner.IsZero() {
			return fmt.Errorf("row %d has no id or no owner", i)
		}
	}
	return nil
}

// Dropped is a row that Append left out.
type Dropped struct {
	Index int   // in Batch.Rows
	ID    int64 // of the row that is stored in its place
}

// Query selects a page of an archive. Zero values select all.
type Query struct {
	Owner wire.Addr
	// With selects one correspondent: a bare address matches all of its resources, a full one itself alone.
	With wire.Addr
	// After and Before are exclusive ids; 0 is open.
	After, Before int64
	// Words selects rows by the full-text index: those whose text has all of the words, whole and in any order. The func
	// Words says what a word is; each string here goes through it too (QueryWords), so that any input will do, and nothing
	// in it is syntax. None selects all rows; strings without a single word select none. Rows that are not indexed yet are
	// not found: see Searches.
	Words []string
	// Newest returns the last rows of the selection instead of the first. Rows are oldest first in either case.
	Newest bool
	Limit  int // rows; at least 1
}

// Bounds returns the ids between which the page is, both exclusive, and how many rows it has at most.
func (q *Query) Bounds() (after, before int64, limit int) {
	before = q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	return q.After, before, max(q.Limit, 1)
}

// Archive keeps the messages of users and rooms.
type Archive interface {
	// Append commits a batch in one transaction, durable when it returns. dropped lists the rows that were left out because
	// the owner's archive holds their Origin, by ascending index; a dropped row leaves no mark. On an error nothing of the
	// batch is stored, unless it is the commit whose answer was lost. So a batch may be tried again as it is: a row that is
	// stored already, id, owner and stanza, is dropped with its own id. Another row with an id that is taken is ErrConflict.
	Append(ctx context.Context, b Batch) (dropped []Dropped, err error)
	// Page returns rows by key, without offset or count.
	Page(ctx context.Context, q Query) ([]Row, error)
	// Rows returns those of the ids that the owner's archive holds, by ascending id. Duplicates make no
	// difference. At most MaxRows ids are looked at, the first ones.
	Rows(ctx context.Context, owner wire.Addr, ids []int64) ([]Row, error)
	// ByOrigin returns the row of the owner's archive with that origin, or ErrNotFound. An empty origin is nobody's.
	ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (Row, error)
	// Undelivered returns up to limit marked rows of a user after id `after`, oldest first.
	Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) ([]Row, error)
	// CountUndelivered counts a user's marks, up to max.
	CountUndelivered(ctx context.Context, owner wire.Addr, max int) (int, error)
	// ClearUndelivered removes all marks of a user up to and including id.
	ClearUndelivered(ctx context.Context, owner wire.Addr, upTo int64) error
	// LastRow returns the highest id that the store ever held, deleted rows included, 0 for none. The id source starts above
	// it, so that no id is used again (XEP-0313 §6.2).
	LastRow(ctx context.Context) (int64, error)
	// DeleteBefore removes up to limit of the owner's rows (every owner's, for the zero address) older than id, with their
	// marks, origins, search entries and what was kept aside of them, and returns how many. Retention calls it in chunks.
	DeleteBefore(ctx context.Context, owner wire.Addr, id int64, limit int) (int, error)
}
