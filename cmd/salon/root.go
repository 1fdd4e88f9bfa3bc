package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/wire"
)

// app is one invocation: its flags and its streams.
type app struct {
	invoked string // how people type the program's name
	data    string
	file    string
	host    string
	json    bool

	in       *os.File
	out, err io.Writer

	begun bool // the command line was understood
}

// usageError is a wrong command line.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// run executes a command line and returns the exit code.
func run(args []string, in *os.File, out, err io.Writer) int {
	a := &app{invoked: invocation(args[0]), in: in, out: out, err: err}
	root := a.root()
	root.SetArgs(args[1:])
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(err)
	cmd, failure := root.ExecuteContextC(context.Background())
	var usage usageError
	switch {
	case failure == nil:
		return 0
	case !a.begun || errors.As(failure, &usage):
		a.complain(&control.Error{Kind: control.Invalid, Text: fmt.Sprintf("%v (see `%s %s--help`)", failure, a.invoked, path(cmd))})
		return 2
	}
	a.complain(failure)
	return 1
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "salon",
		Short:         "An XMPP server for chat in rooms and one to one",
		SilenceErrors: true,
		SilenceUsage:  true,
		// It runs once flags and arguments are known to be right.
		PersistentPreRun: func(*cobra.Command, []string) { a.begun = true },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.data, "data", "", "the data `directory` (default ./data)")
	flags.StringVar(&a.file, "config", "", "the settings `file` (default <data>/salon.yaml, if it is there)")
	flags.StringVar(&a.host, "host", "", "serve this `domain` alone, such as chat.lan, instead of the hosts in the settings")
	root.CompletionOptions.HiddenDefaultCmd = true
	a.group(root)
	root.AddCommand(a.serveCmd(), a.userCmd(), a.roomCmd(), a.archiveCmd(), a.certCmd(), a.storageCmd(), a.checkCmd(), a.configCmd(), a.versionCmd())
	return root
}

// group makes a command that only has subcommands: called by itself, it is a wrong command line.
func (a *app) group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		var names []string
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" {
				names = append(names, sub.Name())
			}
		}
		choice := "choose one of " + strings.Join(names, ", ")
		if len(args) == 0 {
			return usageError{"what shall it do? " + choice}
		}
		return usageError{fmt.Sprintf("unknown command %q: %s", args[0], choice)}
	}
	return c
}

// one takes the single argument that a command's Use names: "add NAME@HOST".
func one(c *cobra.Command, args []string) error {
	_, what, _ := strings.Cut(c.Use, " ")
	switch len(args) {
	case 0:
		return usageError{"which " + what + "? give one"}
	case 1:
		return nil
	}
	return usageError{fmt.Sprintf("one %s at a time, not %d", what, len(args))}
}

// all wants an argument for each of the words behind the command's name, and names the first that is missing.
func all(c *cobra.Command, args []string) error {
	wanted := strings.Fields(c.Use)[1:]
	switch {
	case len(args) < len(wanted):
		return usageError{"which " + wanted[len(args)] + "? the command is " + c.Use}
	case len(args) > len(wanted):
		return usageError{fmt.Sprintf("%d arguments are too many: the command is %s", len(args), c.Use)}
	}
	return nil
}

// path returns the words of a command behind the program's name, with a final space if there are any.
func path(c *cobra.Command) string {
	_, words, found := strings.Cut(c.CommandPath(), " ")
	if !found {
		return ""
	}
	return words + " "
}

// interruptible returns a context that ends with the first SIGINT or SIGTERM.
func interruptible(c *cobra.Command) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not heed the first, such as a read from the terminal
	return ctx, stop
}

func (a *app) source() config.Source {
	return config.Source{File: a.file, Data: a.data, Host: a.host, Env: os.Environ()}
}

// say prints to standard output. A reader that has gone, as in `salon user list | head`, is no fault of ours.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }

func (a *app) encode(v any) error { return json.NewEncoder(a.out).Encode(v) }

// done says what became of a user or a room; in JSON, key names the address.
func (a *app) done(key string, addr wire.Addr, result string) error {
	if a.json {
		return a.encode(map[string]string{key: addr.String(), "result": result})
	}
	a.say("%s %s\n", addr, result)
	return nil
}

func (a *app) jsonFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.json, "json", false, "answer in JSON")
	return c
}
