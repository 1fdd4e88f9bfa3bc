package server

import (
	"context"
	"errors"

	"salon.im/salon/archive"
	"salon.im/salon/c2s"
	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// build connects the packages: the router with its features in their order, the conference services, the client server.
func (s *Server) build(ctx context.Context, cfg *config.Config, secret []byte) error {
	s.flusher = stream.NewFlusher()
	s.flusher.Panicked = func(v any, stack []byte) {
		s.o.Log.Error("panic", "unit", "flush", "value", v, "stack", string(stack))
	}
	s.router = router.New(router.Options{
		Hosts: cfg.HostNames(), Exists: s.exists, Archive: archiver{s.writer},
		ResourcesPerUser: func() int { return s.Config().Limits.ResourcesPerUser },
		Flow:             router.FlowLimits{Stanzas: cfg.Limits.InFlight},
		Log:              s.o.Log,
	})
	var err error
	if s.ids, err = archiveIDs(secret); err != nil {
		return err
	}
	s.users = s.newUsers(secret)
	if err := s.features(ctx, secret); err != nil {
		return err
	}
	s.c2s = c2s.New(c2s.Options{
		Config: s.Config, Router: s.router, Accounts: s.store, Flusher: s.flusher,
		DirectTLS: s.certs.TLSConfig("xmpp-client"), StartTLS: s.certs.TLSConfigFor, Leaf: s.certs.Certificate,
		Secret: subkey(secret, "unknown users"), Register: s.registrar.Create, Caps: s.caps.Stream, Log: s.o.Log,
	})
	s.keeper = archive.NewKeeper(archive.KeeperOptions{Store: s.store, Fate: s.fate, Log: s.o.Log})
	s.measure()
	return nil
}

// exists implements router.Options.Exists.
func (s *Server) exists(ctx context.Context, bare wire.Addr) (bool, error) {
	_, err := s.store.Account(ctx, bare)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
