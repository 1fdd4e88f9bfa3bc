package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsRetract    = "urn:xmpp:message-retract:1"
	nsModerate   = "urn:xmpp:message-moderate:1"
	nsOccupantID = "urn:xmpp:occupant-id:0"
	nsMUCUser    = "http://jabber.org/protocol/muc#user"
	nsCorrect    = "urn:xmpp:message-correct:0"
)

const (
	// maxLookBack bounds the rows of a conversation that are searched for a message.
	maxLookBack = 500
	// lookPage is how many of them are held at a time: stanzas may be large, and any number of sessions may retract at once.
	lookPage = 50
)

// Retracts returns the id of the message that st takes back, and whether it takes one back (XEP-0424 §4).
func Retracts(st wire.Stanza) (id string, ok bool) {
	if st.Kind() != wire.KindMessage || st.Type() == "error" {
		return "", false
	}
	k, ok := st.Kid(nsRetract, "retract")
	if !ok || k.Attr("id") == "" {
		return "", false
	}
	return k.Attr("id"), true
}

// Retraction says how a message was taken back.
type Retraction struct {
	ID        string // of the message that retracts, by which clients match the two
	At        time.Time
	Moderated bool      // by a moderator (XEP-0425 §5), else by its author
	By        wire.Addr // the moderator's address in the room
	Occupant  string    // the moderator's occupant-id (XEP-0421), "" for none
	Reason    string    // the moderator's, "" for none
}

// Tombstone returns what is left of a message: its addresses, type and id, and that it was retracted (XEP-0424 §5, XEP-0425
// §5). What a room stamped on it stays, and which message it took back or corrected itself: that is still to be learnt.
func (r Retraction) Tombstone(st wire.Stanza) wire.Stanza {
	w := wire.NewWriter()
	if k, ok := st.Kid(nsOccupantID, "occupant-id"); ok {
		w.Start(nsOccupantID, "occupant-id").Attr("id", k.Attr("id")).End()
	}
	if st.Has(nsMUCUser, "x") && !invites(st) { // XEP-0045 §7.5: it was a private message
		w.Start(nsMUCUser, "x").End()
	}
	if id, ok := Retracts(st); ok {
		w.Start(nsRetract, "retract").Attr("id", id).End()
	}
	if k, ok := st.Kid(nsCorrect, "replace"); ok {
		w.Start(nsCorrect, "replace").Attr("id", k.Attr("id")).End()
	}
	w.Start(nsRetract, "retracted").Attr("id", r.ID).Attr("stamp", r.At.UTC().Format("2006-01-02T15:04:05.000Z"))
	if r.Moderated {
		r.moderated(w)
	}
	return wire.New(wire.KindMessage, st.Type(), st.ID(), st.From(), st.To(), w.End().Payload())
}

// Notice returns what tells of a moderator's retraction of the message with that stanza-id (XEP-0425 §4.1).
func (r Retraction) Notice(stanzaID string) wire.Payload {
	w := wire.NewWriter().Start(nsRetract, "retract").Attr("id", stanzaID)
	r.moderated(w)
	return w.End().Payload()
}

func (r Retraction) moderated(w *wire.Writer) {
	w.Start(nsModerate, "moderated").AttrIf("by", r.By.String())
	if r.Occupant != "" {
		w.Start(nsOccupantID, "occupant-id").Attr("id", r.Occupant).End()
	}
	w.End().ElemIf("", "reason", r.Reason)
}

// Rewrite replaces a row by its tombstone. hold keeps what it was for the administrator. The error says that the row's bytes
// do not parse.
func (r Retraction) Rewrite(row storage.Row, hold bool) (storage.Rewrite, error) {
	st, err := wire.Parse(row.Stanza)
	if err != nil {
		return storage.Rewrite{}, fmt.Errorf("archive: row %d of %s: %w", row.ID, row.Owner, err)
	}
	return storage.Rewrite{Owner: row.Owner, ID: row.ID, Stanza: r.Tombstone(st).AppendStandalone(nil), Tombstone: true, Hold: hold}, nil
}

// FindID looks for the newest message with that id for which f is true, among the newest 500 rows of owner's conversation
// with a correspondent, and reports whether there is one. with is as in storage.Query. It blocks on storage, whose errors it
// returns.
func FindID(ctx context.Context, s storage.Archive, owner, with wire.Addr, id string, f func(storage.Row) bool) (storage.Row, bool, error) {
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

// FindWaiting is FindID among the oldest 500 rows that wait for their delivery to owner.
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

// Corrections returns the messages that correct the one in a row (XEP-0308 §4) and for which f is true, among the 500 rows that
// follow it in its owner's conversation with a correspondent: what is taken back, is so in every version. with is as in
// storage.Query. It blocks on storage, whose errors it returns.
func Corrections(ctx context.Context, s storage.Archive, of storage.Row, with wire.Addr, f func(storage.Row) bool) (all []storage.Row, err error) {
	st, err := wire.Parse(of.Stanza)
	if err != nil || st.ID() == "" {
		return nil, nil // nothing can name it
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

// HasID reports whether a row's message has that id.
func HasID(row storage.Row, id string) bool {
	st, err := wire.Parse(row.Stanza)
	return err == nil && st.ID() == id
}

func newestWithID(rows []storage.Row, id string, f func(storage.Row) bool) (storage.Row, bool) {
	plain := !strings.ContainsAny(id, `&<>"'`)
	for _, row := range slices.Backward(rows) {
		if !f(row) || plain && !strings.Contains(string(row.Stanza), id) {
			continue
		}
		if HasID(row, id) {
			return row, true
		}
	}
	return storage.Row{}, false
}
