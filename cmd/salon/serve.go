package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
)

func (a *app) serveCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Run the server", Args: cobra.NoArgs,
		Long: `Run the server until SIGINT or SIGTERM. Streams are closed in order and nothing is lost; a second signal ends it at once.
SIGHUP reads the settings and certificates again and says in the log what needs a restart.`,
	}
	c.Flags().StringVar(&a.host, "host", "", "serve this `domain` alone, such as chat.lan, instead of the hosts in the settings")
	c.RunE = func(c *cobra.Command, _ []string) error { return a.serve(c.Context()) }
	return c
}

func (a *app) serve(ctx context.Context) error {
	cfg, err := config.Load(a.source())
	if err != nil {
		return err
	}
	log, level := newLog(a.err, cfg.Log)
	ctx, cancel := untilSignal(ctx, log)
	defer cancel()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	return runServer(ctx, cfg, options{
		Log:     log,
		Version: buildVersion().Version,
		Ready:   func(i info) { a.greet(i, cfg) },
		Reload: func() (*config.Config, error) {
			next, err := config.Load(a.source())
			if err == nil {
				level.Set(next.Log.Level.Level())
			}
			return next, err
		},
		ReloadSignal: reload,
	})
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
