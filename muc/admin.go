package muc

import (
	"slices"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxAffiliations bounds the relations of a room, bans included.
const maxAffiliations = 10_000

// maxItems bounds the changes of one request.
const maxItems = 1000

var (
	errHigher    = refusal(stanza.Cancel, stanza.NotAllowed, "That needs a higher affiliation than yours.") // §8.2, §9.1
	errLastOwner = refusal(stanza.Cancel, stanza.Conflict, "A room needs an owner.")                        // §10.4
	errSelfBan   = refusal(stanza.Cancel, stanza.Conflict, "You cannot ban yourself.")                      // §9.1
)

// getAdmin returns a list of affiliations or roles (XEP-0045 §8.5, §9.2, §9.5, §9.8, §10.5, §10.8).
func (r *room) getAdmin(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	it, ok := k.Kid("", "item")
	if !ok {
		return nil, errMalformed
	}
	if it.HasAttr("role") {
		return r.listRole(st, it)
	}
	a, ok := parseAffiliation(it.Attr("affiliation"))
	if !ok || a == unaffiliated {
		return nil, errMalformed
	}
	if !r.mayList(st.From(), a) {
		return nil, errForbidden
	}
	return r.listAffiliation(a), nil
}

// mayList says who may see which list: bans are for admins (§9.2); members for admins, and where addresses are no secret
// for members and occupants too (§9.5); owners and admins for owners, or likewise (§10.5, §10.8).
func (r *room) mayList(full wire.Addr, a affiliation) bool {
	rank := r.rank(full.Bare())
	open := r.set.Whois == whoisAnyone && (rank.may(privilegeMemberList) || r.sessions[full] != nil)
	switch a {
	case outcast:
		return rank.may(privilegeBan)
	case member:
		return rank.may(privilegeEditMembers) || open
	case admin:
		return rank.may(privilegeEditAdmins) || open
	}
	return rank.may(privilegeEditOwners) || open
}

func (r *room) listAffiliation(a affiliation) wire.Payload {
	var list []storage.Affiliation
	for _, v := range r.affiliations {
		if v.Value == a.String() {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b storage.Affiliation) int { return a.Addr.Compare(b.Addr) })
	w := wire.NewWriter().Start(nsAdmin, "query")
	for _, v := range list {
		w.Start("", "item").Attr("affiliation", v.Value).Attr("jid", v.Addr.String()).AttrIf("nick", v.Nick).ElemIf("", "reason", v.Reason).End()
	}
	return w.Payload()
}

// listRole lists occupants: moderators to admins (§9.8), the others to moderators (§8.5).
func (r *room) listRole(st wire.Stanza, it wire.Kid) (wire.Payload, error) {
	want, ok := parseRole(it.Attr("role"))
	if !ok || want == noRole {
		return nil, errMalformed
	}
	s := r.sessions[st.From()]
	if rank := r.rank(st.From().Bare()); !rank.may(privilegeModerators) && (want == moderator || s == nil || !s.occ.role.may(privilegeRevokeVoice)) {
		return nil, errForbidden
	}
	w := wire.NewWriter().Start(nsAdmin, "query")
	for _, o := range r.everyone() {
		if o.role == want {
			w.Start("", "item").Attr("affiliation", o.affiliation.String()).Attr("jid", o.shown().full.String())
			w.Attr("nick", o.nick).Attr("role", o.role.String()).End()
		}
	}
	return w.Payload(), nil
}

// change is one item of a request, judged.
type change struct {
	occ    *occupant // whose role changes; nil for an affiliation
	role   role
	bare   wire.Addr // whose affiliation changes; a host for a ban
	was    affiliation
	value  affiliation
	nick   string // to reserve
	reason string
}

// setAdmin changes roles and affiliations: all that a request asks for, or nothing (XEP-0045 §9.2).
func (r *room) setAdmin(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	by := actor{full: st.From(), rank: r.rank(st.From().Bare())}
	if s := r.sessions[st.From()]; s != nil {
		by.role, by.nick = s.occ.role, s.occ.nick
	}
	var changes []change
	for it := range k.Kids() {
		if !it.Is(nsAdmin, "item") {
			return nil, errMalformed
		}
		c, err := r.judge(by, it)
		if err != nil {
			return nil, err
		}
		if reservedTwice(changes, c) {
			return nil, errNickTaken
		}
		if changes = append(changes, c); len(changes) > maxItems {
			return nil, refusal(stanza.Modify, stanza.NotAcceptable, "Too many changes in one request.")
		}
	}
	if len(changes) == 0 {
		return nil, errMalformed
	}
	if err := r.apply(by, changes, func() { r.send(st.Result(nil)) }); err != nil {
		return nil, err
	}
	return nil, errAnswered
}

// reservedTwice reports whether one of the changes keeps the nick of c for somebody else.
func reservedTwice(changes []change, c change) bool {
	return c.nick != "" && slices.ContainsFunc(changes, func(b change) bool { return b.nick == c.nick && b.bare != c.bare })
}

// actor is who asks for changes.
type actor struct {
	full wire.Addr
	nick string // "" if not in the room
	rank affiliation
	role role
}

// judge reads one item and decides whether the actor may have it.
func (r *room) judge(by actor, it wire.Kid) (change, error) {
	reason, err := reasonOf(it)
	if err != nil {
		return change{}, err
	}
	c := change{reason: reason}
	if it.HasAttr("role") {
		if it.HasAttr("affiliation") {
			return c, errMalformed
		}
		return r.judgeRole(by, it, c)
	}
	return r.judgeAffiliation(by, it, c)
}

// apply stores affiliations, then carries everything out: those who must go are told, then who asked, then everyone else
// (XEP-0045 §8.2, §9.1).
func (r *room) apply(by actor, changes []change, answer func()) error {
	var store []storage.Affiliation
	for i := range changes {
		if c := &changes[i]; c.occ == nil {
			store = append(store, storage.Affiliation{Addr: c.bare, Value: c.value.String(), Nick: c.nick, Reason: c.reason,
				By: by.full.Bare(), At: r.now()})
		}
	}
	if err := r.checkLists(store); err != nil {
		return err
	}
	if err := r.store(store, changes); err != nil {
		return err
	}
	var tell []func()
	for i := range changes {
		if c := &changes[i]; c.occ != nil {
			tell = append(tell, r.applyRole(by, c))
		} else {
			st, told := r.stepOf(c.bare), func() {}
			r.during(st, func() { told = r.applyAffiliation(by, c) })
			tell = append(tell, func() { r.telling(st, told) })
		}
	}
	answer()
	for _, f := range tell {
		f()
	}
	return nil
}

// store stores affiliations, and what changes of roles leave behind, together.
func (r *room) store(affiliations []storage.Affiliation, changes []change) error {
	if set, changed := r.remember(changes); changed {
		return r.putWith(set, affiliations)
	}
	if len(affiliations) == 0 {
		return nil
	}
	return r.putAffiliations(affiliations)
}

// checkLists holds what the lists would become against their bounds: an owner at least, and not too many entries.
func (r *room) checkLists(changes []storage.Affiliation) error {
	owners, n := map[wire.Addr]bool{}, len(r.affiliations)
	for _, a := range r.affiliations {
		if a.Value == owner.String() {
			owners[a.Addr] = true
		}
	}
	had := len(owners)
	for _, c := range changes {
		delete(owners, c.Addr)
		if c.Value == owner.String() {
			owners[c.Addr] = true
		}
		if _, known := r.affiliations[c.Addr]; !known && c.Value != unaffiliated.String() {
			n++
		}
	}
	switch {
	case had > 0 && len(owners) == 0:
		return errLastOwner
	case n > maxAffiliations && n > len(r.affiliations):
		return refusal(stanza.Wait, stanza.ResourceConstraint, "The room's lists are full.")
	}
	return nil
}
