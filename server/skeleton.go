package server

import (
	"context"
	"encoding/xml"
	"net"

	"salon.im/salon/feature"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// features gives the router what the walking skeleton needs, until package feature brings the real ones.
func (s *Server) features(ctx context.Context, secret []byte) error {
	log := s.o.Log
	blocks := feature.Blocking(s.router, s.store, s.Config, log)
	rosters := feature.Roster(s.router, s.store, s.Config)
	s.presence = feature.Presence(s.router, rosters, blocks, s.store, s.Config, log)
	s.router.HandleIQ(router.ToServer|router.ToOwn, "get", xml.Name{Space: "urn:xmpp:ping", Local: "ping"}, func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, nil })
	return s.conference(ctx, secret)
}
func (s *Server) register(ctx context.Context, addr wire.Addr, password string, from net.Addr) error {
	return nil
}
func (s *Server) caps(string) wire.Payload { return nil }
