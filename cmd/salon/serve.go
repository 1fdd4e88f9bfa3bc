package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"salon.im/salon/config"
	"salon.im/salon/control"
)

func (a *app) serveCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Run the server", Args: cobra.NoArgs,
		Long: `Run the server until SIGINT or SIGTERM. Streams are closed in order and nothing is lost; a second signal ends it at once.
PostgreSQL that cannot be reached yet is waited for, up to a minute.
SIGHUP reads the settings and certificates again and says in the log what needs a restart.`,
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return a.serve(c.Context()) }
	return c
}

// storeWait is how long the start waits for PostgreSQL, which may come up behind us: less than the 90 s after which service
// managers give a start up.
const storeWait = time.Minute

// serve holds the lock of the data directory for as long as the server runs.
func (a *app) serve(ctx context.Context) (err error) {
	cfg, err := config.Load(a.source())
	if err != nil {
		return err
	}
	log, level := newLog(a.err, cfg.Log)
	ctx, cancel := untilSignal(ctx, log)
	defer cancel()
	lock, err := control.MakeAndLock(cfg.Data, "salon serve")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	s, err := newServer(ctx, cfg, options{
		Log:       log,
		Version:   buildVersion().Version,
		Load:      func() (*config.Config, error) { return config.Load(a.source()) },
		StoreWait: storeWait,
		Reloaded:  func(cfg *config.Config) { level.Set(cfg.Log.Level.Level()) },
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // it was ended while it waited
	}
	if err != nil {
		return err
	}
	return a.attend(ctx, cfg, s, log)
}

// attend runs a server that is open, with its control socket and its reloads, until ctx or one of them ends.
func (a *app) attend(ctx context.Context, cfg *config.Config, s house, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Serve(ctx) })
	group.Go(func() error {
		socket, err := control.Listen(cfg.Data)
		if err != nil {
			return err
		}
		a.greet(s.Info(), cfg)
		return control.Serve(ctx, socket, s.Admin(), log)
	})
	group.Go(func() error { return reloadOnSignal(ctx, s.Admin(), log) })
	return group.Wait()
}

// reloadOnSignal asks for a reload at each SIGHUP and logs what became of it.
func reloadOnSignal(ctx context.Context, admin control.Admin, log *slog.Logger) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-signals:
		}
		report, err := admin.Reload(ctx)
		if err != nil {
			log.Error("reload failed", "error", err)
			continue
		}
		log.Info("reloaded", "applied", report.Applied)
		if len(report.Restart) > 0 {
			log.Warn("some settings wait for a restart", "restart", report.Restart)
		}
		for _, problem := range report.Problems {
			log.Error("reload left something as it was", "problem", problem)
		}
	}
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. The second ends the process.
func untilSignal(parent context.Context, log *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // ends with the process: a signal during the last steps must find it
		log.Info("stopping: once more ends at once", "signal", (<-signals).String())
		cancel()
		log.Error("stopped at once", "signal", (<-signals).String())
		os.Exit(1)
	}()
	return ctx, cancel
}
