package server

import (
	"context"
	"fmt"

	"salon.im/salon/muc"
)

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
