package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	// maxLookBack bounds the rows of a conversation that are searched for a message.
	maxLookBack = 500
	// lookPage is how many of them are held at a time: stanzas may be large, and any number of sessions may retract at once.
	lookPage = 50
)

// Wanted says which message is looked for in an archive.
type Wanted struct {
	Owner, With wire.Addr // as in storage.Query: whose conversation with whom
	ID          string    // of the message
	Origin      []byte    // of the same value as origin-id (see Origin); nil for none
	// Mine says which messages with the ID may be meant, ByOrigin which one that the Origin finds.
	Mine, ByOrigin func(storage.Row) bool
}

// Find looks for a message among the newest 500 rows of a conversation, and reports whether it is there (XEP-0424 §6.1). Of
// several with that id it is the newest. Clients give origin-ids the same value, by which it is found fast; the origin-id of
// another message counts only where no message has the id. It blocks on storage, whose errors it returns.
func Find(ctx context.Context, s storage.Archive, w Wanted) (storage.Row, bool, error) {
	row, err := s.ByOrigin(ctx, w.Owner, w.Origin)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return storage.Row{}, false, fmt.Errorf("archive: looking for a message in the archive of %s: %w", w.Owner, err)
	}
	known := err == nil && w.ByOrigin(row)
	if known && hasID(row, w.ID) {
		return row, true, nil
	}
	if newest, found, err := findID(ctx, s, w.Owner, w.With, w.ID, w.Mine); err != nil || found {
		return newest, found, err
	}
	if known {
		return row, true, nil
	}
	return storage.Row{}, false, nil
}

// findID looks for the newest message with that id for which f is true.
func findID(ctx context.Context, s storage.Archive, owner, with wire.Addr, id string, f func(storage.Row) bool) (storage.Row, bool, error) {
	for before, left := int64(0), maxLookBack; left > 0; left -= lookPage {
		rows, err := s.Page(ctx, storage.Query{Owner: owner, With: with, Before: before, Newest: true, Limit: lookPage})
		if err != nil {
			return storage.Row{}, false, fmt.Errorf("archive: looking for a message in the archive of %s: %w", owner, err)
		}
		if row, found := newestWithID(rows, id, f); found {
			return row, true, nil
		}
		if len(rows) < lookPage {
			break
		}
		before = rows[0].ID
	}
	return storage.Row{}, false, nil
}

// FindWaiting looks for the newest message with that id for which f is true, among the oldest 500 rows that wait for their
// delivery to owner. It blocks on storage, whose errors it returns.
func FindWaiting(ctx context.Context, s storage.Archive, owner wire.Addr, id string, f func(storage.Row) bool) (newest storage.Row, found bool, err error) {
	for after, left := int64(0), maxLookBack; left > 0; left -= lookPage {
		rows, err := s.Undelivered(ctx, owner, after, lookPage)
		if err != nil {
			return storage.Row{}, false, fmt.Errorf("archive: looking for what waits for %s: %w", owner, err)
		}
		if row, ok := newestWithID(rows, id, f); ok {
			newest, found = row, true
		}
		if len(rows) < lookPage {
			break
		}
		after = rows[len(rows)-1].ID
	}
	return newest, found, nil
}

// WithCorrections returns the message in a row and those that correct it (XEP-0308 §4) and for which f is true, among the 500
// rows that follow it in its owner's conversation with a correspondent: what is taken back, is so in every version. Of a
// tombstone it returns nothing. with is as in storage.Query. It blocks on storage, whose errors it returns.
func WithCorrections(ctx context.Context, s storage.Archive, of storage.Row, with wire.Addr, f func(storage.Row) bool) ([]storage.Row, error) {
	if of.Tombstone {
		return nil, nil
	}
	all := []storage.Row{of}
	st, err := wire.Parse(of.Stanza)
	if err != nil || st.ID() == "" {
		return all, nil // nothing can name it
	}
	for after, left := of.ID, maxLookBack; left > 0; left -= lookPage {
		rows, err := s.Page(ctx, storage.Query{Owner: of.Owner, With: with, After: after, Limit: lookPage})
		if err != nil {
			return nil, fmt.Errorf("archive: looking for corrections in the archive of %s: %w", of.Owner, err)
		}
		for _, row := range rows {
			if !row.Tombstone && f(row) && corrects(row, st.ID()) {
				all = append(all, row)
			}
		}
		if len(rows) < lookPage {
			break
		}
		after = rows[len(rows)-1].ID
	}
	return all, nil
}

func corrects(row storage.Row, id string) bool {
	if !strings.Contains(string(row.Stanza), nsCorrect) {
		return false
	}
	st, err := wire.Parse(row.Stanza)
	if err != nil {
		return false
	}
	k, ok := st.Kid(nsCorrect, "replace")
	return ok && k.Attr("id") == id
}

// hasID reports whether a row's message has that id.
func hasID(row storage.Row, id string) bool {
	st, err := wire.Parse(row.Stanza)
	return err == nil && st.ID() == id
}

func newestWithID(rows []storage.Row, id string, f func(storage.Row) bool) (storage.Row, bool) {
	plain := !strings.ContainsAny(id, `&<>"'`)
	for _, row := range slices.Backward(rows) {
		if !f(row) || plain && !strings.Contains(string(row.Stanza), id) {
			continue
		}
		if hasID(row, id) {
			return row, true
		}
	}
	return storage.Row{}, false
}
