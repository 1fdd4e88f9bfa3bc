package feature

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsAdmin = "http://jabber.org/protocol/admin"

// Users are the rules for accounts. Their errors are for the administrator to read.
type Users interface {
	AddUser(ctx context.Context, addr wire.Addr, password string) error
	SetPassword(ctx context.Context, addr wire.Addr, password string) error
	DeleteUser(ctx context.Context, addr wire.Addr) error
}

// maxListed bounds the users that a list shows.
const maxListed = 1000

type admin struct {
	r      *router.Router
	config func() *config.Config
	users  Users
	log    *slog.Logger
}

// Admin gives a host's administrators (admins in the settings) commands for its accounts (XEP-0133). They concern that host
// alone.
func Admin(r *router.Router, c *Commands, users Users, cfg func() *config.Config, log *slog.Logger) {
	a := &admin{r: r, config: cfg, users: users, log: log}
	r.Advertise(router.OnServer, router.XEP{Num: 133, Version: "1.3.1", Status: "partial",
		Note: "add, delete, change password, end session, number and list of online users"})
	one := func(form func() wire.Payload, check func(*call) error) []stage {
		return []stage{{form: func(context.Context, *call) (wire.Payload, error) { return form(), nil }, check: check}}
	}
	add := func(name, title string, stages []stage, run func(context.Context, *call) (outcome, error)) {
		c.all = append(c.all, command{node: nsAdmin + "#" + name, name: title, target: router.ToServer, allowed: a.allowed, stages: stages, run: run})
	}
	add("add-user", "Add a user", one(addForm, checkPasswords), a.addUser)
	add("delete-user", "Delete users", one(func() wire.Payload { return usersForm("Deleting users") }, a.checkUsers), a.deleteUsers)
	add("change-user-password", "Change a user's password", one(passwordForm, checkPasswords), a.changePassword)
	add("end-user-session", "End sessions of users", one(func() wire.Payload { return usersForm("Ending sessions") }, a.checkUsers), a.endSessions)
	add("get-online-users-num", "Number of online users", nil, a.count)
	add("get-online-users-list", "List of online users", nil, a.list)
}

func (a *admin) allowed(c *call) bool {
	return isAdmin(a.config().HostNamed(c.host), c.from.Bare())
}

func addForm() wire.Payload {
	return wire.NewFormWriter("form", nsAdmin).Title("Adding a user").
		Field("jid-single", "accountjid", "The address of the new account", "", nil).
		TextPrivate("password", "The password", "").TextPrivate("password-verify", "The password again", "").Payload()
}

func passwordForm() wire.Payload {
	return wire.NewFormWriter("form", nsAdmin).Title("Changing a password").
		Field("jid-single", "accountjid", "The address of the account", "", nil).TextPrivate("password", "The new password", "").Payload()
}

func usersForm(title string) wire.Payload {
	return wire.NewFormWriter("form", nsAdmin).Title(title).Field("jid-multi", "accountjids", "The addresses", "", nil).Payload()
}

// checkPasswords refuses a form whose address is none of the host's accounts, or whose passwords differ.
func checkPasswords(c *call) error {
	addr, err := wire.ParseAddr(c.values.Value("accountjid"))
	if err != nil || !addr.IsBare() || addr.Domain() != c.host || c.values.Value("password") == "" {
		return errBadPayload
	}
	if c.values.Has("password-verify") && c.values.Value("password-verify") != c.values.Value("password") {
		return errBadPayload
	}
	return nil
}

func (a *admin) checkUsers(c *call) error {
	if _, ok := addresses(c); !ok {
		return errBadPayload
	}
	return nil
}

// addresses reads the accounts or sessions of a form; ok is false unless all are of the host.
func addresses(c *call) (all []wire.Addr, ok bool) {
	for _, s := range c.values.Values("accountjids") {
		addr, err := wire.ParseAddr(s)
		if err != nil || addr.Local() == "" || addr.Domain() != c.host {
			return nil, false
		}
		all = append(all, addr)
	}
	return all, len(all) > 0
}

// done notes an administrator's act in the log, and tells how it went.
func (a *admin) done(c *call, what string, addr wire.Addr, err error) (outcome, error) {
	if err != nil {
		a.log.Warn("command failed", "command", what, "by", c.from.String(), "jid", addr.String(), "err", err)
		return outcome{note: fmt.Sprintf("%s: %v", addr, err), failed: true}, nil
	}
	a.log.Info("command", "command", what, "by", c.from.String(), "jid", addr.String())
	return outcome{note: "Done: " + addr.String() + "."}, nil
}

func (a *admin) addUser(ctx context.Context, c *call) (outcome, error) {
	addr, _ := wire.ParseAddr(c.values.Value("accountjid")) // checked
	return a.done(c, "add-user", addr, a.users.AddUser(ctx, addr, c.values.Value("password")))
}

func (a *admin) changePassword(ctx context.Context, c *call) (outcome, error) {
	addr, _ := wire.ParseAddr(c.values.Value("accountjid"))
	return a.done(c, "change-user-password", addr, a.users.SetPassword(ctx, addr, c.values.Value("password")))
}

// deleteUsers stops at the first that fails, and names it.
func (a *admin) deleteUsers(ctx context.Context, c *call) (outcome, error) {
	all, _ := addresses(c)
	for _, addr := range all {
		if out, _ := a.done(c, "delete-user", addr.Bare(), a.users.DeleteUser(ctx, addr.Bare())); out.failed {
			return out, nil
		}
	}
	return outcome{note: strconv.Itoa(len(all)) + " deleted."}, nil
}

// endSessions ends all sessions of a bare address, or the one of a full address (XEP-0133 §4.5).
func (a *admin) endSessions(_ context.Context, c *call) (outcome, error) {
	all, _ := addresses(c)
	n := 0
	for _, addr := range all {
		for _, res := range a.r.Resources(addr.Bare()) {
			if !addr.IsFull() || res.Addr() == addr {
				a.log.Info("command", "command", "end-user-session", "by", c.from.String(), "jid", res.Addr().String())
				res.Close(streamError("policy-violation", "an administrator ended the session"))
				n++
			}
		}
	}
	return outcome{note: strconv.Itoa(n) + " sessions ended."}, nil
}

func (a *admin) online(host string) []wire.Addr {
	var out []wire.Addr
	a.r.EachAccount(func(bare wire.Addr, sessions []*router.Resource) {
		if bare.Domain() == host && slices.ContainsFunc(sessions, func(r *router.Resource) bool { return r.Presence() != nil }) {
			out = append(out, bare)
		}
	})
	return out
}

func (a *admin) count(_ context.Context, c *call) (outcome, error) {
	n := strconv.Itoa(len(a.online(c.host)))
	return outcome{form: wire.NewFormWriter("result", nsAdmin).TextSingle("onlineusersnum", "The number of online users", n).Payload()}, nil
}

func (a *admin) list(_ context.Context, c *call) (outcome, error) {
	all := a.online(c.host)
	slices.SortFunc(all, wire.Addr.Compare)
	var out outcome
	if len(all) > maxListed {
		out.note = fmt.Sprintf("%d are online; the first %d are shown.", len(all), maxListed)
		all = all[:maxListed]
	}
	out.form = wire.NewFormWriter("result", nsAdmin).JIDMulti("onlineuserjids", "The online users", all...).Payload()
	return out, nil
}
