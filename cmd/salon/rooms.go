package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/muc"
	"salon.im/salon/wire"
)

const roomHelp = "\nROOM is the room's name, such as lobby, for the first host's rooms, or its address."

func (a *app) roomCmd() *cobra.Command {
	c := a.group(&cobra.Command{Use: "room", Short: "List, show, make, configure and destroy rooms, and say who may be in them"})
	c.AddCommand(a.roomListCmd(), a.roomShowCmd(), a.roomCreateCmd(), a.roomConfigCmd(), a.roomAffiliateCmd(), a.roomKickCmd(),
		a.roomBanCmd(), a.roomDestroyCmd())
	return c
}

func (a *app) roomListCmd() *cobra.Command {
	const limit = 250
	c := &cobra.Command{Use: "list", Short: "List the rooms, hidden ones too, with --json one object a line"}
	return listCmd(a, c, func(ctx context.Context, admin control.Admin, host string, after wire.Addr) ([]muc.RoomInfo, wire.Addr, error) {
		page, err := admin.ListRooms(ctx, host, after, limit)
		return page.Rooms, page.Next, err
	}, func(r muc.RoomInfo) string {
		return fmt.Sprintf("%s\t%s\t%d inside\t%s\n", r.Addr, line(r.Name), r.Occupants, kindOf(r))
	})
}

// kindOf says in words what a room is.
func kindOf(r muc.RoomInfo) string {
	words := []string{"hidden", "temporary", "open to all", "not archived"}
	for i, is := range []struct {
		yes  bool
		word string
	}{{r.Public, "public"}, {r.Persistent, "persistent"}, {r.MembersOnly, "members-only"}, {r.Archive, "archived"}} {
		if is.yes {
			words[i] = is.word
		}
	}
	return strings.Join(words, ", ")
}

func (a *app) roomShowCmd() *cobra.Command {
	c := &cobra.Command{Use: "show ROOM", Short: "Show a room's settings, its lists and who is inside, with the real addresses",
		Long: "Show a room's settings, its lists and who is inside, with the real addresses. Its password is not shown." + roomHelp, Args: one}
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			d, err := admin.ShowRoom(ctx, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.encode(d)
			}
			a.showRoom(d)
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) showRoom(d muc.RoomDetails) {
	a.say("%s  made %s\n", d.Addr, d.Created.Local().Format(time.DateTime))
	if d.Locked {
		a.say("It waits for its owner's configuration.\n")
	}
	if d.Subject != "" {
		a.say("Subject: %s\n", line(d.Subject))
	}
	a.say("\nSettings\n")
	a.table(func(w io.Writer) {
		for _, s := range d.Settings {
			value := strings.Join(s.Values, ", ")
			if s.Type == "text-private" {
				value = "(not shown)"
			}
			_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\n", s.Key, line(value), s.Label)
		}
	})
	a.say("\nAffiliations: %d\n", len(d.Affiliations))
	a.table(func(w io.Writer) {
		for _, f := range d.Affiliations {
			_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\n", f.Addr, f.Value, line(f.Reason))
		}
	})
	a.say("\nInside: %d\n", len(d.Inside))
	a.table(func(w io.Writer) {
		for _, o := range d.Inside {
			var jids []string
			for _, s := range o.Sessions {
				jids = append(jids, s.String())
			}
			_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", line(o.Nick), o.Role, o.Affiliation, strings.Join(jids, " "))
		}
	})
}

// line makes one line of a text that somebody else wrote, and leaves out what a terminal would obey.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return -1
		}
		return r
	}, s)
}
