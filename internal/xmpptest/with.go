package xmpptest

import (
	"context"
	"log/slog"
	"testing"

	"salon.im/salon/config"
	"salon.im/salon/server"
	"salon.im/salon/wire"
)

// StartWith starts a server with options of the test's own (a store that fails on demand). before, if not nil, sees it
// before it accepts anyone.
func StartWith(t testing.TB, o server.Options, before func(*server.Server), edit ...func(*config.Config)) *Server {
	t.Helper()
	cfg := settingsOf(t, edit)
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	ctx, cancel := context.WithCancel(context.Background())
	srv, err := server.New(ctx, cfg, o)
	if err != nil {
		cancel()
		t.Fatalf("start: %v", err)
	}
	if before != nil {
		before(srv)
	}
	s := &Server{Server: srv, T: t, Cfg: cfg, users: map[wire.Addr]bool{}, stop: cancel, done: make(chan error, 1)}
	go func() { s.done <- srv.Serve(ctx) }()
	t.Cleanup(s.Stop)
	return s
}
