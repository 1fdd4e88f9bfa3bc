package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var (
	errRate     = refusal(stanza.Wait, stanza.PolicyViolation, "You are sending too fast.")                        // RFC 6120 §8.3.3.12
	errNotToOne = refusal(stanza.Modify, stanza.BadRequest, "A message to one occupant is not of type groupchat.") // §7.5
)

// mayTalk takes from the session's bucket. Admins of the host may always.
func (r *room) mayTalk(s *session) bool {
	c := r.s.o.Config().Rooms
	return s.rate.take(r.s.o.Now(), float64(c.StanzasPerSecond), c.StanzasBurst) || r.s.isAdmin(s.full.Bare())
}

// speaker returns the session that may say something in the room now.
func (r *room) speaker(st wire.Stanza) (*session, error) {
	s := r.sessions[st.From()]
	switch {
	case r.missing(st.From()):
		return nil, errNoRoom
	case s == nil:
		return nil, errNotIn // §7.4
	case !r.mayTalk(s):
		return nil, errRate
	}
	return s, nil
}

// judgeGroupchat decides on a message to all, and prepares what is sent and kept (XEP-0045 §7.4).
func (r *room) judgeGroupchat(st wire.Stanza, m *message) error {
	s, err := r.speaker(st)
	if err != nil {
		return err
	}
	if st.To().IsFull() {
		return errNotToOne
	}
	if !s.occ.role.may(privilegeTalk) {
		return refusal(stanza.Auth, stanza.Forbidden, "You have no voice in this room.") // §7.4
	}
	if r.dropsState(st) {
		m.deliver = func(*room, *message) {}
		return nil
	}
	m.out = s.occ.says(st).WithTo(wire.Addr{})
	m.deliver = (*room).broadcast
	if err := r.judgeRetraction(s, m); err != nil {
		return err
	}
	r.archiveRow(s, m)
	return r.judgePace(s, st, m)
}

// archiveRow has the archive keep a message of a session, by the rules.
func (r *room) archiveRow(s *session, m *message) {
	switch {
	case !archive.StoreRoom(m.out):
	case r.set.NoArchive:
		m.unkept = true
	default:
		m.rows = []storage.Row{{Owner: r.addr, Peer: s.full.Bare(), Kind: storage.RowGroupchat,
			Origin: archive.Origin(s.full, originID(m.out)), Stanza: m.out.AppendStandalone(nil)}}
	}
}

// originID is the id by which a resend is known (XEP-0359 §3.1).
func originID(st wire.Stanza) string {
	if k, ok := st.Kid(nsSID, "origin-id"); ok {
		return k.Attr("id")
	}
	return ""
}

// broadcast sends a committed message to every session, its sender's own included: to them it is the reflection.
func (r *room) broadcast(m *message) {
	st := m.out
	switch {
	case len(m.rows) > 0:
		st = r.withStanzaID(st, r.addr, m.rows[0].ID)
		r.history.add(entry{id: m.rows[0].ID, st: st}, r.s.o.Config().Rooms.HistoryMax)
	case m.unkept:
		r.history.add(entry{id: r.unkept(), st: st}, r.s.o.Config().Rooms.HistoryMax)
	}
	r.takeBack(m.rewrite)
	r.countActivity(m)
	r.toAll(st)
	if m.unset {
		r.unsetSubject()
	}
}

// toAll is the fan-out: the same bytes for everyone, with another `to` spliced in.
func (r *room) toAll(st wire.Stanza) {
	for _, s := range r.all {
		s.send(st)
	}
	r.s.Stats.Messages.Add(1)
	r.s.Stats.Delivered.Add(int64(len(r.all)))
}

// withStanzaID adds the stanza-id of an archive, the room's or an occupant's (XEP-0359 §3.1).
func (r *room) withStanzaID(st wire.Stanza, by wire.Addr, id int64) wire.Stanza {
	return st.With(r.s.o.IDs.StanzaID(by, id))
}
