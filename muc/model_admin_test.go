package muc_test

import (
	"maps"
	"slices"
)

// setRole is a request for another role of a nick: a kick (§8.2), voice (§8.3, §8.4), moderators (§9.6, §9.7).
func (m *roomModel) setRole(full, nick, want, reason string) {
	by, rank := m.sessions[full], m.rank(bareOf(full))
	o := m.occupants[nick]
	why := ""
	switch moderates := by != nil && by.role == "moderator" || atLeast(rank, "admin"); {
	case !moderates:
		why = "auth/forbidden"
	case o == nil:
		why = "cancel/item-not-found"
	default:
		why = m.roleRefusal(by, rank, o, want)
	}
	if why != "" {
		m.refuse(full, "iq", why)
		return
	}
	was := o.role
	switch want {
	case was:
		m.answer(full)
	case "none":
		tell := m.expel(o, by, reason, 307)
		m.answer(full)
		tell()
	default:
		if voice := want != "visitor"; voice == (m.initialRole(m.affiliation(o.bare)) != "visitor") {
			delete(m.voices, o.bare)
		} else {
			m.voices[o.bare] = voice
		}
		o.role = want
		m.answer(full)
		m.announceChange(o, by, was, reason)
	}
}

// roleRefusal says why a moderator, or an admin from outside, may not change a role.
func (m *roomModel) roleRefusal(by *modelOccupant, rank string, o *modelOccupant, want string) string {
	const forbidden, notAllowed = "auth/forbidden", "cancel/not-allowed"
	affiliation, appoints := m.affiliation(o.bare), atLeast(rank, "admin")
	switch {
	case o.role == want, want == "none" && o == by:
		return ""
	case want == "none":
		if above(affiliation, rank) || o.role == "moderator" && !appoints {
			return notAllowed // §8.2: nobody of a higher affiliation, and no other moderator
		}
		return ""
	case o.role == "moderator" && atLeast(affiliation, "admin"):
		return notAllowed // §9.7
	case (o.role == "moderator" || want == "moderator") && !appoints:
		return forbidden // §9.6, §9.7
	case want == "visitor" && affiliation != "none" && atLeast(affiliation, rank):
		return notAllowed // §8.4
	}
	return ""
}

// setAffiliation is a request for another affiliation of an account: §9.1 to §9.4, §10.3 to §10.7.
func (m *roomModel) setAffiliation(full, bare, want, reason string) {
	rank, is := m.rank(bareOf(full)), m.affiliation(bare)
	if why := m.affiliationRefusal(bareOf(full), rank, bare, is, want); why != "" {
		m.refuse(full, "iq", why)
		return
	}
	if above(want, is) || want == "outcast" {
		delete(m.voices, bare)
	}
	if m.affiliations[bare] = want; want == "none" {
		delete(m.affiliations, bare)
	}
	by := m.sessions[full]
	tell, here := m.reaffiliate(by, bare, is, want, reason)
	m.answer(full)
	for _, f := range tell {
		f()
	}
	if here || is == want {
		return
	}
	for full, who := range m.sessions { // §10.3 and its like: nobody is here whose presence could tell
		if m.nonAnonymous || who.role == "moderator" {
			m.tell(full, heard{kind: "message", affiliation: want, role: "none", jid: bare, reason: reason, codes: []int{101}})
		}
	}
}

// reaffiliate has the occupants of an account be what its affiliation makes them, and tells those who must go. It returns
// what tells the others, and whether the account is here at all.
func (m *roomModel) reaffiliate(by *modelOccupant, bare, is, want, reason string) (tell []func(), here bool) {
	for _, nick := range slices.Sorted(maps.Keys(m.occupants)) {
		o := m.occupants[nick]
		if o.bare != bare {
			continue
		}
		here = true
		was := o.role
		switch {
		case is == want:
			continue
		case want == "outcast":
			tell = append(tell, m.expel(o, by, reason, 301)) // §9.1
			continue
		case m.membersOnly && want == "none":
			tell = append(tell, m.expel(o, by, reason, 321)) // §9.4
			continue
		case atLeast(want, "admin"):
			o.role = "moderator" // §5.1.2
		case atLeast(is, "admin"), o.role == "visitor" && above(want, is):
			o.role = m.initialRole(want)
		}
		tell = append(tell, func() { m.announceChange(o, by, was, reason) })
	}
	return tell, here
}

// affiliationRefusal is the chart of §5.2.2, and who may never be touched.
func (m *roomModel) affiliationRefusal(own, rank, bare, is, want string) string {
	owners := 0
	for _, a := range m.affiliations {
		if a == "owner" {
			owners++
		}
	}
	switch {
	case above("admin", rank):
		return "auth/forbidden"
	case want == "outcast" && bare == own:
		return "cancel/conflict" // §9.1
	case rank != "owner" && atLeast(want, "admin"):
		return "auth/forbidden" // §10.3, §10.6
	case rank != "owner" && atLeast(is, "admin"):
		return "cancel/not-allowed" // §9.1
	case is == "owner" && want != "owner" && owners == 1:
		return "cancel/conflict" // §10.4
	}
	return ""
}

// expel takes an occupant out, who is told. What it returns tells the others.
func (m *roomModel) expel(o, by *modelOccupant, reason string, status int) (tellOthers func()) {
	h := m.of(o).gone(status)
	h.role, h.reason = "none", reason
	if by != nil {
		h.actor = by.nick
	}
	m.tellOwn(h, o.sessions...)
	m.remove(o, o.sessions...)
	return func() { m.tellOthers(o, h) }
}

// announceChange tells of a new role or affiliation. Who moderates from now on sees the real addresses of all (§9.6).
func (m *roomModel) announceChange(o, by *modelOccupant, was, reason string) {
	h := m.of(o)
	if h.reason = reason; by != nil {
		h.actor = by.nick
	}
	m.announce(o, h)
	if o.role == "moderator" && was != "moderator" && !m.nonAnonymous {
		m.showAll(o, o.sessions...)
	}
}
