package feature

import (
	"context"
	"encoding/xml"
	"time"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsTime = "urn:xmpp:time"

// Time tells the server's clock (XEP-0202 §2). now is time.Now in service.
func Time(r *router.Router, now func() time.Time) {
	r.Advertise(router.OnServer, router.XEP{Num: 202, Version: "2.0", Status: "complete"}, nsTime)
	r.HandleIQ(router.ToServer, "get", xml.Name{Space: nsTime, Local: "time"},
		func(context.Context, wire.Stanza) (wire.Payload, error) {
			t := now()
			w := wire.NewWriter().Start(nsTime, "time")
			w.Elem("", "tzo", t.Format("-07:00"))                     // XEP-0082 §3.2: the offset in force
			w.Elem("", "utc", t.UTC().Format("2006-01-02T15:04:05Z")) // XEP-0082 §3.2: Z for UTC
			return w.Payload(), nil
		})
}
