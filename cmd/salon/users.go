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
	"salon.im/salon/control"
	"salon.im/salon/wire"
)

func (a *app) userCmd() *cobra.Command {
	c := a.group(&cobra.Command{Use: "user", Short: "Add, change, delete, list, import, export and erase users, whether the server runs or not"})
	c.AddCommand(a.userAddCmd(), a.userPasswdCmd(), a.userDeleteCmd(), a.userListCmd(), a.userImportCmd(), a.userExportCmd(), a.userEraseCmd())
	return c
}

const passwordHelp = "The password is asked for twice, or is the first line of --password-file, or of standard input if that is no terminal."

func (a *app) userAddCmd() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "add NAME@HOST", Short: "Add a user", Long: "Add a user. " + passwordHelp, Args: one}
	c.Flags().StringVar(&file, "password-file", "", "read the password from this `file`")
	c.RunE = a.onUser("added", func(ctx context.Context, admin control.Admin, addr wire.Addr, password string) error {
		return admin.AddUser(ctx, addr, password)
	}, &file)
	return a.jsonFlag(c)
}

func (a *app) userPasswdCmd() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "passwd NAME@HOST", Short: "Set a user's password and end the user's sessions",
		Long: "Set a user's password and end the user's sessions. " + passwordHelp, Args: one}
	c.Flags().StringVar(&file, "password-file", "", "read the password from this `file`")
	c.RunE = a.onUser("changed", func(ctx context.Context, admin control.Admin, addr wire.Addr, password string) error {
		return admin.SetPassword(ctx, addr, password)
	}, &file)
	return a.jsonFlag(c)
}

func (a *app) userDeleteCmd() *cobra.Command {
	c := &cobra.Command{Use: "delete NAME@HOST", Short: "Delete a user with the whole of the user's data", Args: one}
	c.RunE = a.onUser("deleted", func(ctx context.Context, admin control.Admin, addr wire.Addr, _ string) error {
		return admin.DeleteUser(ctx, addr)
	}, nil)
	return a.jsonFlag(c)
}

// onUser makes the body of a command about one user. passwordFile nil says that it needs no password.
func (a *app) onUser(result string, do func(context.Context, control.Admin, wire.Addr, string) error, passwordFile *string) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		addr, err := control.ParseUser(args[0])
		if err != nil {
			return err
		}
		var password string
		if passwordFile != nil {
			if password, err = a.readPassword(*passwordFile, addr.String()); err != nil {
				return err
			}
		}
		err = a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			return do(ctx, admin, addr, password)
		})
		if err != nil {
			return err
		}
		return a.done("jid", addr, result)
	}
}

func (a *app) userListCmd() *cobra.Command {
	const limit = 500
	c := &cobra.Command{Use: "list", Short: "List the users, with --json one object a line"}
	return listCmd(a, c, func(ctx context.Context, admin control.Admin, host string, after wire.Addr) (users []control.User, next wire.Addr, err error) {
		users, err = admin.ListUsers(ctx, host, after, limit)
		if len(users) == limit {
			next, err = wire.ParseAddr(users[limit-1].JID)
		}
		return users, next, err
	}, func(u control.User) string {
		return fmt.Sprintf("%s\tmade %s\t%s%s\n", u.JID, u.Created.Local().Format(time.DateOnly), lastSeen(u), waiting(u))
	})
}

func lastSeen(u control.User) string {
	if u.LastSeen.IsZero() {
		return "never seen"
	}
	return "seen " + u.LastSeen.Local().Format(time.DateTime)
}

func waiting(u control.User) string {
	switch u.Waiting {
	case 0:
		return ""
	case control.MaxWaiting:
		return ", many messages wait"
	case 1:
		return ", 1 message waits"
	}
	return fmt.Sprintf(", %d messages wait", u.Waiting)
}

func (a *app) userImportCmd() *cobra.Command {
	c := &cobra.Command{Use: "import FILE", Short: `Import users from lines {"jid": "alice@localhost", "password": "secret"}`,
		Long: `Import users from a file with one object {"jid": "alice@localhost", "password": "secret"} a line. - is standard input.` +
			"\nUsers who exist stay as they are. A wrong line does not stop the rest.", Args: one}
	c.RunE = func(c *cobra.Command, args []string) error {
		file := a.in
		if args[0] != "-" {
			var err error
			if file, err = os.Open(args[0]); err != nil {
				return unreadable("cannot import", err)
			}
			defer func() { _ = file.Close() }()
		}
		var report control.ImportReport
		err := a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) (err error) {
			lines := a.progress(file)
			defer lines.end()
			report, err = admin.ImportUsers(ctx, lines)
			return err
		})
		return errors.Join(a.tell(args[0], report), err)
	}
	return a.jsonFlag(c)
}

// tell prints what became of an import, and returns an error if a line failed.
func (a *app) tell(name string, r control.ImportReport) error {
	if a.json {
		if err := a.encode(r); err != nil {
			return err
		}
	} else {
		for _, p := range r.Problems {
			_, _ = fmt.Fprintf(a.err, "%s:%d: %s\n", name, p.Line, strings.TrimPrefix(p.JID+": "+p.Reason, ": "))
		}
		a.say("%d added, %d existed already, %d failed\n", r.Added, r.Existing, r.Failed)
	}
	if r.Failed > 0 {
		return &control.Error{Kind: control.Invalid,
			Text: fmt.Sprintf("%d lines of %s failed: correct them and import again, those that exist stay as they are", r.Failed, name)}
	}
	return nil
}
