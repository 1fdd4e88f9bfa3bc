package muc

import (
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// probe is a question whether a session is there.
type probe struct {
	id    string // of the request; "" for none under way
	again bool   // it is the second one
	at    time.Time
}

// Sessions of other domains of which nothing comes for rooms.idle_ping are asked whether they are there (XEP-0045 §18.1.2): a
// server that goes away tells nobody that its users do. Those of this server are watched by their streams. No answer says nothing: a
// phone that sleeps will come back (XEP-0198), and stanzas that cannot be delivered come back as errors.

// hear notes that something has come from a session of another domain.
func (r *room) hear(st wire.Stanza) {
	if st.IsZero() {
		return
	}
	if s := r.sessions[st.From()]; s != nil && s.remote {
		s.heard = r.s.o.Now()
	}
}

// watch has a session that enters watched, if it is of another domain.
func (r *room) watch(s *session) {
	every := r.s.o.Config().Rooms.IdlePing
	if s.remote = !r.s.o.Router.IsHost(s.full.Domain()); !s.remote || every == 0 {
		return
	}
	if s.heard = r.s.o.Now(); r.pingAt.IsZero() {
		r.pingAt = s.heard.Add(every)
	}
}

// pingSilent asks the silent, once in rooms.idle_ping.
func (r *room) pingSilent() {
	if r.pingAt.IsZero() {
		return
	}
	now := r.s.o.Now()
	if now.Before(r.pingAt) {
		return
	}
	every, watched := r.s.o.Config().Rooms.IdlePing, false
	for _, s := range r.all {
		if !s.remote || every == 0 {
			continue
		}
		watched = true
		if now.Sub(s.heard) >= every {
			r.askPing(s)
		}
	}
	if r.pingAt = now.Add(every); !watched {
		r.pingAt = time.Time{}
	}
}

// doubtTime is how long a question may take that an error made us ask: no other is asked meanwhile.
const doubtTime = time.Minute

// doubt asks a session whether it is there.
func (r *room) doubt(full wire.Addr) {
	if s := r.sessions[full]; s != nil && (s.probe.id == "" || r.s.o.Now().Sub(s.probe.at) >= doubtTime) {
		r.askPing(s)
	}
}

func (r *room) askPing(s *session) {
	r.ask(s, wire.NewWriter().Elem(nsPing, "ping", "").Payload(), false)
}

func (r *room) ask(s *session, question wire.Payload, again bool) {
	s.probe = probe{id: wire.NewID(), again: again, at: r.s.o.Now()}
	r.send(wire.New(wire.KindIQ, "get", s.probe.id, r.addr, s.full, question))
}

// answered takes what comes back. An error may be the client's own, which does not know the question (RFC 6120 §8.4), or its
// server's, where nobody is: service-unavailable can be either, so another thing is asked, which clients do know.
func (r *room) answered(st wire.Stanza) {
	s := r.sessions[st.From()]
	if s == nil || s.probe.id == "" || st.ID() != s.probe.id {
		return
	}
	again := s.probe.again
	s.probe = probe{}
	if st.Type() != "error" {
		return
	}
	switch condition := conditionOf(st); {
	case condition == string(stanza.ServiceUnavailable) && !again:
		r.ask(s, wire.NewWriter().Start(nsDiscoInfo, "query").End().Payload(), true)
	case gone[condition]:
		r.depart(st.From(), nil, statusUnreachable)
	}
}

// conditionOf returns the condition of an error (RFC 6120 §8.3.3), "" for none.
func conditionOf(st wire.Stanza) string {
	e, _ := st.Kid("", "error")
	for k := range e.Kids() {
		if n := k.Name(); n.Space == stanza.NSError && n.Local != "text" {
			return strings.Clone(n.Local)
		}
	}
	return ""
}
