package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/wire"
)

func (a *app) userExportCmd() *cobra.Command {
	var out string
	c := &cobra.Command{Use: "export NAME@HOST", Short: "Write everything that is kept of a user as an XEP-0227 document",
		Long: "Write everything that is kept of a user as an XEP-0227 document: account, contacts, private data, block list, archive, and what the" +
			" user said in rooms.\nIt holds the keys that the password is checked with: keep it as safe as a password.", Args: one}
	c.Flags().StringVar(&out, "out", "-", "write to this new `file`, - is standard output")
	c.RunE = func(c *cobra.Command, args []string) error {
		addr, err := control.ParseUser(args[0])
		if err != nil {
			return err
		}
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			if out == "-" {
				return admin.ExportUser(ctx, addr, a.out)
			}
			return writeNew(out, func(w io.Writer) error { return admin.ExportUser(ctx, addr, w) })
		})
	}
	return c
}

// writeNew makes a file that only its owner can read (XEP-0227 §6). It is there under its name once it is complete.
func writeNew(name string, write func(io.Writer) error) error {
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s exists: choose another file", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("cannot write the export: %w", err)
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (a *app) userEraseCmd() *cobra.Command {
	var yes bool
	var messages string
	c := &cobra.Command{Use: "erase NAME@HOST", Short: "Delete a user, and give what the user said in rooms to pseudonyms",
		Long: "Delete a user with the whole of the user's data, as `user delete` does, and take the person out of the rooms of this server:" +
			" messages go to a pseudonym, another one in each room, lists forget the address. docs/privacy.md says what cannot be reached.\n" +
			"A person without an account here, such as a guest from another server, is erased from the rooms.", Args: one}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().StringVar(&messages, "messages", "pseudonym", "what becomes of the messages in rooms: `pseudonym` keeps the text, tombstone does not")
	c.RunE = func(c *cobra.Command, args []string) error {
		addr, err := control.ParseUser(args[0])
		if err != nil {
			return err
		}
		if messages != "pseudonym" && messages != "tombstone" {
			return usageError{"--messages is pseudonym or tombstone"}
		}
		if err := a.confirm(yes, addr); err != nil {
			return err
		}
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			report, err := admin.EraseUser(ctx, addr, messages == "tombstone")
			if err != nil {
				return err
			}
			return a.tellErased(addr, report)
		})
	}
	return a.jsonFlag(c)
}

// confirm lets a person think again: it wants the address typed once more.
func (a *app) confirm(yes bool, addr wire.Addr) error {
	if yes {
		return nil
	}
	if !term.IsTerminal(int(a.in.Fd())) {
		return usageError{"this cannot be undone: say --yes"}
	}
	_, _ = fmt.Fprintf(a.err, "This cannot be undone. Type %s to go on: ", addr)
	line, err := bufio.NewReader(io.LimitReader(a.in, 4096)).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != addr.String() {
		return errors.New("nothing was changed")
	}
	return nil
}

func (a *app) tellErased(addr wire.Addr, r control.EraseReport) error {
	if a.json {
		return a.encode(r)
	}
	if r.Account {
		a.say("%s deleted\n", addr)
	} else {
		a.say("%s has no account here\n", addr)
	}
	a.say("%d messages in %d rooms given to pseudonyms, taken out of the lists of %d rooms\n", r.Messages, r.Rooms, r.Lists)
	return nil
}
