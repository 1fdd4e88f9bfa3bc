package storage

import (
	"context"

	"salon.im/salon/wire"
)

// Text is what full-text search finds a row by.
type Text struct {
	Owner wire.Addr
	ID    int64
	Text  string // plain, any language; "" is a row without any
}

// Searches is the full-text index beside the archive (XEP-0431). It trails behind the commits: package archive's indexer
// reads what is new, takes the text out of the stanzas, and adds it here. Query.Words asks it.
type Searches interface {
	// Unindexed returns up to limit rows of all owners behind the index's mark, by ascending id, tombstones included. The mark
	// is 0 at first. Rows of a deleted account or room are none.
	Unindexed(ctx context.Context, limit int) ([]Row, error)
	// Index adds texts and moves the mark to upTo, in one transaction. A text whose row is gone, or is a tombstone by now,
	// is left out; so is one whose row is in the index already. Texts may lie behind or before the mark. Of a text, the first
	// MaxTextWords words count. upTo below the mark is ErrConflict, and nothing is added.
	Index(ctx context.Context, texts []Text, upTo int64) error
	// Reindex empties the index and sets the mark to 0. No row is found by words until it is indexed again.
	Reindex(ctx context.Context) error
}
