package muc

import (
	"slices"
	"time"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// occupant is a nick in a room, with the sessions of one account behind it.
type occupant struct {
	nick        string
	addr        wire.Addr    // room@service/nick
	bare        wire.Addr    // of the account
	mark        wire.Payload // its <occupant-id/>
	hats        wire.Payload // its <hats/>, nil for none
	affiliation affiliation
	role        role
	looks       looks      // of the nick; empty until they are needed
	sessions    []*session // in the order in which they last sent presence; the last one's is shown
	told        time.Time  // when the others were last told of it as it was
	// The presence that others see, with and without the real address; zero until it is needed.
	open, anonymous wire.Stanza
}

// session is one full address in a room.
type session struct {
	full  wire.Addr
	occ   *occupant
	sink  router.Sink
	shows wire.Payload // what its presence said: <show/>, <status/>, capabilities
	index int          // in room.all
	rate  bucket
	// remote says that it is of another domain; then heard is when something last came from it, and probe
	// what it was asked since.
	remote bool
	heard  time.Time
	probe  probe
	// follows says that it asked for the versions of the affiliations (XEP-0463).
	follows bool
}

// send hands a stanza to the session. It neither blocks nor allocates.
func (s *session) send(st wire.Stanza) { s.sink.Send(st.WithTo(s.full)) }

// shown is the session whose presence stands for the occupant.
func (o *occupant) shown() *session { return o.sessions[len(o.sessions)-1] }

// changed drops what was rendered.
func (o *occupant) changed() { o.open, o.anonymous = wire.Stanza{}, wire.Stanza{} }

// show makes s the session whose presence is shown.
func (o *occupant) show(s *session) {
	if i := slices.Index(o.sessions, s); i >= 0 {
		o.sessions = slices.Delete(o.sessions, i, i+1)
	}
	o.sessions = append(o.sessions, s)
	o.changed()
}

// enter adds a session to the room, under an occupant.
func (r *room) enter(s *session, o *occupant) {
	s.occ = o
	o.show(s)
	r.occupants[o.nick] = o
	r.sessions[s.full] = s
	s.index = len(r.all)
	r.all = append(r.all, s)
	r.users.Store(int32(len(r.occupants)))
	r.s.Stats.Occupants.Add(1)
}

// remove takes a session out, and its occupant with the last one: then it reports true.
func (r *room) remove(s *session) (last bool) {
	r.s.ledger.leave(s.full, r.addr)
	r.spent.keep(s.full, s.rate)
	r.s.Stats.Occupants.Add(-1)
	end := len(r.all) - 1
	moved := r.all[end]
	r.all[s.index], r.all[end] = moved, nil
	moved.index = s.index
	r.all = r.all[:end]
	delete(r.sessions, s.full)
	return r.detach(s)
}

// detach takes a session from its occupant, and reports whether it was the last one.
func (r *room) detach(s *session) (last bool) {
	o := s.occ
	if len(o.sessions) == 1 && o.sessions[0] == s {
		delete(r.occupants, o.nick) // its sessions stay, for the last notice
		delete(r.late, o)
		r.users.Store(int32(len(r.occupants)))
		return true
	}
	if i := slices.Index(o.sessions, s); i >= 0 {
		o.sessions = slices.Delete(o.sessions, i, i+1)
	}
	o.changed()
	return false
}

// seesReal reports whether a session is shown real addresses (XEP-0045 §4.2).
func (r *room) seesReal(s *session) bool {
	return r.set.Whois == whoisAnyone || s.occ.role.may(privilegeRealAddresses)
}

// bucket is a token bucket: what a session may say.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes one token, and reports false if there is none.
func (b *bucket) take(now time.Time, perSecond float64, burst int) bool {
	if b.at.IsZero() {
		b.tokens = float64(burst)
	} else {
		b.tokens = min(float64(burst), b.tokens+now.Sub(b.at).Seconds()*perSecond)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
