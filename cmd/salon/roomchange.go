package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/muc"
	"salon.im/salon/wire"
)

// onRoom makes the body of a command that changes the room that its first argument names.
func (a *app) onRoom(result string, do func(ctx context.Context, admin control.Admin, args []string) (wire.Addr, error)) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		var room wire.Addr
		err := a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) (err error) {
			room, err = do(ctx, admin, args)
			return err
		})
		if err != nil {
			return err
		}
		return a.done("room", room, result)
	}
}

func (a *app) roomCreateCmd() *cobra.Command {
	var name string
	var public, members bool
	var owners []string
	c := &cobra.Command{Use: "create ROOM", Short: "Make a room",
		Long: "Make a room that stays, open at once. Without --owner it belongs to the host's admins alone. `room config` sets the rest." + roomHelp, Args: one}
	c.Flags().StringVar(&name, "name", "", "the room's `name` for people")
	c.Flags().BoolVar(&public, "public", true, "list it publicly")
	c.Flags().BoolVar(&members, "members-only", false, "only members may enter")
	c.Flags().StringArrayVar(&owners, "owner", nil, "who owns it: an address `name@host`; may be given again")
	c.RunE = a.onRoom("created", func(ctx context.Context, admin control.Admin, args []string) (wire.Addr, error) {
		fields := []muc.Field{field("publicroom", public), field("membersonly", members)}
		if name != "" {
			fields = append(fields, muc.Field{Name: "roomname", Values: []string{name}})
		}
		return admin.CreateRoom(ctx, args[0], control.NewRoom{Owners: owners, Fields: fields})
	})
	return a.jsonFlag(c)
}

func field(name string, on bool) muc.Field {
	return muc.Field{Name: name, Values: []string{strconv.FormatBool(on)}}
}

func (a *app) roomConfigCmd() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "config ROOM [KEY=VALUE ...]", Short: "Change a room's settings, all of them or none",
		Long: "Change a room's settings, all of them or none. `room show` lists the keys. Of a list, the values are separated by commas." +
			" Those inside are told.\nThe room's password is the first line of --password-file; passwordprotectedroom=0 takes it away." + roomHelp,
		Args: func(c *cobra.Command, args []string) error { return one(c, args[:min(len(args), 1)]) }}
	c.Flags().StringVar(&file, "password-file", "", "ask for the password in this `file` to enter")
	c.RunE = a.onRoom("changed", func(ctx context.Context, admin control.Admin, args []string) (wire.Addr, error) {
		fields, err := readFields(args[1:])
		if err != nil {
			return wire.Addr{}, err
		}
		if file != "" {
			password, err := a.readPassword(file, "")
			if err != nil {
				return wire.Addr{}, err
			}
			fields = append(fields, field("passwordprotectedroom", true), muc.Field{Name: "roomsecret", Values: []string{password}})
		}
		return admin.ConfigureRoom(ctx, args[0], fields)
	})
	return a.jsonFlag(c)
}

// readFields reads key=value. A password is not taken: whoever is on the machine could read the command line.
func readFields(args []string) ([]muc.Field, error) {
	var fields []muc.Field
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		switch {
		case !ok || key == "":
			return nil, &control.Error{Kind: control.Invalid, Text: strconv.Quote(arg) + " is no setting: write key=value, such as roomname=Lobby"}
		case strings.TrimPrefix(key, "muc#roomconfig_") == "roomsecret":
			return nil, &control.Error{Kind: control.Invalid, Text: "a password does not belong on the command line: write it to a file, and say --password-file"}
		}
		fields = append(fields, muc.Field{Name: key, Values: []string{value}})
	}
	return fields, nil
}

func (a *app) roomAffiliateCmd() *cobra.Command {
	return a.withReason(&cobra.Command{Use: "affiliate ROOM JID owner|admin|member|none|outcast", Short: "Say what somebody is to a room",
		Long: "Say what somebody is to a room. The last owner stays one until there is another." +
			"\nWho becomes a member of a members-only room is invited, if the server runs." + roomHelp},
		func(ctx context.Context, admin control.Admin, args []string, reason string) (wire.Addr, error) {
			return admin.AffiliateRoom(ctx, args[0], control.Affiliation{JID: args[1], Value: args[2], Reason: reason})
		})
}

func (a *app) roomKickCmd() *cobra.Command {
	return a.withReason(&cobra.Command{Use: "kick ROOM NICK", Short: "Make somebody leave a room, who may come back",
		Long: "Make somebody leave a room, who may come back. It takes a running server." + roomHelp},
		func(ctx context.Context, admin control.Admin, args []string, reason string) (wire.Addr, error) {
			return admin.KickOccupant(ctx, args[0], args[1], reason)
		})
}

func (a *app) roomBanCmd() *cobra.Command {
	return a.withReason(&cobra.Command{Use: "ban ROOM JID|DOMAIN", Short: "Keep somebody, or a whole domain, out of a room",
		Long: "Keep somebody, or everybody of a domain, out of a room; who is inside goes. `room affiliate ROOM JID none` lifts it." + roomHelp},
		func(ctx context.Context, admin control.Admin, args []string, reason string) (wire.Addr, error) {
			return admin.AffiliateRoom(ctx, args[0], control.Affiliation{JID: args[1], Value: "outcast", Reason: reason})
		})
}

// withReason makes c a command about somebody in the room that its first argument names.
func (a *app) withReason(c *cobra.Command, do func(ctx context.Context, admin control.Admin, args []string, reason string) (wire.Addr, error)) *cobra.Command {
	var reason string
	c.Args = all
	c.Flags().StringVar(&reason, "reason", "", "what everyone is told")
	c.RunE = a.onRoom("changed", func(ctx context.Context, admin control.Admin, args []string) (wire.Addr, error) {
		return do(ctx, admin, args, reason)
	})
	return a.jsonFlag(c)
}

func (a *app) roomDestroyCmd() *cobra.Command {
	var d control.Destruction
	var file string
	c := &cobra.Command{Use: "destroy ROOM", Short: "End a room for good, with its archive",
		Long: "End a room for good, with its archive. Those inside are told why, and where to go instead." + roomHelp, Args: one}
	c.Flags().StringVar(&d.Reason, "reason", "", "what everyone is told")
	c.Flags().StringVar(&d.Alternate, "alternate", "", "the `room` to go to instead")
	c.Flags().StringVar(&file, "password-file", "", "read the password of the other room, which everyone is told, from this `file`")
	c.RunE = a.onRoom("destroyed", func(ctx context.Context, admin control.Admin, args []string) (room wire.Addr, err error) {
		if file != "" {
			if d.Password, err = a.readPassword(file, ""); err != nil {
				return room, err
			}
		}
		return admin.DestroyRoom(ctx, args[0], d)
	})
	return a.jsonFlag(c)
}
