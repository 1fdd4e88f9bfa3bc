package feature

import (
	"context"
	"encoding/xml"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsVersion = "jabber:iq:version"

// Version tells the name and version of the server's software (XEP-0092 §2). os is left out where it is empty: it helps
// attackers more than users (§5).
func Version(r *router.Router, name, version, os string) {
	r.Advertise(router.OnServer, router.XEP{Num: 92, Version: "1.1", Status: "complete"}, nsVersion)
	p := wire.NewWriter().Start(nsVersion, "query").Elem("", "name", name).Elem("", "version", version).ElemIf("", "os", os).Payload()
	r.HandleIQ(router.ToServer, "get", xml.Name{Space: nsVersion, Local: "query"},
		func(context.Context, wire.Stanza) (wire.Payload, error) { return p, nil })
}
