package archive

import (
	"fmt"
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

// Identified gives a retraction without an id one: the tombstone must name it (XEP-0424 §5).
func Identified(st wire.Stanza) wire.Stanza {
	if _, ok := Retracts(st); !ok || st.ID() != "" {
		return st
	}
	return st.Edit().SetID(wire.NewID()).Stanza()
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
