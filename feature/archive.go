package feature

import (
	"context"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsSID     = "urn:xmpp:sid:0"
	nsDelay   = "urn:xmpp:delay"
	nsMUCUser = "http://jabber.org/protocol/muc#user"
)

// ArchiveOptions are what Archive needs.
type ArchiveOptions struct {
	Store storage.Archive
	IDs   archive.IDs
	// Bound is the count of messages that may wait for a user without available sessions; 0 keeps none.
	Bound func() int
	// Held says whether what the owner of an archive, bare, has retracted is kept for the administrator; nil holds nothing.
	Held func(owner wire.Addr) bool
}

// archiver keeps the messages between people. It holds no state of its own.
type archiver struct {
	r *router.Router
	o ArchiveOptions
}

// Archive keeps one-to-one messages in the archives of their local parties before they are delivered, and writes the
// stanza-ids (XEP-0359 §3). The recipient's row waits for offline delivery until a session has it (XEP-0160 §2). What its
// author retracts leaves a tombstone in both (XEP-0424).
func Archive(r *router.Router, o ArchiveOptions) {
	a := &archiver{r: r, o: o}
	x := router.XEP{Num: 359, Version: "0.7.0", Status: "complete"}
	r.Advertise(router.OnServer, x)
	r.Advertise(router.OnAccount, x, nsSID) // the account's archive assigns the ids
	r.Advertise(router.OnServer, router.XEP{Num: 334, Version: "1.0.0", Status: "complete"})
	r.Advertise(router.OnServer, router.XEP{Num: 203, Version: "2.0", Status: "complete"})
	a.advertiseRetraction()
	r.Amend(a.amend)
}

func (a *archiver) amend(ctx context.Context, w *router.Walk) error {
	st := w.Stanza
	from, to := st.From(), st.To()
	if w.From == nil && !a.r.IsHost(from.Domain()) && a.r.IsLocal(from.Domain()) && !(from.IsBare() && invites(st)) {
		return nil // a room's message: package muc archives and marks what is its own, but for what it says to those outside
	}
	if !archive.Store(st) || to.IsHost() && a.r.IsHost(to.Domain()) {
		return nil
	}
	st = archive.Identified(st)
	w.Stanza = st
	row := storage.Row{Kind: kind(st), Origin: origin(st), Stanza: st.AppendStandalone(nil)}
	toUs := a.r.IsHost(to.Domain())
	if toUs {
		if ok, err := a.r.Exists(ctx, to.Bare()); err != nil || !ok {
			return err // RFC 6121 §8.5.1: nobody is there, and the sender hears of it
		}
		retracted, err := a.retract(ctx, w, to.Bare(), peer(row.Kind, from), false)
		if err != nil {
			return err
		}
		if !retracted { // else it comes in the place of what it takes back
			if err := a.checkBound(ctx, st); err != nil {
				return err
			}
		}
	}
	if a.r.IsHost(from.Domain()) && from.Local() != "" && from.Bare() != to.Bare() {
		r := row
		r.Owner, r.Peer, r.Outgoing = from.Bare(), peer(r.Kind, to), true
		if _, err := a.retract(ctx, w, r.Owner, r.Peer, true); err != nil {
			return err
		}
		w.Rows = append(w.Rows, r)
	}
	if toUs {
		// A message to oneself is this one row: there is one archive, and the other sessions are to have it.
		r := row
		inRoom := r.Kind == storage.RowPrivate && to.IsFull() // for that session alone: it bounces when there is none
		r.Owner, r.Peer, r.Undelivered = to.Bare(), peer(r.Kind, from), archive.Offline(st) && !inRoom
		w.Rows = append(w.Rows, r)
	}
	w.Committed = a.committed
	return nil
}

// checkBound refuses a message that would have to wait for an absent user who has as many as may wait (XEP-0160 §2 step 3).
// What is under way to the archive is not counted: streams bound that.
func (a *archiver) checkBound(ctx context.Context, st wire.Stanza) error {
	if !archive.Offline(st) {
		return nil
	}
	for _, res := range a.r.Resources(st.To().Bare()) {
		if p := res.Presence(); p != nil && p.Priority >= 0 || res.Addr() == st.To() {
			return nil
		}
	}
	bound := a.o.Bound()
	n, err := a.o.Store.CountUndelivered(ctx, st.To().Bare(), bound)
	if err != nil {
		return err
	}
	if n >= bound {
		return stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable,
			Text: map[string]string{"en": "The recipient is away and cannot be kept more messages for."}}
	}
	return nil
}

// committed writes the stanza-ids into what goes out: the recipient's into the message, the sender's into the copies for
// the sender's other sessions.
func (a *archiver) committed(w *router.Walk) {
	a.takeBack(w.Rewrites)
	if w.Stanza.From().Bare() != w.Stanza.To().Bare() {
		w.Sent = w.Stanza // the sender may not read the recipient's archive (XEP-0313 §3.5)
	}
	for _, row := range w.Rows { // the sender's comes first
		switch {
		case !row.Outgoing:
			w.Stanza = stamped(a.o.IDs, w.Stanza, row.Owner, row.Kind, row.ID)
			if row.Undelivered {
				w.Mark = row.ID
			}
		case len(a.r.Resources(row.Owner)) > 1:
			w.Sent = withID(a.o.IDs, w.Stanza, row.Owner, row.ID)
		}
	}
}

// stamped adds the stanza-id of what is in the archive, and not on its way alone.
func stamped(ids archive.IDs, st wire.Stanza, by wire.Addr, kind storage.RowKind, id int64) wire.Stanza {
	if kind == storage.RowPassing {
		return st
	}
	return withID(ids, st, by, id)
}

// withID adds a stanza-id (XEP-0359 §3).
func withID(ids archive.IDs, st wire.Stanza, by wire.Addr, id int64) wire.Stanza {
	return st.With(ids.StanzaID(by, id))
}

// kind tells a private message in a room of another server from other messages (XEP-0045 §7.5).
func kind(st wire.Stanza) storage.RowKind {
	switch x, ok := st.Kid(nsMUCUser, "x"); {
	case st.Type() == "headline":
		return storage.RowHeadline
	case ok && !invitation(x):
		return storage.RowPrivate
	}
	return storage.RowChat
}

// invitation finds a mediated invitation or its refusal (XEP-0045 §7.8.2).
func invitation(x wire.Kid) bool {
	_, invite := x.Kid("", "invite")
	_, decline := x.Kid("", "decline")
	return invite || decline
}

// peer is the correspondent as the archive knows it: an occupant by its nick, anyone else by the bare address.
func peer(k storage.RowKind, a wire.Addr) wire.Addr {
	if k == storage.RowPrivate {
		return a
	}
	return a.Bare()
}

// origin makes a resend recognisable. The recipient is part of it: a client may give one id to messages for several people.
func origin(st wire.Stanza) []byte {
	o, ok := st.Kid(nsSID, "origin-id")
	if !ok || o.Attr("id") == "" {
		return nil
	}
	return originOf(st, o.Attr("id"))
}

func originOf(st wire.Stanza, id string) []byte {
	return archive.Origin(st.From(), st.To().Bare().String()+" "+id)
}
