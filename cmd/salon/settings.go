package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/server"
)

func (a *app) checkCmd() *cobra.Command {
	c := a.group(&cobra.Command{Use: "check", Short: "Look for mistakes before the server meets them"})
	c.AddCommand(&cobra.Command{Use: "config", Short: "Check the settings", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		cfg, err := config.Load(a.source())
		if err != nil {
			return err
		}
		if err := server.CheckCertificates(cfg); err != nil {
			return err
		}
		if file := a.source().Path(); file != "" {
			a.say("%s is in order\n", file)
		} else {
			a.say("there is no settings file, the defaults are in order (to begin one: %s config example > %s)\n",
				a.invoked, quote(filepath.Join(cfg.Data, "salon.yaml")))
		}
		return nil
	}})
	return c
}

func (a *app) configCmd() *cobra.Command {
	c := a.group(&cobra.Command{Use: "config", Short: "Show the settings"})
	c.AddCommand(&cobra.Command{
		Use: "print", Short: "Print the settings in effect, secrets masked", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.Load(a.source())
			if err != nil {
				return err
			}
			return config.Print(a.out, cfg)
		},
	}, &cobra.Command{
		Use: "example", Short: "Print a settings file that explains every key and equals the defaults", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(config.Example())
			return err
		},
	})
	return c
}
