package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/server"
	"salon.im/salon/storage"
)

// storageStatus is what `storage status` tells.
type storageStatus struct {
	storage.Overview
	OldestMonth string `json:"oldest_month,omitempty"` // of the archive: 2026-11
	NewestMonth string `json:"newest_month,omitempty"`
}

func (a *app) storageStatusCmd() *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "Tell which database there is, how large, of which schema, and who works on it", Args: cobra.NoArgs,
		Long: `Tell which database there is, how large, of which schema, and who works on it. It changes nothing, and works beside a running server.
Large tables are not counted: their rows are an estimate, marked with ~.`}
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := interruptible(c)
		defer stop()
		cfg, err := config.Load(a.source())
		if err != nil {
			return err
		}
		o, err := server.InspectStore(ctx, cfg)
		if err != nil {
			return err
		}
		if cfg.Storage.URL.Scheme() == "sqlite" {
			o.Holder = control.Holder(cfg.Data)
		}
		status := storageStatus{Overview: o, OldestMonth: month(o.Oldest), NewestMonth: month(o.Newest)}
		if a.json {
			return a.encode(status)
		}
		a.describe(status)
		return nil
	}
	return a.jsonFlag(c)
}

// month is that of an archive's id, "" for none.
func month(id int64) string {
	if id == 0 {
		return ""
	}
	return archive.IDTime(id).Format("2006-01")
}

func (a *app) describe(s storageStatus) {
	if s.Missing {
		a.say("%s: %s has none of ours yet: the server makes it at its start\n", s.Backend, s.Name)
		return
	}
	a.say("%s: %s, %s\n", s.Backend, s.Name, showBytes(s.Bytes))
	switch {
	case s.Schema == s.Program:
		a.say("schema    %d, the newest\n", s.Schema)
	case s.Schema < s.Program:
		a.say("schema    %d; this program has %d: the server's start brings it up to date, or %s\n", s.Schema, s.Program, a.hint("storage", "migrate"))
	default:
		a.say("schema    %d; this program knows %d alone: install a newer one\n", s.Schema, s.Program)
	}
	if s.Holder == "" {
		a.say("in use by nobody\n")
	} else {
		a.say("in use by %s\n", s.Holder)
	}
	if s.OldestMonth != "" {
		a.say("archive   %s to %s\n", s.OldestMonth, s.NewestMonth)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(table, "\ntable\trows\t\n")
	for _, t := range s.Tables {
		about := ""
		if t.Estimate {
			about = "~"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s%d\t\n", t.Table, about, t.Rows)
	}
	_ = table.Flush() // a reader that has gone is no fault of ours
}

// showBytes writes a size with three digits at most.
func showBytes(n int64) string {
	unit, size := "bytes", float64(n)
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1000 {
			break
		}
		unit, size = next, size/1024
	}
	return fmt.Sprintf("%.3g %s", size, unit)
}
