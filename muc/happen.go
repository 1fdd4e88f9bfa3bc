package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// happen handles an event that is no message under way, when its turn has come.
func (r *room) happen(e *event) {
	st := e.st
	var err error
	switch {
	case e.call != nil:
		e.call(r)
	case !e.gone.IsZero():
		r.depart(e.gone, nil)
	case r.closing:
		err = errClosing
	default:
		if err = r.load(); err == nil {
			err = r.stanza(e)
		}
	}
	if err != nil {
		e.sent = wire.Stanza{}
		r.refuse(st, err)
	}
}

func (r *room) stanza(e *event) error {
	st := e.st
	switch st.Kind() {
	case wire.KindPresence:
		return r.presence(st)
	case wire.KindIQ:
		return r.iq(e)
	}
	switch {
	case st.Type() == "error":
		r.bounced(st)
		return nil
	}
	return r.toRoom(e)
}

// presence handles a presence to the room or one of its nicks.
func (r *room) presence(st wire.Stanza) error {
	switch st.Type() {
	case "error":
		r.bounced(st)
		return nil
	case "unavailable":
		said := shows(st)
		if len(said) > maxShows {
			said = nil // a departure may not be refused
		}
		r.depart(st.From(), said) // §7.14
		return nil
	case "":
	default:
		return nil // subscriptions to rooms mean nothing
	}
	if !st.To().IsFull() {
		return refusal(stanza.Modify, stanza.JIDMalformed, "Choose a nickname to enter the room.") // §7.2.1
	}
	if st.Len() > maxShows && len(shows(st)) > maxShows {
		return errShows
	}
	s := r.sessions[st.From()]
	switch {
	case s == nil, s.occ.nick == st.To().Resource() && st.Has(nsMUC, "x"):
		return r.join(st)
	case s.occ.nick != st.To().Resource():
		return r.changeNick(s, st)
	}
	return r.updatePresence(s, st)
}

// updatePresence passes a changed presence on (XEP-0045 §7.7).
func (r *room) updatePresence(s *session, st wire.Stanza) error {
	if !r.mayTalk(s) {
		return errRate
	}
	s.shows = shows(st)
	s.occ.show(s)
	r.update(s.occ)
	return nil
}
