package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/feature"
	"salon.im/salon/muc"
	"salon.im/salon/router"
	"salon.im/salon/storage"
)

// features gives the router everything that it answers. The order is the order of each stage: what may refuse comes
// before what keeps, and what keeps before what copies.
func (s *Server) features(ctx context.Context, secret []byte) error {
	r, log := s.router, s.o.Log
	blocks := feature.Blocking(r, s.store, s.Config, log)
	rosters := feature.Roster(r, s.store, s.Config)
	s.presence = feature.Presence(r, rosters, blocks, s.store, log)
	feature.Archive(r, feature.ArchiveOptions{Store: archive.Settled(s.store, s.writer), IDs: s.ids, Held: s.held,
		Bound: func() int { return s.Config().Limits.OfflineStanzas }})
	s.prefs = feature.ArchivePreferences(r, s.store, rosters)
	feature.Offline(r, feature.OfflineOptions{Store: s.store, IDs: s.ids, Barrier: s.writer.Committed, Log: log})
	feature.Carbons(r)
	disco := feature.Disco(r, feature.DiscoOptions{Config: s.Config, Rosters: s.store, Name: "Salon"})
	s.caps = feature.Caps(r, disco)
	feature.MAM(r, disco, feature.MAMOptions{Store: archive.Settled(s.store, s.writer), IDs: s.ids, Search: func(host string) bool { return s.Config().Searches(host) }, Log: log})
	s.registrar = feature.Register(r, feature.RegisterOptions{Accounts: s.store, Config: s.Config, Keys: s.newKeys,
		Held: s.held, Removing: s.presence.EndSubscriptions, Removed: s.removed, Log: log})
	r.Advertise(router.OnServer, router.XEP{Num: 227, Version: "1.1", Status: "partial", Note: "export, by `salon user export`"})
	commands := feature.AdHoc(r, disco, time.Now)
	feature.Admin(r, commands, s.users, s.Config, log)
	feature.MySessions(r, commands)
	feature.Escaping(r)
	feature.Ping(r)
	feature.Time(r, time.Now)
	feature.Version(r, "Salon", s.o.Version, "")
	feature.Last(r, feature.LastOptions{Accounts: s.store, Rosters: s.store, Started: s.started})
	feature.Private(r, s.store, s.Config)
	feature.VCard(r, s.store, s.Config)
	return s.conference(ctx, secret)
}

// newKeys turns a password that a user chose in band into stored keys.
func (s *Server) newKeys(ctx context.Context, password string) ([]storage.Key, error) {
	keys, err := s.users.Keys(ctx, password)
	var no *control.Error
	if errors.As(err, &no) && no.Kind == control.Invalid {
		return nil, fmt.Errorf("%w: %w", feature.ErrPassword, err)
	}
	return keys, err
}

// conference starts the conference service of every host, and its lobby.
func (s *Server) conference(ctx context.Context, secret []byte) error {
	cfg := s.Config()
	o := muc.Options{Router: s.router, Rooms: s.store, Documents: s.store, Archive: archive.Settled(s.store, s.writer), IDs: s.ids,
		Writer: s.writer, Config: s.Config, Keeps: s.prefs.Keeps, Held: s.held, Log: s.o.Log}
	for _, h := range cfg.Hosts {
		m, err := newRooms(h, secret, o)
		if err != nil {
			return err
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

// newRooms makes the conference service of a host. o is what those of all hosts share.
func newRooms(h config.Host, secret []byte, o muc.Options) (*muc.Service, error) {
	o.Domain, o.Host = h.Rooms, h.Name
	o.Key, o.OccupantKey = subkey(secret, "room passwords"), occupantKey(secret)
	m, err := muc.New(o)
	if err != nil {
		return nil, fmt.Errorf("the conference service %s: %w", h.Rooms, err)
	}
	return m, nil
}
