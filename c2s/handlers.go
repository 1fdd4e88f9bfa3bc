package c2s

import (
	"context"
	"encoding/xml"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// handlers answers, on a bound stream, the requests that belong to its negotiation, and says what c2s implements.
func (s *Server) handlers() {
	r := s.o.Router
	at := router.ToServer | router.ToOwn
	r.HandleIQ(at, "set", xml.Name{Space: nsBind, Local: "bind"}, func(context.Context, wire.Stanza) (wire.Payload, error) {
		return nil, stanza.Error{Type: stanza.Cancel, Condition: stanza.NotAllowed} // RFC 6120 §7.6.2.2: one resource a stream
	})
	r.HandleIQ(at, "set", xml.Name{Space: nsSession, Local: "session"}, func(context.Context, wire.Stanza) (wire.Payload, error) {
		return nil, nil // RFC 3921 §3: the session is there already
	})
	for _, x := range []router.XEP{
		{Num: 198, Version: "1.6.3", Status: "complete"},
		{Num: 368, Version: "1.1.0", Status: "complete"},
		{Num: 440, Version: "1.0.0", Status: "complete"},
		{Num: 474, Version: "0.5.0", Status: "complete"},
		{Num: 478, Version: "0.2.0", Status: "complete"},
	} {
		r.Advertise(router.OnStream, x)
	}
}
