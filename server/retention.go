package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// held reports whether the archive of owner, bare, is under hold: nothing of it is deleted, and what is retracted there is
// kept for the administrator.
func (s *Server) held(owner wire.Addr) bool { return s.Config().Held(owner.String()) }

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

// searched reports whether the archive of a user or a room is searched by its text (XEP-0431).
func (s *Server) searched(owner wire.Addr) bool { return s.Config().Searches(owner.Domain()) }

// anySearched reports whether any host's archives are.
func (s *Server) anySearched() bool {
	cfg := s.Config()
	return slices.ContainsFunc(cfg.HostNames(), cfg.Searches)
}

// rewrite lets the archive's writer replace rows, and waits for the commit in every mode.
func (s *Server) rewrite(ctx context.Context, rewrites []storage.Rewrite) error {
	done := make(chan error, 1)
	if err := s.writer.Append(ctx, nil, func(r archive.Result) { done <- r.Err }, rewrites...); err != nil {
		return err
	}
	select {
	case err := <-done:
		return errors.Join(err, s.writer.Barrier(ctx))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// erased makes the rooms in memory forget a person.
func (s *Server) erased(ctx context.Context, person wire.Addr, names *archive.Pseudonyms) error {
	for _, m := range s.rooms {
		if err := m.Erase(ctx, person, names); err != nil {
			return err
		}
	}
	return nil
}

// Expire implements control.Privacy.
func (a admin) Expire(ctx context.Context) (archive.KeeperReport, error) {
	return a.s.keeper.RunOnce(ctx)
}

// Reindex implements control.Privacy.
func (a admin) Reindex(ctx context.Context) (int, error) { return a.s.indexer.Reindex(ctx) }
