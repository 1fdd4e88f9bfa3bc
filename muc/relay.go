package muc

import (
	"context"
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// Bounds of the requests between occupants that wait for their answers.
const (
	maxRelays        = 1000
	maxRelaysOfAsker = 100
	relayTime        = 2 * time.Minute
)

// relay is a request that one occupant sent to another. The room gives it an id of its own, so that nobody can answer
// what was not asked.
type relay struct {
	from  wire.Addr // the asking session's full address
	id    string    // its own id; a copy, for the request is not kept
	nick  wire.Addr // the asking occupant's address, that the answer is to
	to    wire.Addr // who was asked: full, or bare for a vCard
	as    wire.Addr // its occupant address, that the answer comes from
	until time.Time
}

// relayIQ passes a request on to an occupant, or its answer back (XEP-0045 §17.4).
func (r *room) relayIQ(st wire.Stanza) error {
	if !request(st) {
		r.answerRelay(st)
		return nil
	}
	s := r.sessions[st.From()] // nobody, where there is no room
	if s == nil {
		if st.Has(nsDiscoInfo, "query") || st.Has(nsDiscoItems, "query") {
			return errMalformed // §6.6
		}
		return errNotIn // XEP-0410 §3: how a client learns that it is out
	}
	o := r.occupants[st.To().Resource()]
	if o == nil {
		return refusal(stanza.Cancel, stanza.ItemNotFound, "Nobody here has that nickname.")
	}
	if o == s.occ && st.Type() == "get" && st.Has(nsPing, "ping") {
		r.send(st.Result(nil)) // XEP-0410 §3.3: the room knows that the session is in
		return nil
	}
	if !r.mayTalk(s) {
		return errRate
	}
	return r.forward(st, s, o)
}

// forward sends a request to its occupant's shown session; one for a vCard goes to the account, whose server answers.
func (r *room) forward(st wire.Stanza, s *session, o *occupant) error {
	if !r.relayRoom(s.full) {
		return errBusy
	}
	q := relay{from: s.full, id: strings.Clone(st.ID()), nick: s.occ.addr, to: o.shown().full, as: o.addr, until: r.now().Add(relayTime)}
	if st.Type() == "get" && st.Has("vcard-temp", "vCard") {
		q.to = o.bare
	}
	id := wire.NewID()
	out := st.Edit().SetID(id).Stanza().WithFrom(s.occ.addr).WithTo(q.to)
	r.relays[id] = q
	sent := false
	if q.to.IsFull() {
		sent = r.s.o.Router.Send(context.Background(), out)
	} else {
		sent = r.s.o.Router.Route(out, nil)
	}
	if !sent {
		delete(r.relays, id)
		return refusal(stanza.Wait, stanza.RecipientUnavailable, "")
	}
	return nil
}

// relayRoom makes room for one more request of an asker, if need be by forgetting those that were never answered. One asker
// has a bound of its own, so that it cannot take the others' room.
func (r *room) relayRoom(asker wire.Addr) bool {
	if len(r.relays) < maxRelaysOfAsker {
		return true
	}
	now, own := r.now(), 0
	for id, q := range r.relays {
		switch {
		case now.After(q.until):
			delete(r.relays, id)
		case q.from == asker:
			own++
		}
	}
	return own < maxRelaysOfAsker && len(r.relays) < maxRelays
}

func (r *room) answerRelay(st wire.Stanza) {
	q, ok := r.relays[st.ID()]
	if !ok || st.From() != q.to || st.To() != q.nick {
		return
	}
	delete(r.relays, st.ID())
	if r.sessions[q.from] != nil {
		r.send(nameless(st).SetID(q.id).Stanza().WithFrom(q.as).WithTo(q.from))
	}
}

// nameless begins an edit of an answer that takes out of an error which entity made it (RFC 6120 §8.3.2): that is the occupant's account,
// or its server (XEP-0045 §17.4).
func nameless(st wire.Stanza) *wire.Edit {
	k, ok := st.Kid("", "error")
	if !ok || !k.HasAttr("by") {
		return st.Edit()
	}
	w := wire.NewWriter().Start("", "error").AttrIf("type", k.Attr("type"))
	for kid := range k.Kids() {
		w.Raw(kid.Payload())
	}
	return st.Edit().Cut(func(k wire.Kid) bool { return k.Is("", "error") }).Append(w.Payload())
}
