package main

import (
	"context"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/server"
)

// These are the server's, by short names.
type (
	options = server.Options
	info    = server.Info
)

// house is a running server.
type house interface {
	Admin() control.Admin
	Info() info
	Serve(ctx context.Context) error
}

func newServer(ctx context.Context, cfg *config.Config, o options) (house, error) {
	s, err := server.New(ctx, cfg, o)
	if err != nil {
		return nil, err // not a house that holds a nil server
	}
	return s, nil
}
