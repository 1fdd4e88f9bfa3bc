package muc

import (
	"slices"
	"strconv"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// item is what a presence says of an occupant's place in the room (XEP-0045 §7.2.2). Zero fields are left out.
type item struct {
	affiliation affiliation
	role        role
	nick        string // the new one, on a change (§7.6)
	actor       string // the nick of who did it
	reason      string
}

// notice is a presence to tell: to the others in the room, and to the sessions that it is about.
type notice struct {
	from     wire.Addr    // the occupant's address
	mark     wire.Payload // its <occupant-id/>
	hats     wire.Payload // its <hats/>, which only who is here wears
	version  wire.Payload // <mav/>, of the affiliations, for those who follow them
	gone     bool         // unavailable
	shows    wire.Payload
	real     wire.Addr // full; shown to those who may see it
	item     item
	destroy  wire.Payload // <destroy/> (§10.9)
	statuses []int        // for everyone
	self     []int        // for the occupant's own sessions, besides 110
}

// render builds the presence.
func (n *notice) render(real bool, self bool) wire.Stanza {
	w := wire.NewWriter()
	w.Start(nsUser, "x").Raw(n.version).Start("", "item")
	w.Attr("affiliation", n.item.affiliation.String()).Attr("role", n.item.role.String())
	if real {
		w.AttrIf("jid", n.real.String())
	}
	w.AttrIf("nick", n.item.nick)
	if n.item.actor != "" {
		w.Start("", "actor").Attr("nick", n.item.actor).End()
	}
	w.ElemIf("", "reason", n.item.reason).End().Raw(n.destroy)
	for _, c := range n.statuses {
		status(w, c)
	}
	if self {
		status(w, statusSelf)
		for _, c := range n.self {
			status(w, c)
		}
	}
	w.End()
	if n.gone {
		return wire.New(wire.KindPresence, "unavailable", "", n.from, wire.Addr{}, n.shows, w.Payload(), n.mark)
	}
	return wire.New(wire.KindPresence, "", "", n.from, wire.Addr{}, n.shows, w.Payload(), n.hats, n.mark)
}

func status(w *wire.Writer, code int) {
	w.Start("", "status").Attr("code", strconv.Itoa(code)).End()
}

// about begins a notice of an occupant as it is.
func about(o *occupant) *notice {
	return &notice{from: o.addr, mark: o.mark, hats: o.hats, real: o.shown().full, shows: o.shown().shows,
		item: item{affiliation: o.affiliation, role: o.role}}
}

// presenceFor returns an occupant's presence as a session may see it. It is rendered once.
func (r *room) presenceFor(o *occupant, s *session) wire.Stanza {
	if r.seesReal(s) {
		if o.open.IsZero() {
			o.open = about(o).render(true, false)
		}
		return o.open
	}
	if o.anonymous.IsZero() {
		o.anonymous = about(o).render(false, false)
	}
	return o.anonymous
}

// announce tells everyone of an occupant as it is now: the others, then its own sessions (XEP-0045 §7.7), but those that are
// told something else. update is for changes that may wait.
func (r *room) announce(o *occupant, besides ...*session) {
	o.changed()
	r.tell(o)
	r.tellOwn(o, besides...)
}

// tell sends an occupant's presence to the others.
func (r *room) tell(o *occupant) {
	if r.seen(o); r.set.silent(o.role) {
		return
	}
	for _, s := range r.all {
		if s.occ != o {
			s.send(r.presenceFor(o, s))
		}
	}
}

// tellOwn sends an occupant's presence to its own sessions.
func (r *room) tellOwn(o *occupant, besides ...*session) {
	st := about(o).render(true, true)
	for _, s := range o.sessions {
		if !slices.Contains(besides, s) {
			s.send(st)
		}
	}
}

// tellOthers sends a notice to every session but those of o, unless o's role is one that others do not see.
func (r *room) tellOthers(n *notice, o *occupant) {
	if !r.set.silent(o.role) {
		r.spread(n, o)
	}
}

func (r *room) spread(n *notice, o *occupant) {
	var plain, real [2]wire.Stanza // without and with the version
	with := *n
	if r.step != nil {
		r.step.told, with.version = true, r.version()
	}
	notices := [2]*notice{n, &with}
	for _, s := range r.all {
		if s.occ == o {
			continue
		}
		i, made := 0, &plain
		if r.step != nil && r.follows(s) {
			i = 1
		}
		sees := r.seesReal(s)
		if sees {
			made = &real
		}
		if made[i].IsZero() {
			made[i] = notices[i].render(sees, false)
		}
		s.send(made[i])
	}
}

// tellSelf sends a notice to the sessions that it is about.
func (r *room) tellSelf(n *notice, own ...*session) {
	st := n.render(true, true)
	for _, s := range own {
		if !r.follows(s) {
			s.send(st)
			continue
		}
		with := *n
		with.version = r.version()
		s.send(with.render(true, true))
	}
}

// maxShows bounds what a presence says, in bytes: the room keeps it, and sends it to everyone who enters.
const maxShows = 16 << 10

var errShows = refusal(stanza.Modify, stanza.PolicyViolation, "The presence is too large for a room.")

// shows returns what an occupant's presence says to others: the client's payload without what only a room may say, and
// without what would give its address away.
func shows(st wire.Stanza) wire.Payload {
	var out wire.Payload
	for k := range st.Kids() {
		if !forged(k) {
			out = append(out, k.Payload()...)
		}
	}
	return out
}

// forged reports whether a child is what a room adds, so that none may come from a client: stanza ids and occupant ids
// (XEP-0359 §4, XEP-0421 §4), delay stamps (XEP-0203 §5), hats (XEP-0317 §3.1; of either namespace), and what XEP-0045 puts into <x/>.
// A nickname besides that in the room would work around its rules for those (XEP-0172 §6).
func forged(k wire.Kid) bool {
	n := k.Name()
	switch n.Space {
	case nsUser, nsMUC:
		return n.Local == "x"
	case nsSID:
		return n.Local == "stanza-id"
	case nsOccupantID:
		return n.Local == "occupant-id"
	case nsNick:
		return n.Local == "nick"
	case nsHats, nsOldHats:
		return n.Local == "hats"
	case nsDelay, "jabber:x:delay":
		return true
	}
	return false
}
