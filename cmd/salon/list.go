package main

import (
	"context"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/wire"
)

// page asks for the rows of a list behind `after`, of one host or with "" of all. next is where to go on, zero at the end.
type page[T any] func(ctx context.Context, admin control.Admin, host string, after wire.Addr) (rows []T, next wire.Addr, err error)

// listCmd makes a command that prints a list, with --json one object a line, else what line makes of a row: its cells are
// separated by tabs.
func listCmd[T any](a *app, c *cobra.Command, get page[T], line func(T) string) *cobra.Command {
	var host string
	c.Args = cobra.NoArgs
	c.Flags().StringVar(&host, "host", "", "only those of this `host`")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) (err error) {
			a.table(func(w io.Writer) {
				var after wire.Addr
				err = printAll(a, w, line, func() (rows []T, more bool, err error) {
					rows, after, err = get(ctx, admin, strings.ToLower(host), after)
					return rows, !after.IsZero(), err
				})
			})
			return err
		})
	}
	return a.jsonFlag(c)
}

// printAll prints rows as long as get says that there are more.
func printAll[T any](a *app, w io.Writer, line func(T) string, get func() (rows []T, more bool, err error)) error {
	for more := true; more; {
		var rows []T
		var err error
		if rows, more, err = get(); err != nil {
			return err
		}
		for _, row := range rows {
			if a.json {
				err = a.encode(row)
			} else {
				_, err = io.WriteString(w, line(row))
			}
			if err != nil {
				return nil // the reader has seen enough
			}
		}
	}
	return nil
}

// table prints lines whose cells are separated by tabs.
func (a *app) table(rows func(w io.Writer)) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	rows(w)
	_ = w.Flush() // the reader may have gone
}
