package server

import (
	"context"
	"fmt"
	"time"

	"salon.im/salon/feature"
	"salon.im/salon/muc"
)

// features gives the router everything that it answers. The order is the order of each stage: what may refuse comes
// before what keeps, and what keeps before what copies.
func (s *Server) features(ctx context.Context, secret []byte) error {
	r, log := s.router, s.o.Log
	blocks := feature.Blocking(r, s.store, s.Config, log)
	rosters := feature.Roster(r, s.store, s.Config)
	s.presence = feature.Presence(r, rosters, blocks, s.store, log)
	feature.Archive(r, s.store, func() int { return s.Config().Limits.OfflineStanzas })
	feature.Offline(r, feature.OfflineOptions{Store: s.store, Barrier: s.writer.Barrier, Log: log})
	feature.Carbons(r)
	feature.Disco(r, feature.DiscoOptions{Config: s.Config, Rosters: s.store, Name: "Salon"})
	feature.Ping(r)
	feature.Session(r)
	feature.Time(r, time.Now)
	feature.Version(r, "Salon", s.o.Version, "")
	feature.Last(r, feature.LastOptions{Accounts: s.store, Rosters: s.store, Started: s.started})
	feature.Private(r, s.store, s.Config)
	feature.VCard(r, s.store, s.Config)
	return s.conference(ctx, secret)
}

// conference starts the conference service of every host, and its lobby.
func (s *Server) conference(ctx context.Context, secret []byte) error {
	cfg := s.Config()
	key := subkey(secret, "room passwords")
	for _, h := range cfg.Hosts {
		m, err := muc.New(muc.Options{Router: s.router, Rooms: s.store, Archive: s.store, Writer: s.writer, Config: s.Config,
			Key: key, Domain: h.Rooms, Host: h.Name, Log: s.o.Log})
		if err != nil {
			return fmt.Errorf("the conference service %s: %w", h.Rooms, err)
		}
		s.rooms = append(s.rooms, m)
		s.router.HandleService(h.Rooms, m)
		if lobby := cfg.Rooms.PublicLobby; lobby != "" {
			if err := m.EnsureRoom(ctx, lobby, "Lobby"); err != nil {
				return fmt.Errorf("the room %s@%s: %w", lobby, h.Rooms, err)
			}
		}
	}
	return nil
}
