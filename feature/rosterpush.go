package feature

import (
	"strconv"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// push tells the interested sessions of an item (RFC 6121 §2.1.6). It is sent from the bare address of the account, and
// answers to it need no reader. Call it within the owner's turn.
func (s *Rosters) push(owner wire.Addr, it *storage.RosterItem, version int64) {
	var p wire.Payload
	for _, res := range s.r.Resources(owner) {
		if !res.Has(router.FlagInterested) {
			continue
		}
		if p == nil {
			p = rosterQuery(version, *it)
		}
		res.Send(wire.New(wire.KindIQ, "set", wire.NewID(), owner, res.Addr(), p), 0)
	}
}

// rosterQuery writes a roster of the items; one that is not listed is a removal (RFC 6121 §2.1).
func rosterQuery(version int64, items ...storage.RosterItem) wire.Payload {
	w := wire.NewWriter()
	w.Start(nsRoster, "query").Attr("ver", strconv.FormatInt(version, 10))
	for i := range items {
		writeItem(w, &items[i])
	}
	return w.End().Payload()
}

func writeItem(w *wire.Writer, it *storage.RosterItem) {
	w.Start("", "item").Attr("jid", it.Contact.String())
	if !it.Listed {
		w.Attr("subscription", "remove").End()
		return
	}
	w.AttrIf("name", it.Name).Attr("subscription", string(it.Subscription))
	if it.Ask {
		w.Attr("ask", "subscribe") // RFC 6121 §2.1.2.2
	}
	if it.Approved {
		w.Attr("approved", "true") // RFC 6121 §2.1.2.1
	}
	for _, g := range it.Groups {
		w.Elem("", "group", g)
	}
	w.End()
}
