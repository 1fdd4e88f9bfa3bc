package router

import "salon.im/salon/wire"

const (
	nsSID        = "urn:xmpp:sid:0"
	nsDelay      = "urn:xmpp:delay"
	nsOldDelay   = "jabber:x:delay"
	nsOccupantID = "urn:xmpp:occupant-id:0"
)

// cleanse cuts from a message or a presence what only this server may say, whoever it comes from and goes to: stanza-ids in
// the name of an address of ours (XEP-0359 §5), delays that claim that we, or another user of ours, held it (XEP-0203 §4): a
// sender speaks for itself alone. What a local session sends carries no stanza-id at all, for a client has origin-ids
// (XEP-0359 §3.2) and nobody before us can have given one, and no occupant-id, for only rooms give them out (XEP-0421 §4).
// The stanza-ids of others on what comes from their servers stay (XEP-0359 §5).
func (r *Router) cleanse(st wire.Stanza, fromSession bool) wire.Stanza {
	if st.Kind() != wire.KindMessage && st.Kind() != wire.KindPresence {
		return st
	}
	for k := range st.Kids() {
		if r.forged(k, st.From(), fromSession) {
			return st.Edit().Cut(func(k wire.Kid) bool { return r.forged(k, st.From(), fromSession) }).Stanza()
		}
	}
	return st
}

func (r *Router) forged(k wire.Kid, from wire.Addr, fromSession bool) bool {
	switch {
	case k.Is(nsSID, "stanza-id"):
		if fromSession {
			return true
		}
		by, err := wire.ParseAddr(k.Attr("by"))
		return err != nil || r.IsLocal(by.Domain())
	case k.Is(nsDelay, "delay"), k.Is(nsOldDelay, "x"):
		by, err := wire.ParseAddr(k.Attr("from"))
		return err == nil && r.IsLocal(by.Domain()) && (by.IsHost() || by.Bare() != from.Bare())
	case k.Is(nsOccupantID, "occupant-id"):
		return fromSession
	}
	return false
}
