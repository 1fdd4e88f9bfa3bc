package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/server"
	"salon.im/salon/storage/transfer"
)

// copyFlags say which databases.
type copyFlags struct{ from, fromFile, to, toFile string }

func (a *app) storageCopyCmd() *cobra.Command {
	var f copyFlags
	c := &cobra.Command{Use: "copy --to URL", Short: "Copy the database into another, empty one, and compare the two", Args: cobra.NoArgs,
		Long: `Copy the database into another, empty one: from SQLite into PostgreSQL, or back. Then read both and compare every value.
No server may run on either. URLs are as in the settings: sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE. The source's
schema is brought up to date first. After a failure, empty the target before you try again.`}
	flags := c.Flags()
	flags.StringVar(&f.from, "from", "", "copy this database, a `URL` (default: the one in the settings)")
	flags.StringVar(&f.fromFile, "from-file", "", "read the URL of the source from this `file`")
	flags.StringVar(&f.to, "to", "", "into this database, a `URL`")
	flags.StringVar(&f.toFile, "to-file", "", "read the URL of the target from this `file`, so that nobody sees its password")
	c.MarkFlagsMutuallyExclusive("from", "from-file")
	c.MarkFlagsMutuallyExclusive("to", "to-file")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if f.to == "" && f.toFile == "" {
			return usageError{"into which database? name it with --to or --to-file"}
		}
		ctx, stop := interruptible(c)
		defer stop()
		cfg, err := config.Load(a.source())
		if err != nil {
			return err
		}
		from, to, err := f.settings(cfg)
		if err != nil {
			return err
		}
		taken, err := lockStores("salon storage copy", cfg, from, to)
		if err != nil {
			return err
		}
		defer taken.release()
		return a.copy(ctx, from, to)
	}
	return a.jsonFlag(c)
}

// settings returns those of the source and of the target.
func (f copyFlags) settings(cfg *config.Config) (from, to *config.Config, err error) {
	source, err1 := pickURL(f.from, f.fromFile)
	target, err2 := pickURL(f.to, f.toFile)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, err
	}
	if from = cfg; source != "" {
		if from, err = withURL(cfg, source); err != nil {
			return nil, nil, err
		}
	}
	if to, err = withURL(cfg, target); err != nil {
		return nil, nil, err
	}
	return from, to, nil
}

// pickURL returns a URL from a flag or from the file that another flag names.
func pickURL(url, file string) (config.StorageURL, error) {
	if file == "" {
		return config.StorageURL(url), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("cannot read the URL: %w", err)
	}
	return config.StorageURL(strings.TrimSpace(string(text))), nil
}

// copyResult is what `storage copy` tells.
type copyResult struct {
	transfer.Report
	Seconds float64 `json:"seconds"`
}

func (a *app) copy(ctx context.Context, from, to *config.Config) (err error) {
	began := time.Now()
	if o, err := server.InspectStore(ctx, from); err != nil {
		return err
	} else if o.Missing {
		return fmt.Errorf("there is nothing to copy in %s: name the database with --from", o.Name)
	}
	source, err := openStore(ctx, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openStore(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	told := began
	report, err := transfer.Copy(ctx, source, target, transfer.Options{Progress: func(step transfer.Step, table string, records int64) {
		if time.Since(told) > time.Second && !a.json {
			told = time.Now()
			_, _ = fmt.Fprintf(a.err, "%s %s: %d\n", step, table, records)
		}
	}})
	if errors.Is(err, transfer.ErrNotEmpty) {
		return fmt.Errorf("%s: %w", to.Storage.URL, err)
	}
	if err != nil {
		return fmt.Errorf("the copy failed, the target is not to be used: %w", err)
	}
	if a.json {
		return a.encode(copyResult{report, time.Since(began).Seconds()})
	}
	a.say("copied and compared %d records in %s: set storage.url to the new database, and keep secret.key\n",
		report.Records, time.Since(began).Round(100*time.Millisecond))
	return nil
}
