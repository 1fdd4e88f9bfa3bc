package muc

import (
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	fieldInvites = "muc#roomconfig_allowinvites"
	maxInvites   = 20 // of one message
	maxInvited   = 200
)

// inviteFacet says whether members may invite into a members-only room, which makes the invited members too
// (XEP-0045 §7.8.2, §9.5).
var inviteFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Boolean(fieldInvites, "Members may invite others, where only members may enter", r.set.Invites)
	},
	read: func(f wire.Form, _ *room, set *settings) error { return readBool(f, fieldInvites, &set.Invites) },
}

// toRoom handles a message to the room itself that is not for everyone: an invitation, its refusal, a request for voice.
func (r *room) toRoom(e *event) error {
	st := e.st
	if r.missing(st.From()) {
		return errNoRoom
	}
	if x, ok := st.Kid(nsUser, "x"); ok {
		if _, ok := x.Kid("", "decline"); ok {
			return r.decline(e, x)
		}
		return r.invite(e, x)
	}
	if x, ok := st.Kid(wire.NSForm, "x"); ok {
		return r.voiceForm(st, x)
	}
	return errMalformed
}

// invite sends mediated invitations (XEP-0045 §7.8.2): first all are judged, then new members are stored, then all go out.
func (r *room) invite(e *event, x wire.Kid) error {
	s, err := r.speaker(e.st)
	if err != nil {
		return err
	}
	if r.set.MembersOnly && s.occ.affiliation < admin && !(r.set.Invites && s.occ.affiliation == member) {
		return refusal(stanza.Auth, stanza.Forbidden, "Only admins may invite into this room.") // §9.5
	}
	var guests []wire.Addr
	var invites []wire.Kid
	for k := range x.Kids() {
		if !k.Is(nsUser, "invite") {
			continue
		}
		guest, err := r.guest(k)
		if err != nil {
			return err
		}
		if len(guests) > 0 && !r.mayTalk(s) { // the message has paid for one
			return errRate
		}
		guests, invites = append(guests, guest), append(invites, k)
	}
	if len(guests) == 0 || len(guests) > maxInvites {
		return errMalformed
	}
	if err := r.enlist(s, guests); err != nil {
		return err
	}
	for i, guest := range guests {
		if err := r.sendInvite(e, s.full, guest, invites[i]); err != nil {
			return err
		}
	}
	return nil
}

// guest reads whom an invitation is for. The banned and those who do not exist cannot be invited.
func (r *room) guest(k wire.Kid) (wire.Addr, error) {
	guest, err := wire.ParseAddr(k.Attr("to"))
	if err != nil || guest.Local() == "" {
		return guest, errAddress
	}
	if _, err := reasonOf(k); err != nil {
		return guest, err
	}
	if r.affiliation(guest.Bare()) == outcast {
		return guest, refusal(stanza.Auth, stanza.Forbidden, "Who is banned cannot be invited.")
	}
	if r.s.o.Router.IsHost(guest.Domain()) {
		ctx, cancel := r.ctx()
		defer cancel()
		if ok, err := r.s.o.Router.Exists(ctx, guest.Bare()); err == nil && !ok {
			return guest, refusal(stanza.Cancel, stanza.ItemNotFound, "There is no such account.") // §7.8.2
		}
	}
	return guest.Clone(), nil
}

// enlist makes the guests of a members-only room members.
func (r *room) enlist(s *session, guests []wire.Addr) error {
	if !r.set.MembersOnly {
		return nil // §9.5: an open room must not
	}
	var add []storage.Affiliation
	for _, g := range guests {
		if r.affiliation(g.Bare()) == unaffiliated {
			add = append(add, storage.Affiliation{Addr: g.Bare(), Value: member.String(), By: s.full.Bare(), At: r.now()})
		}
	}
	if len(add) == 0 {
		return nil
	}
	if err := r.checkLists(add); err != nil {
		return err
	}
	if err := r.putAffiliations(add); err != nil {
		return err
	}
	for _, a := range add {
		r.telling(r.stepOf(a.Addr), func() {})
	}
	return nil
}

// sendInvite sends one invitation of the session from, with the password if there is one. It travels as any message does: blocked senders,
// archive and offline delivery included, and the inviter's stream waits for its commit.
func (r *room) sendInvite(e *event, from, guest wire.Addr, k wire.Kid) error {
	w := wire.NewWriter().Start(nsUser, "x").Start("", "invite").Attr("from", from.Bare().String())
	reason, _ := reasonOf(k) // guest has judged it
	w.ElemIf("", "reason", reason)
	if c, ok := k.Kid("", "continue"); ok { // §7.9
		w.Start("", "continue").AttrIf("thread", c.Attr("thread")).End()
	}
	password, err := r.password()
	if err != nil {
		return r.storageError("read the password", err)
	}
	w.End().ElemIf("", "password", password)
	i := invitation{by: from, guest: guest.Bare(), id: wire.NewID()}
	if e != nil {
		i.asked = strings.Clone(e.st.ID())
	}
	r.noteInvited(i) // first: it may come back at once
	if !r.route(e, wire.New(wire.KindMessage, "", i.id, r.addr, guest, w.End().Payload())) {
		return errBusy
	}
	return nil
}

// route sends a stanza by way of the router's stages. The event's sender is told that it is handled when this one is too; nil is nobody.
func (r *room) route(e *event, st wire.Stanza) bool {
	if e == nil {
		return r.s.o.Router.Route(st, nil)
	}
	e.routed.Add(1)
	if !r.s.o.Router.Route(st, e.handled) {
		e.routed.Add(-1)
		return false
	}
	return true
}

// invitation is which session invited which account.
type invitation struct {
	by    wire.Addr // full
	guest wire.Addr // bare
	id    string    // that the room gave it
	asked string    // of the request; "" for none
}

// noteInvited remembers an invitation, so that its refusal reaches an inviter who has left, in the place of an earlier one of
// the two, or of the oldest when there are too many.
func (r *room) noteInvited(i invitation) {
	if old := r.findInvited(i.by.Bare(), i.guest); old >= 0 {
		r.invited = slices.Delete(r.invited, old, old+1)
	}
	if len(r.invited) >= maxInvited {
		r.invited = slices.Delete(r.invited, 0, 1)
	}
	i.by, i.guest = i.by.Clone(), i.guest.Clone()
	r.invited = append(r.invited, i)
}

// findInvited returns the place of an invitation in r.invited, -1 if it is not remembered. Both are bare.
func (r *room) findInvited(by, guest wire.Addr) int {
	return slices.IndexFunc(r.invited, func(i invitation) bool { return i.by.Bare() == by && i.guest == guest })
}

// inviteBounced passes the error that an invitation comes back with on to the session that asked for it (XEP-0045 §7.8.2),
// and reports whether st is one.
func (r *room) inviteBounced(st wire.Stanza) bool {
	at := slices.IndexFunc(r.invited, func(i invitation) bool { return i.id == st.ID() && i.guest == st.From().Bare() })
	if at < 0 || st.Kind() != wire.KindMessage {
		return false
	}
	i := r.invited[at]
	r.invited = slices.Delete(r.invited, at, at+1)
	w := wire.NewWriter().Start(nsUser, "x").Start("", "invite").Attr("to", i.guest.String()).End().End()
	k, _ := st.Kid("", "error")
	r.send(wire.New(wire.KindMessage, "error", i.asked, r.addr, i.by, w.Payload(), k.Payload()))
	return true
}

// decline tells an inviter of a refusal (XEP-0045 §7.8.2), in the room or wherever the inviter is, once for each invitation: to others
// the room carries no messages of strangers (§17.2).
func (r *room) decline(e *event, x wire.Kid) error {
	k, _ := x.Kid("", "decline")
	reason, err := reasonOf(k)
	if err != nil {
		return err
	}
	to, err := wire.ParseAddr(k.Attr("to"))
	if err != nil {
		return errAddress
	}
	inviter := to.Bare()
	if o := r.occupants[to.Resource()]; o != nil && o.addr == to {
		inviter = o.bare
	}
	guest := e.st.From().Bare()
	at := r.findInvited(inviter, guest)
	if at < 0 {
		return refusal(stanza.Cancel, stanza.ItemNotFound, "There is no such invitation.")
	}
	r.invited = slices.Delete(r.invited, at, at+1)
	w := wire.NewWriter().Start(nsUser, "x").Start("", "decline").Attr("from", guest.String()).ElemIf("", "reason", reason)
	out := wire.New(wire.KindMessage, "", wire.NewID(), r.addr, wire.Addr{}, w.End().End().Payload())
	inside := false
	for _, s := range r.all {
		if s.occ.bare == inviter {
			s.send(out)
			inside = true
		}
	}
	if !inside && !r.route(e, out.WithTo(inviter)) {
		return errBusy
	}
	return nil
}
