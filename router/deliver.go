package router

import (
	"context"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

const nsMUCUser = "http://jabber.org/protocol/muc#user"

// action is what the table of RFC 6121 §8.5 says to do with a stanza.
type action uint8

const (
	drop   action = iota // silently ignore
	bounce               // service-unavailable to the sender
	toOne                // deliver to the resource named
	toAll                // deliver to every resource of non-negative priority
	keep                 // leave it in the archive as undelivered; bounce what the archive does not hold
	asBare               // treat it as if it were addressed to the bare JID
	answer               // the server answers on the account's behalf
)

// situation is a column of the table: whom the address names, and who is there.
type situation uint8

const (
	noAccount situation = iota // §8.5.1
	bareHere                   // §8.5.2.1: at least one available resource of non-negative priority
	bareAway                   // §8.5.2.2: none
	fullHere                   // §8.5.3.1: the resource is there
	fullAway                   // §8.5.3.2: it is not
)

// messages is the table of RFC 6121 §8.5 for messages, one row a type.
var messages = map[string][5]action{
	//            noAccount bareHere bareAway fullHere fullAway
	"normal":    {bounce, toAll, keep, toOne, bounce}, // §8.5.3.2.1: ignored or refused, never passed on; refused, the sender knows
	"chat":      {bounce, toAll, keep, toOne, asBare},
	"groupchat": {bounce, bounce, bounce, toOne, bounce},
	"headline":  {drop, toAll, drop, toOne, drop},
	"error":     {drop, drop, drop, toOne, drop},
}

// available returns the resources that messages to the bare JID reach (RFC 6121 §8.5.2.1): those that are available with a
// priority of 0 or more.
func available(all []*Resource) []*Resource {
	var out []*Resource
	for _, r := range all {
		if p := r.Presence(); p != nil && p.Priority >= 0 {
			out = append(out, r)
		}
	}
	return out
}

// messageType returns the type as RFC 6121 §5.2.2 reads it: an unknown one is normal.
func messageType(st wire.Stanza) string {
	if t := st.Type(); t != "" {
		if _, ok := messages[t]; ok {
			return t
		}
	}
	return "normal"
}

// deliverMessage hands a message to its recipient's sessions by the table, and runs Observe.
func (r *Router) deliverMessage(ctx context.Context, w *Walk) {
	st := w.Stanza
	to := st.To()
	if !r.hosts[to.Domain()] {
		r.sendRemote(ctx, st)
		r.runObserve(ctx, w)
		return
	}
	sit, one, all := r.situation(ctx, to)
	row := messages[messageType(st)]
	act := row[sit]
	if act == toOne && !r.give(w, one) {
		act = row[fullAway] // it left at this moment, or its queue is full
	}
	if act == asBare && inRoom(st) {
		act = bounce
	}
	if act == asBare {
		act = row[bareAway]
		if len(all) > 0 {
			act = row[bareHere]
		}
	}
	if act == toAll && !r.give(w, all...) {
		act = row[bareAway]
	}
	r.notDelivered(ctx, w, act)
	r.runObserve(ctx, w)
}

// inRoom finds a private message from an occupant of a room, which is for the session that joined: another one of the
// account is not in the room, and could not answer (XEP-0045 §7.5, XEP-0280 §6.1). An invitation is for the account.
func inRoom(st wire.Stanza) bool {
	x, ok := st.Kid(nsMUCUser, "x")
	if !ok {
		return false
	}
	_, invite := x.Kid("", "invite")
	_, decline := x.Kid("", "decline")
	return !invite && !decline
}

// notDelivered does what the table says about a message that no session took.
func (r *Router) notDelivered(ctx context.Context, w *Walk, act action) {
	switch act {
	case keep:
		switch {
		case w.Mark != 0: // its row waits
		case w.Stanza.Has("", "body"):
			r.Bounce(ctx, w.Stanza, stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable})
		default: // without content for a person, such as a chat state (XEP-0160 §3)
			r.CountDrop(DropNoContent)
		}
	case bounce:
		r.settle(w)
		r.Bounce(ctx, w.Stanza, stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable})
	case drop:
		r.settle(w)
		r.CountDrop(DropByType)
	}
}

// nobodyThere reports whether the table refuses a message because the resource that it names has gone. It is asked before
// the message is archived: an archive must not show what its sender was told had failed.
func (r *Router) nobodyThere(st wire.Stanza) bool {
	to := st.To()
	if !to.IsFull() || !r.hosts[to.Domain()] {
		return false
	}
	act := messages[messageType(st)][fullAway]
	return (act == bounce || act == asBare && inRoom(st)) && r.Resource(to) == nil
}

// settle clears the mark of a row that will never be delivered.
func (r *Router) settle(w *Walk) {
	if w.Mark != 0 {
		r.Delivered(w.Stanza.To(), w.Mark)
	}
}

// situation finds the column of the table, the named resource, and those that a bare address reaches.
func (r *Router) situation(ctx context.Context, to wire.Addr) (sit situation, one *Resource, all []*Resource) {
	if to.IsHost() {
		return noAccount, nil, nil // a message to the server itself has no reader
	}
	sessions := r.Resources(to.Bare())
	all = available(sessions)
	if to.IsFull() {
		for _, s := range sessions {
			if s.Addr() == to {
				return fullHere, s, all
			}
		}
	}
	if len(sessions) == 0 {
		if ok, err := r.Exists(ctx, to.Bare()); err == nil && !ok {
			return noAccount, nil, nil
		}
	}
	switch {
	case to.IsFull():
		return fullAway, nil, all
	case len(all) > 0:
		return bareHere, nil, all
	}
	return bareAway, nil, nil
}

// give sends a message to the sessions, and reports whether any took it; the row's mark is cleared by whichever has it
// first.
func (r *Router) give(w *Walk, sessions ...*Resource) bool {
	for _, s := range sessions {
		if s.Send(w.Stanza, w.Mark) {
			w.Delivered = append(w.Delivered, s)
		}
	}
	return len(w.Delivered) > 0
}

func (r *Router) runObserve(ctx context.Context, w *Walk) {
	for _, f := range r.observe {
		r.guarded("observe", func() { f(ctx, w) })
	}
}

// sendRemote passes a stanza to another domain, or bounces it (RFC 6120 §10.4).
func (r *Router) sendRemote(ctx context.Context, st wire.Stanza) {
	if r.remote != nil && r.remote.Send(st) {
		return
	}
	r.Bounce(ctx, st, stanza.Error{Type: stanza.Cancel, Condition: stanza.RemoteServerNotFound})
}

// routePresence gives a presence to its one consumer; from is nil when it did not come from a local session.
func (r *Router) routePresence(ctx context.Context, from *Resource, st wire.Stanza) {
	var err error
	switch to := st.To(); {
	case from != nil:
		err = r.presences.Outbound(ctx, from, st)
	case r.hosts[to.Domain()] && !to.IsHost():
		err = r.presences.Inbound(ctx, st)
	case !r.IsLocal(to.Domain()):
		r.sendRemote(ctx, st)
	}
	if err != nil {
		r.refuse(ctx, st, err)
	}
}

// SendPresence passes a presence from a local user on to whoever its `to` names: another local account, a service, or
// another domain. The presence feature calls it. It does not block on services.
func (r *Router) SendPresence(ctx context.Context, st wire.Stanza) error {
	to := st.To()
	switch {
	case r.services[to.Domain()] != nil:
		r.services[to.Domain()].Accept(ctx, st, func(wire.Stanza) {})
	case !r.hosts[to.Domain()]:
		r.sendRemote(ctx, st)
	case !to.IsHost():
		return r.presences.Inbound(ctx, st)
	}
	return nil
}

// routeIQ answers an IQ, passes it to a full JID, or sends it to another domain (RFC 6121 §8.5, RFC 6120 §10).
func (r *Router) routeIQ(ctx context.Context, w *Walk) {
	st := w.Stanza
	to := st.To()
	if !to.IsZero() && to != st.From().Bare() && !(r.hosts[to.Domain()] && to.IsHost()) {
		if err := r.runCheck(ctx, w); err != nil {
			r.refuse(ctx, st, err)
			return
		}
	}
	switch {
	case to.IsZero(), r.hosts[to.Domain()] && !to.IsFull():
		r.answerIQ(ctx, st)
	case !r.hosts[to.Domain()]:
		r.sendRemote(ctx, st)
	default:
		r.iqToResource(ctx, w)
	}
}

// iqToResource passes an IQ to the session of a full JID (RFC 6121 §8.5.3.1), else refuses it (§8.5.3.2.3).
func (r *Router) iqToResource(ctx context.Context, w *Walk) {
	if res := r.Resource(w.Stanza.To()); res != nil && res.Send(w.Stanza, 0) {
		return
	}
	r.Bounce(ctx, w.Stanza, stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable})
}

// Redeliver takes a marked message that a session left behind. One that was for that session alone goes to the account's
// other sessions, but for those that had it as a carbon copy; any other was theirs at once. If none takes it, its row
// stays undelivered (RFC 6121 §8.5.3.2.1).
func (r *Router) Redeliver(ctx context.Context, st wire.Stanza, mark int64) {
	if !st.To().IsFull() {
		return
	}
	bare := st.To().Bare()
	for _, s := range available(r.Resources(bare)) {
		if s.Addr() != st.To() && !s.Has(FlagCarbons) {
			s.Send(st.WithTo(bare), mark)
		}
	}
}
