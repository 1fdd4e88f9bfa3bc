package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// affiliation is a long-lived relation to a room, in ascending order of rights (XEP-0045 §5.2).
type affiliation uint8

// The affiliations.
const (
	outcast affiliation = iota
	unaffiliated
	member
	admin
	owner
)

var affiliationNames = [...]string{"outcast", "none", "member", "admin", "owner"}

func (a affiliation) String() string { return affiliationNames[a] }

// parseAffiliation reads an affiliation as it stands on the wire and in the store.
func parseAffiliation(s string) (affiliation, bool) {
	for i, n := range affiliationNames {
		if n == s {
			return affiliation(i), true
		}
	}
	return unaffiliated, false
}

// role is what an occupant may do during one visit, in ascending order (XEP-0045 §5.1).
type role uint8

// The roles.
const (
	noRole role = iota
	visitor
	participant
	moderator
)

var roleNames = [...]string{"none", "visitor", "participant", "moderator"}

func (r role) String() string { return roleNames[r] }

// parseRole reads a role as it stands on the wire.
func parseRole(s string) (role, bool) {
	for i, n := range roleNames {
		if n == s {
			return role(i), true
		}
	}
	return noRole, false
}

// affiliation returns the relation of a bare address to the room. A ban may name a whole domain.
func (r *room) affiliation(bare wire.Addr) affiliation {
	if a, ok := r.affiliations[bare]; ok {
		v, _ := parseAffiliation(a.Value)
		return v
	}
	if a, ok := r.affiliations[bare.Host()]; ok && a.Value == outcast.String() {
		return outcast
	}
	return unaffiliated
}

// putAffiliations stores changes, then takes them over. On an error nothing has changed. Temporary rooms keep theirs in
// memory alone.
func (r *room) putAffiliations(changes []storage.Affiliation) error {
	if r.set.Versions != nil {
		return r.putWith(r.set, changes)
	}
	if r.stored {
		ctx, cancel := r.ctx()
		defer cancel()
		if err := r.s.o.Rooms.PutAffiliations(ctx, r.addr, changes); err != nil {
			return r.storageError("store affiliations", err)
		}
	}
	r.takeOver(changes)
	return nil
}

// putWith is putAffiliations together with new settings: both are stored, or neither.
func (r *room) putWith(set settings, changes []storage.Affiliation) error {
	set.Versions = r.nextVersions(changes)
	if r.stored {
		if err := r.saveWith(set, changes); err != nil {
			return err
		}
	}
	r.set = set
	r.takeOver(changes)
	return nil
}

// takeOver lets stored changes hold.
func (r *room) takeOver(changes []storage.Affiliation) {
	lost := false
	r.forgetVoices(changes)
	for _, c := range changes {
		v, _ := parseAffiliation(c.Value)
		lost = lost || v < member
		r.unreserve(r.affiliations[c.Addr])
		r.reserve(c)
		if c.Value == unaffiliated.String() {
			delete(r.affiliations, c.Addr)
		} else {
			r.affiliations[c.Addr] = c
		}
	}
	r.unhat(changes)
	if lost {
		r.dropTokens(wire.Addr{})
	}
}

// reserve keeps the nick that comes with an affiliation (XEP-0045 §7.12).
func (r *room) reserve(a storage.Affiliation) {
	if v, _ := parseAffiliation(a.Value); a.Nick != "" && v >= member {
		r.reserved[a.Nick], r.keptLooks = a.Addr, nil
	}
}

// unreserve gives up the nick that came with an affiliation.
func (r *room) unreserve(a storage.Affiliation) {
	if !a.Addr.IsZero() && r.reserved[a.Nick] == a.Addr {
		delete(r.reserved, a.Nick)
		r.keptLooks = nil
	}
}

// judgeAffiliation decides on an affiliation given or taken (XEP-0045 §5.2.2, §9, §10).
func (r *room) judgeAffiliation(by actor, it wire.Kid, c change) (change, error) {
	want, ok := parseAffiliation(it.Attr("affiliation"))
	if !ok {
		return c, errMalformed
	}
	target, err := r.target(it)
	if err != nil {
		return c, err
	}
	c.bare, c.was, c.value = target, r.affiliation(target), want
	if c.nick, err = r.nickIn(it.Attr("nick")); err != nil {
		return c, err
	}
	switch {
	case want < member:
		c.nick = "" // a ban takes the reserved nick (§9.1)
	case !it.HasAttr("jid") || !it.HasAttr("nick"):
		c.nick = r.affiliations[target].Nick // the nick named the occupant, or was left as it is (§9.5)
	}
	if c.nick != "" {
		if err := checkNick(c.nick); err != nil {
			return c, err
		}
		if holder, taken := r.reserved[c.nick]; taken && holder != c.bare {
			return c, errNickTaken
		}
	}
	if c.bare.IsHost() && want != outcast && want != unaffiliated {
		return c, errMalformed // only a ban names a domain
	}
	return c, mayChangeAffiliation(by, c.bare, c.was, want)
}

// target is whom an item names: by address, or by the nick of somebody inside. A full address stands for its bare one
// (§10.3).
func (r *room) target(it wire.Kid) (wire.Addr, error) {
	if v := it.Attr("jid"); v != "" {
		a, err := wire.ParseAddr(v)
		if err != nil {
			return a, errAddress
		}
		return a.Bare().Clone(), nil // it is kept, the request is not
	}
	nick, err := r.nickIn(it.Attr("nick"))
	if err != nil {
		return wire.Addr{}, err
	}
	if o := r.occupants[nick]; o != nil {
		return o.bare, nil
	}
	return wire.Addr{}, refusal(stanza.Cancel, stanza.ItemNotFound, "Nobody here has that nickname.")
}

// mayChangeAffiliation is the chart of §5.2.2: admins rule over members and below, owners over all.
func mayChangeAffiliation(by actor, target wire.Addr, is, want affiliation) error {
	switch {
	case by.rank < admin:
		return errForbidden // §9
	case want == outcast && target == by.full.Bare():
		return errSelfBan // §9.1
	case by.rank.may(affiliationChart[is][want]):
		return nil
	case want >= admin:
		return errForbidden // §10.5, §10.8: for owners alone
	}
	return errHigher // §9.1
}

// applyAffiliation makes those leave who may not stay after a stored change. What it returns tells everyone of the change.
func (r *room) applyAffiliation(by actor, c *change) (tell func()) {
	var told []func()
	for _, o := range r.everyone() {
		if o.bare == c.bare || c.bare.IsHost() && o.bare.Domain() == c.bare.Domain() {
			told = append(told, r.reaffiliate(o, by, c.reason))
		}
	}
	if len(told) == 0 && !c.bare.IsHost() && c.was != c.value {
		told = append(told, func() { r.changedAbsent(by, c) })
	}
	return func() {
		for _, f := range told {
			f()
		}
	}
}

// changedAbsent tells of the new affiliation of somebody who is not here, and invites a new member (XEP-0045 §9.5).
func (r *room) changedAbsent(by actor, c *change) {
	r.tellAbsent(c)
	if r.set.MembersOnly && c.was == unaffiliated && c.value == member {
		if err := r.sendInvite(nil, by.full, c.bare, wire.Kid{}); err != nil {
			r.log.Warn("new member not invited", "err", err)
		}
	}
}

// reaffiliate gives an occupant the affiliation that the lists say now, and the role that goes with it; who may not stay
// is told and goes. What it returns tells the others.
func (r *room) reaffiliate(o *occupant, by actor, reason string) (tell func()) {
	was, role := o.affiliation, o.role
	o.affiliation, o.hats = r.affiliation(o.bare), r.hatsOf(o.bare)
	why := expulsion{affiliation: o.affiliation, actor: by.nick, reason: reason}
	switch {
	case o.affiliation == was:
		return func() {}
	case o.affiliation == outcast:
		why.status = statusBanned // §9.1
		return r.takeOut(o, why)
	case o.affiliation < member && r.set.MembersOnly:
		why.status = statusAffiliationLost // §9.4
		return r.takeOut(o, why)
	case o.affiliation >= admin:
		o.role = moderator
	case was >= admin:
		o.role = r.initialRole(o.affiliation)
	case o.role == visitor && o.affiliation > was: // with less, a voice that was taken stays so
		o.role = r.initialRole(o.affiliation)
	}
	o.changed() // whoever is told of it before its turn sees it as it is now
	return func() { r.announceChange(o, role, by.nick, reason) }
}

// reaffiliateAll is reaffiliate for all occupants of an account, bare, that no actor has changed.
func (r *room) reaffiliateAll(account wire.Addr) {
	for _, o := range r.everyone() {
		if o.bare == account {
			r.reaffiliate(o, actor{}, "")()
		}
	}
}

// tellAbsent tells those who may see real addresses of a change for somebody who is not here (XEP-0045 §10.3, status 101).
func (r *room) tellAbsent(c *change) {
	plain := r.absent(c.bare, c.value, c.reason, nil, statusAffiliation)
	with := plain
	if r.step != nil {
		with, r.step.told = r.absent(c.bare, c.value, c.reason, r.version(), statusAffiliation), true
	}
	for _, s := range r.all {
		switch {
		case r.step != nil && r.follows(s):
			s.send(with)
		case r.seesReal(s):
			s.send(plain)
		}
	}
}
