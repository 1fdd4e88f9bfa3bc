package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// gone are the conditions by which an address that stanzas come back from is known to be away.
var gone = map[string]bool{
	string(stanza.Gone): true, string(stanza.ItemNotFound): true, string(stanza.RecipientUnavailable): true,
	string(stanza.ServiceUnavailable): true, string(stanza.RemoteServerNotFound): true, string(stanza.RemoteServerTimeout): true,
	string(stanza.JIDMalformed): true, string(stanza.Redirect): true,
}

// bounced takes a session out that our stanzas come back from (XEP-0045 §11.1, status 333), or asks it first, where the error may
// be its own. An invitation's error is for who asked for it.
func (r *room) bounced(st wire.Stanza) {
	if _, ok := st.Kid("", "error"); !ok || r.inviteBounced(st) {
		return
	}
	condition := conditionOf(st)
	if condition == string(stanza.ServiceUnavailable) && st.Kind() == wire.KindMessage {
		r.doubt(st.From()) // or else who is blocked by somebody (XEP-0191 §3.3) could throw them out by writing to them
		return
	}
	if gone[condition] {
		r.depart(st.From(), nil, statusUnreachable)
	}
}
