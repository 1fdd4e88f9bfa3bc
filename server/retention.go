package server

import (
	"context"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// held reports whether nothing of an account, a room or a host may be deleted now: archive.hold.
func (s *Server) held(addr wire.Addr) bool { return s.Config().Held(addr.String()) }

// fate says how long the archive of a user or a room is kept.
func (s *Server) fate(ctx context.Context, owner wire.Addr) (archive.Fate, error) {
	f := archive.Fate{Held: s.held(owner)}
	if f.Held {
		return f, nil
	}
	keep, err := s.keep(ctx, owner)
	if keep != config.Forever {
		f.Keep = time.Duration(keep)
	}
	return f, err
}

// keep is what the settings say, and for a room its owner.
func (s *Server) keep(ctx context.Context, owner wire.Addr) (config.Keep, error) {
	cfg := s.Config()
	for i, h := range cfg.Hosts {
		switch owner.Domain() {
		case h.Name:
			return cfg.For(h).Archive.Keep, nil
		case h.Rooms:
			return s.rooms[i].Keep(ctx, owner)
		}
	}
	// A domain that is not served any more: whether it was of users or of rooms is not known.
	a := cfg.For(config.Host{}).Archive
	return max(a.Keep, a.KeepRooms), nil
}
