package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func (a *app) archiveCmd() *cobra.Command {
	c := a.group(&cobra.Command{Use: "archive", Short: "Look at what a legal hold keeps, and delete old messages now"})
	c.AddCommand(a.archiveHeldCmd(), a.archiveExpireCmd())
	return c
}

func (a *app) archiveHeldCmd() *cobra.Command {
	c := &cobra.Command{Use: "held OWNER", Short: "Print what was retracted, moderated or erased under a hold, as it was",
		Long: "Print the messages that were retracted, moderated or erased in the archive of an account or a room while it was under hold" +
			" (archive.hold in the settings), as they were. With --json one object a line.", Args: one}
	c.RunE = func(c *cobra.Command, args []string) error {
		owner, err := control.ParseUser(args[0])
		if err != nil {
			return err
		}
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			after := ""
			return printAll(a, a.out, heldLine, func() (rows []control.HeldRow, more bool, err error) {
				if rows, err = admin.HeldRows(ctx, owner, after, control.MaxHeld); len(rows) > 0 {
					after = rows[len(rows)-1].ID
				}
				return rows, len(rows) > 0, err
			})
		})
	}
	return a.jsonFlag(c)
}

func heldLine(r control.HeldRow) string {
	return fmt.Sprintf("%s %s %s\n  %s\n", r.ID, r.Time.Format(time.RFC3339), r.Peer, r.Stanza)
}

func (a *app) archiveExpireCmd() *cobra.Command {
	c := &cobra.Command{Use: "expire", Short: "Delete what is older than the archives keep now, not within the hour", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			r, err := admin.Expire(ctx)
			if err != nil {
				return err
			}
			if a.json {
				return a.encode(r)
			}
			a.say("%d messages deleted, %d partitions dropped; %d archives, of which %d are under hold\n", r.Rows, r.Partitions, r.Owners, r.Held)
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) storageReindexCmd() *cobra.Command {
	c := &cobra.Command{Use: "reindex", Short: "Make the full-text index anew, for the hosts that have archive.search on", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			rows, err := admin.Reindex(ctx)
			if err != nil {
				return err
			}
			if a.json {
				return a.encode(map[string]int{"rows": rows})
			}
			a.say("%d messages looked at\n", rows)
			return nil
		})
	}
	return a.jsonFlag(c)
}

// indexer returns the indexer of a store without a server.
func indexer(cfg *config.Config, store storage.Searches) *archive.Indexer {
	return archive.NewIndexer(archive.IndexerOptions{Store: store,
		Wanted: func(owner wire.Addr) bool { return cfg.Searches(owner.Domain()) }, Any: func() bool { return true }})
}
