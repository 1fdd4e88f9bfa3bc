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
// sender speaks for itself alone. What a local session sends carries no occupant-id either, for only rooms give them out
// (XEP-0421 §4).
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
