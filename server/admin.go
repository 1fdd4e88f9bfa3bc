package server

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/auth"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/router"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// Admin returns what an administrator of this machine can ask for.
func (s *Server) Admin() control.Admin { return admin{s.users, s.services(), s} }

type admin struct {
	*control.Users
	*control.Services
	s *Server
}

// newUsers returns the rules for accounts, as the control socket, registration and the commands share them.
func (s *Server) newUsers(secret []byte) *control.Users {
	return control.NewUsers(control.UsersOptions{
		Accounts: s.store,
		Hosts:    func() []string { return s.Config().HostNames() },
		Keys: func() ([]auth.Hash, int) {
			a := s.Config().Auth
			return control.Hashes(a.Mechanisms), a.Iterations
		},
		Held:    s.held,
		Persons: s.store, Services: func() []string { return s.Config().RoomDomains() }, Rewrite: s.rewrite, Erased: s.erased, Forgotten: s.forgotten,
		OccupantKey: func() ([]byte, error) { return occupantKey(secret), nil },
		IDs:         func() (archive.IDs, error) { return s.ids, nil },
		Leaving:     func(ctx context.Context, addr wire.Addr) error { return s.presence.EndSubscriptions(ctx, addr) },
		Changed:     s.endSessions,
	})
}

// endSessions closes the streams of a user who was deleted or has a new password.
func (s *Server) endSessions(addr wire.Addr, gone bool) {
	text := "the password was changed"
	if gone {
		text = "the account was deleted"
	}
	for _, r := range s.router.Resources(addr) {
		r.Close(stream.Error("not-authorized", text))
	}
	if gone {
		s.forget(addr)
	}
}

// forget drops what memory holds of an account that was deleted, so that whoever takes the name next inherits nothing.
func (s *Server) forget(addr wire.Addr) {
	s.presence.Forget(addr)
	s.prefs.Forget(addr)
	for _, rooms := range s.rooms {
		rooms.Forget(addr)
	}
}

// removed is forget and forgotten for who removed the own account.
func (s *Server) removed(addr wire.Addr) {
	s.forget(addr)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.forgotten(ctx, addr); err != nil {
		s.o.Log.Warn("rooms still name an account that was removed: `salon user erase` tries again", "jid", addr.String(), "err", err)
	}
}

// forgotten has the rooms forget an account that was deleted, those that are not in memory too.
func (s *Server) forgotten(ctx context.Context, addr wire.Addr) error {
	for _, rooms := range s.rooms {
		if err := rooms.ForgetStored(ctx, addr); err != nil {
			return err
		}
	}
	return nil
}

// Status implements control.Admin.
func (a admin) Status(context.Context) (control.Status, error) {
	return control.Status{Version: a.s.o.Version, PID: os.Getpid(), Started: a.s.started, Uptime: time.Since(a.s.started),
		Sessions: a.s.router.Sessions(), Hosts: a.s.Config().HostNames()}, nil
}

// Reload implements control.Admin: it reads the settings again, takes what can change at once into use, and says what needs
// a restart. A broken file changes nothing.
func (a admin) Reload(ctx context.Context) (control.ReloadReport, error) {
	s := a.s
	s.reloading.Lock()
	defer s.reloading.Unlock()
	var report control.ReloadReport
	if s.o.Load == nil {
		return report, &control.Error{Kind: control.Invalid, Text: "this server has no settings to reload"}
	}
	loaded, err := s.o.Load()
	if err != nil {
		return report, &control.Error{Kind: control.Invalid, Text: "nothing was changed: " + err.Error()}
	}
	apply, applied, restart := config.Reload(s.Config(), loaded)
	report.Applied, report.Restart = applied, restart
	s.cfg.Store(apply)
	hosts, files := certNames(apply)
	if err := s.certs.Reload(ctx, hosts, files); err != nil {
		report.Problems = append(report.Problems, err.Error())
		report.Applied = slices.DeleteFunc(report.Applied, func(key string) bool { return strings.HasPrefix(key, "tls.files") })
	}
	if s.o.Reloaded != nil {
		s.o.Reloaded(apply)
	}
	return report, nil
}

var _ router.Archiver = archiver{}
