package feature

import (
	"context"
	"encoding/xml"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// Session answers the request to establish a session, which does nothing since RFC 6121 (RFC 3921 §3, RFC 6121 §1.4).
func Session(r *router.Router) {
	r.HandleIQ(router.ToServer|router.ToOwn, "set", xml.Name{Space: "urn:ietf:params:xml:ns:xmpp-session", Local: "session"},
		func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, nil })
}
