package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"salon.im/salon/archive"
	"salon.im/salon/auth"
	"salon.im/salon/certs"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// withAdmin runs do with the running server's Admin or, without a server, with one over the store.
func (a *app) withAdmin(c *cobra.Command, do func(context.Context, control.Admin, *config.Config) error) error {
	ctx, stop := interruptible(c)
	defer stop()
	cfg, err := config.Load(a.source())
	if err != nil {
		return err
	}
	_, err = os.Stat(cfg.Data)
	fresh := errors.Is(err, fs.ErrNotExist)
	purpose := strings.TrimSpace("salon " + path(c))
	admin, done, err := control.Reach(ctx, cfg.Data, purpose, func(ctx context.Context) (control.Admin, func() error, error) {
		store, err := openStore(ctx, cfg)
		if err != nil {
			return nil, nil, err
		}
		if fresh && !a.json {
			_, _ = fmt.Fprintf(a.err, "salon: there was no data directory %s: made it (if your server has another, give its --data)\n", cfg.Data)
		}
		rooms := server.OfflineRooms(cfg, store, slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
		return control.Offline{Users: control.NewUsers(usersOptions(cfg, store, rooms)), Services: rooms.Admin(), Indexer: indexer(cfg, store),
				DryRun: func(ctx context.Context) ([]certs.Finding, error) { return server.DryRunCertificates(ctx, cfg) }},
			func() error { return errors.Join(rooms.Close(), store.Close()) }, nil
	})
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, admin, cfg), done())
}

// usersOptions says what the settings say of accounts.
func usersOptions(cfg *config.Config, store storage.Store, rooms *server.Offline) control.UsersOptions {
	return control.UsersOptions{
		Accounts:    store,
		Persons:     store,
		Services:    cfg.RoomDomains,
		Forgotten:   rooms.Forget,
		Hosts:       cfg.HostNames,
		OccupantKey: func() ([]byte, error) { return server.OccupantKey(cfg) },
		IDs:         func() (archive.IDs, error) { return server.ArchiveIDs(cfg) },
		Held:        func(addr wire.Addr) bool { return cfg.Held(addr.String()) },
		Keys:        func() ([]auth.Hash, int) { return control.Hashes(cfg.Auth.Mechanisms), cfg.Auth.Iterations },
	}
}
