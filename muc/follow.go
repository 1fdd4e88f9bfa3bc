package muc

import (
	"slices"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// versionItems is how many items one message has: longer lists are split (XEP-0463 §5.2.1).
const versionItems = 500

// step is a change that is being told.
type step struct {
	since, until string
	addr         wire.Addr
	is           affiliation
	told         bool // to all who follow
}

// follows reports whether a session is told versions: it asked for them, and may see lists (XEP-0463 §5.2.3).
func (r *room) follows(s *session) bool {
	return s.follows && r.set.Versions != nil && r.mayList(s.full, member)
}

// catchUp answers who enters with a version: with what has changed since, or with all (XEP-0463 §5.2.1).
func (r *room) catchUp(s *session, j *joining) {
	s.follows = false
	k, ok := j.x.Kid(nsVersions, "mav")
	if !ok {
		return
	}
	if !r.mayList(s.full, member) {
		r.refuseVersions(s, j, errForbidden)
		return
	}
	if r.set.Versions == nil {
		set := r.set
		set.Versions = r.newVersions()
		if err := r.putSettings(set); err != nil {
			r.refuseVersions(s, j, errUnstored)
			return
		}
	}
	v, since := r.set.Versions, k.Attr("since")
	changes, known := v.after(since)
	if known && r.strange(s.occ.bare, changes) {
		r.refuseVersions(s, j, errForbidden)
		return
	}
	s.follows = true
	if since == v.current() {
		return
	}
	var items []versioned
	if known {
		items = r.diff(s, changes)
	}
	if len(items) == 0 { // also where nothing is left that it may see: no difference is empty
		items, since = r.wholeList(s), ""
	}
	r.sendVersions(s, since, items)
}

// strange reports whether an account cannot have been in the room at the version before the changes, so that somebody else must
// have told it: it was banned, or no member where only members enter (XEP-0463 §6).
func (r *room) strange(bare wire.Addr, changes []versioned) bool {
	for _, c := range changes {
		if c.Addr == bare {
			return c.Was == outcast || c.Was == unaffiliated && r.set.MembersOnly
		}
	}
	return false
}

// sight has the lists that somebody may see.
type sight [owner + 1]bool

func (r *room) sight(s *session) (see sight) {
	for a := outcast; a <= owner; a++ {
		see[a] = a != unaffiliated && r.mayList(s.full, a)
	}
	return see
}

// of is what an affiliation looks like: none, if its list is not to be seen.
func (see sight) of(a affiliation) affiliation {
	if see[a] {
		return a
	}
	return unaffiliated
}

// diff sums changes up to what is another affiliation now, in the eyes of a session.
func (r *room) diff(s *session, changes []versioned) (out []versioned) {
	at := map[wire.Addr]int{}
	for _, c := range changes {
		if i, ok := at[c.Addr]; ok {
			out[i].Is = c.Is
			continue
		}
		at[c.Addr] = len(out)
		out = append(out, c)
	}
	see := r.sight(s)
	for i := range out {
		out[i].Was, out[i].Is = see.of(out[i].Was), see.of(out[i].Is)
	}
	return slices.DeleteFunc(out, func(c versioned) bool { return c.Was == c.Is })
}

// wholeList is all that a session may see, ordered by address.
func (r *room) wholeList(s *session) (out []versioned) {
	see := r.sight(s)
	for _, a := range r.affiliations {
		v, _ := parseAffiliation(a.Value)
		if is := see.of(v); is != unaffiliated {
			out = append(out, versioned{Addr: a.Addr, Is: is})
		}
	}
	slices.SortFunc(out, func(a, b versioned) int { return a.Addr.Compare(b.Addr) })
	return out
}

// sendVersions sends items that lead from one version, "" for none, to the current one. Of a long list each message leads to a
// version that nobody else knows: who is cut off between them is sent all again.
func (r *room) sendVersions(s *session, since string, items []versioned) {
	for {
		n, until := min(len(items), versionItems), r.set.Versions.current()
		if n < len(items) {
			until = wire.NewID()
		}
		w := wire.NewWriter().Start(nsUser, "x").Raw(mav(since, until))
		for _, c := range items[:n] {
			w.Start("", "item").Attr("affiliation", c.Is.String()).Attr("jid", c.Addr.String()).End()
		}
		s.send(wire.New(wire.KindMessage, "", "", r.addr, wire.Addr{}, w.Payload()))
		if items, since = items[n:], until; len(items) == 0 {
			return
		}
	}
}

func (r *room) refuseVersions(s *session, j *joining, e stanza.Error) {
	w := wire.NewWriter().Start("", "error").Attr("by", r.addr.String()).Attr("type", string(e.Type))
	w.Elem("urn:ietf:params:xml:ns:xmpp-stanzas", string(e.Condition), "")
	s.send(wire.New(wire.KindMessage, "error", j.st.ID(), r.addr, wire.Addr{}, w.Payload()))
}

// mav renders versions; "" is left out.
func mav(since, until string) wire.Payload {
	return wire.NewWriter().Start(nsVersions, "mav").AttrIf("since", since).AttrIf("until", until).Payload()
}

// version is what a notice to a follower says: the step that is told, to which its addressee's own presence belongs, or where the
// lists are (XEP-0463 §5.2.1, §5.2.2).
func (r *room) version() wire.Payload {
	if r.step != nil {
		return mav(r.step.since, r.step.until)
	}
	return mav("", r.set.Versions.current())
}

// during runs what tells of a step, nil for none. The presence of who is banned with a domain is no change of the list that has
// the domain.
func (r *room) during(st *step, tell func()) {
	if st != nil && st.addr.IsHost() {
		st = nil
	}
	r.step = st
	defer func() { r.step = nil }()
	tell()
}

// telling runs what tells of a step, nil for none, and then tells those who follow if that did not: in a message, as XEP-0045 §10.3
// has it for who is not here. Sessions of the account itself know by their presence.
func (r *room) telling(st *step, tell func()) {
	r.during(st, tell)
	if st == nil || st.told {
		return
	}
	for _, s := range r.all {
		if s.occ.bare != st.addr && r.follows(s) {
			s.send(r.absent(st.addr, r.sight(s).of(st.is), "", mav(st.since, st.until)))
		}
	}
}

// absent renders a change for somebody who is not here.
func (r *room) absent(bare wire.Addr, is affiliation, reason string, version wire.Payload, codes ...int) wire.Stanza {
	w := wire.NewWriter().Start(nsUser, "x").Raw(version)
	w.Start("", "item").Attr("affiliation", is.String()).Attr("jid", bare.String()).Attr("role", noRole.String()).ElemIf("", "reason", reason).End()
	for _, c := range codes {
		status(w, c)
	}
	return wire.New(wire.KindMessage, "", "", r.addr, wire.Addr{}, w.Payload())
}
