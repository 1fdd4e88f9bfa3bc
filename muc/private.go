package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// private says who may send private messages.
type private uint8

// The values of private; the numbers are stored.
const (
	privateAnyone private = iota
	privateParticipants
	privateModerators
	privateNone
)

const fieldPrivate = "muc#roomconfig_allowpm"

var privateNames = [...]string{"anyone", "participants", "moderators", "none"}

// privateFacet says who may send private messages (XEP-0045 §7.5). Anyone may write to a moderator, unless nobody may.
var privateFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.ListSingle(fieldPrivate, "Who may send private messages", privateNames[r.set.Private],
			wire.Option{Label: "Anyone", Value: "anyone"}, wire.Option{Label: "Who has voice", Value: "participants"},
			wire.Option{Label: "Moderators", Value: "moderators"}, wire.Option{Label: "Nobody", Value: "none"})
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		if !f.Has(fieldPrivate) {
			return nil
		}
		for i, n := range privateNames {
			if f.Value(fieldPrivate) == n {
				set.Private = private(i)
				return nil
			}
		}
		return badField(fieldPrivate)
	},
}

// mayWrite holds a private message against the room's rule.
func (r *room) mayWrite(from, to *occupant) bool {
	switch r.set.Private {
	case privateNone:
		return false
	case privateParticipants:
		return from.role >= participant || to.role == moderator
	case privateModerators:
		return from.role == moderator || to.role == moderator
	}
	return true
}

// judgePrivate decides on a message from one occupant to another (XEP-0045 §7.5). It is kept in the archives of those of
// the two who are local, never in the room's.
func (r *room) judgePrivate(st wire.Stanza, m *message) error {
	s, err := r.speaker(st)
	if err != nil {
		return err
	}
	o := r.occupants[st.To().Resource()]
	if o == nil {
		return refusal(stanza.Cancel, stanza.ItemNotFound, "Nobody here has that nickname.")
	}
	if !r.mayWrite(s.occ, o) {
		return refusal(stanza.Auth, stanza.Forbidden, "You may not send private messages here.")
	}
	x := wire.NewWriter().Start(nsUser, "x").End().Payload()
	m.sent = archive.Identified(st).Edit().Cut(forged).Append(x).Stanza().WithFrom(s.full).WithTo(o.addr)
	m.out = m.sent.With(s.occ.mark).WithFrom(s.occ.addr).WithTo(o.bare) // what the room says has the mark
	if r.blocked(o, m.out) {
		return refusal(stanza.Cancel, stanza.ServiceUnavailable, "") // XEP-0191 §3.3, and XEP-0313 §6.1: it is in no archive
	}
	nick := o.nick
	m.deliver = func(r *room, m *message) { r.deliverPrivate(m, nick) }
	if archive.Store(m.out) {
		m.rows = r.privateRows(s, o, m, originID(st))
		if err = r.retractPrivate(s, o, m); err == nil {
			m.rows, err = r.keepWanted(m.rows)
		}
	}
	return err
}

// blocked reports whether an occupant does not want to hear of a stanza's sender. All sessions of an account have the same
// block list.
func (r *room) blocked(o *occupant, st wire.Stanza) bool {
	for _, s := range o.sessions {
		if res := r.s.o.Router.Resource(s.full); res != nil && res.Filters(st) {
			return true
		}
	}
	return false
}

// keepWanted leaves out the rows that their owners do not want (XEP-0441). What is between occupants never waits for delivery.
func (r *room) keepWanted(rows []storage.Row) ([]storage.Row, error) {
	if r.s.o.Keeps == nil {
		return rows, nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	kept := rows[:0]
	for _, row := range rows {
		keep, err := r.s.o.Keeps(ctx, row.Owner, row.Peer)
		if err != nil {
			return nil, r.storageError("read archiving preferences", err)
		}
		if keep {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

// privateOrigin makes a resend recognisable. The room and the recipient are part of it: a client may give one id to messages
// for several people.
func (r *room) privateOrigin(s *session, o *occupant, originID string) []byte {
	if originID == "" {
		return nil
	}
	return archive.Origin(s.full, r.addr.String()+" "+o.bare.String()+" "+originID)
}

func (r *room) privateRows(s *session, o *occupant, m *message, originID string) []storage.Row {
	var rows []storage.Row
	origin := r.privateOrigin(s, o, originID)
	local := r.s.o.Router.IsHost
	if local(o.bare.Domain()) {
		rows = append(rows, storage.Row{Owner: o.bare, Peer: s.occ.addr, Kind: storage.RowPrivate, Origin: origin,
			Stanza: m.out.AppendStandalone(nil)})
	}
	if from := s.full.Bare(); local(from.Domain()) && from != o.bare {
		rows = append(rows, storage.Row{Owner: from, Peer: o.addr, Kind: storage.RowPrivate, Outgoing: true, Origin: origin,
			Stanza: m.sent.AppendStandalone(nil)})
	}
	return rows
}

// deliverPrivate sends a committed message to every session of its recipient.
func (r *room) deliverPrivate(m *message, nick string) {
	o := r.occupants[nick]
	if o == nil {
		return // it is in the archive
	}
	out := m.out
	if len(m.rows) > 0 && !m.rows[0].Outgoing {
		out = r.withStanzaID(out, m.rows[0].Owner, m.rows[0].ID)
	}
	for _, s := range o.sessions {
		s.send(out)
	}
}
