package server

import (
	"context"
	"encoding/xml"
	"net"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// features gives the router what the walking skeleton needs, until package feature brings the real ones.
func (s *Server) features(ctx context.Context, secret []byte) error {
	s.router.HandlePresence(plainPresence{s.router})
	s.router.HandleIQ(router.ToServer|router.ToOwn, "get", xml.Name{Space: "urn:xmpp:ping", Local: "ping"}, func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, nil })
	return s.conference(ctx, secret)
}
func (s *Server) register(ctx context.Context, addr wire.Addr, password string, from net.Addr) error {
	return nil
}
func (s *Server) caps(string) wire.Payload { return nil }

type plainPresence struct{ r *router.Router }

func (h plainPresence) Outbound(ctx context.Context, res *router.Resource, st wire.Stanza) error {
	if st.To().IsZero() {
		res.SetPresence(&router.Presence{Stanza: st})
		return nil
	}
	return h.r.SendPresence(ctx, st)
}
func (h plainPresence) Inbound(ctx context.Context, st wire.Stanza) error {
	h.r.Send(ctx, st)
	return nil
}
