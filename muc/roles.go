package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// judgeRole decides on a kick, and on voice and moderator status given or taken (XEP-0045 §8.2-8.5, §9.6-9.8).
func (r *room) judgeRole(by actor, it wire.Kid, c change) (change, error) {
	want, ok := parseRole(it.Attr("role"))
	if !ok || it.Attr("nick") == "" {
		return c, errMalformed
	}
	if !mayKick(by) {
		return c, errForbidden // §8
	}
	nick, err := r.nickIn(it.Attr("nick"))
	if err != nil {
		return c, err
	}
	o, ok := r.occupants[nick]
	if !ok {
		return c, refusal(stanza.Cancel, stanza.ItemNotFound, "Nobody here has that nickname.")
	}
	c.occ, c.role = o, want
	return c, mayChangeRole(by, o, want)
}

// mayChangeRole is the chart of §5.1.3 with the exceptions of §8 and §9. Who has no affiliation has no level that §8.4 could
// compare: a moderator without one takes the voice of others without one, as §5.1.1 says.
func mayChangeRole(by actor, o *occupant, want role) error {
	if want == o.role {
		return nil
	}
	kick, may := want == noRole, roleChart[o.role][want](by)
	switch {
	case kick && o.nick == by.nick:
		return nil // §8.2: kicking oneself is harmless
	case kick && (o.affiliation > by.rank || !may):
		return errHigher // §8.2
	case !kick && want < o.role && o.affiliation >= admin:
		return errHigher // §8.4, §9.7: admins and owners stay moderators
	case !may:
		return errForbidden // §9.6, §9.7
	case want == visitor && o.affiliation > unaffiliated && o.affiliation >= by.rank:
		return errHigher // §8.4
	}
	return nil
}

// applyRole carries a judged change out; who is kicked is told. What it returns tells the others.
func (r *room) applyRole(by actor, c *change) (tell func()) {
	o := c.occ
	if r.occupants[o.nick] != o || o.role == c.role {
		return func() {} // gone by an earlier item, or nothing to do
	}
	if c.role == noRole {
		return r.takeOut(o, expulsion{status: statusKicked, affiliation: o.affiliation, actor: by.nick, reason: c.reason})
	}
	was := o.role
	o.role = c.role
	return func() { r.announceChange(o, was, by.nick, c.reason) }
}

// announceChange tells everyone of an occupant's new role or affiliation, by whom and why. Somebody who may see real
// addresses only now is sent them. was is its role before.
func (r *room) announceChange(o *occupant, was role, actor, reason string) {
	if r.occupants[o.nick] != o {
		return // taken out by a later item
	}
	o.changed()
	n := about(o)
	n.item.actor, n.item.reason = actor, reason
	if !r.set.silent(was) && r.set.silent(o.role) {
		r.appear(o, true)
	} else {
		r.tellOthers(n, o)
		r.seen(o)
	}
	r.tellSelf(n, o.sessions...)
	if o.role != moderator || was == moderator || r.set.Whois == whoisAnyone {
		return
	}
	for _, other := range r.everyone() { // §8: moderators discover real addresses through presence
		if other != o && !r.set.silent(other.role) {
			for _, s := range o.sessions {
				s.send(r.presenceFor(other, s))
			}
		}
	}
}
