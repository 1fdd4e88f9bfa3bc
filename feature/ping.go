package feature

import (
	"context"
	"encoding/xml"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsPing = "urn:xmpp:ping"

// Ping answers XMPP Ping for the server and for the sender's own account (XEP-0199 §4). It holds no state.
//
// The account of another is not answered for: that would tell whether it exists (§8).
func Ping(r *router.Router) {
	x := router.XEP{Num: 199, Version: "2.0.1", Status: "complete"}
	r.Advertise(router.OnServer, x, nsPing)
	r.Advertise(router.OnAccount, x, nsPing)
	r.HandleIQ(router.ToServer|router.ToOwn, "get", xml.Name{Space: nsPing, Local: "ping"},
		func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, nil })
}
