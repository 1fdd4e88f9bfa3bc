package main

import (
	"errors"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/server"
)

func (a *app) storageMigrateCmd() *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Bring the schema up to date without starting the server", Args: cobra.NoArgs,
		Long: `Bring the schema up to date without starting the server, which does it by itself at its start. There is no way back: make a backup first.`}
	c.RunE = func(c *cobra.Command, _ []string) error { return a.migrate(c) }
	return a.jsonFlag(c)
}

func (a *app) migrate(c *cobra.Command) error {
	ctx, stop := interruptible(c)
	defer stop()
	cfg, err := config.Load(a.source())
	if err != nil {
		return err
	}
	taken, err := lockStores("salon storage migrate", cfg, cfg)
	if err != nil {
		return err
	}
	defer taken.release()
	before, err := server.InspectStore(ctx, cfg)
	if err != nil {
		return err
	}
	store, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	after, err := server.InspectStore(ctx, cfg)
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	switch {
	case a.json:
		return a.encode(map[string]int64{"before": before.Schema, "after": after.Schema})
	case before.Schema == after.Schema:
		a.say("%s: the schema is number %d, the newest\n", after.Name, after.Schema)
	default:
		a.say("%s: the schema was number %d and is %d, the newest\n", after.Name, before.Schema, after.Schema)
	}
	return nil
}
