package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"salon.im/salon/certs"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/storage/sqlite"
)

// This file stands where package server will: a server with its store, its certificates and its ports, but no streams.

// options are what a server gets beside the settings.
type options struct {
	Log     *slog.Logger
	Version string
	// Load reads the settings again for a reload; Reloaded is told of those in effect after one.
	Load     func() (*config.Config, error)
	Reloaded func(*config.Config)
}

// info is what the start message tells.
type info struct {
	Addrs       map[string][]net.Addr // by listener: "c2s", "c2s direct", "http"
	Hosts       []config.Host
	Lobby       string // the public room's address, "" for none
	Fingerprint map[string]string
	SelfSigned  map[string]bool
}

// house is a running server.
type house interface {
	Admin() control.Admin
	Info() info
	Serve(ctx context.Context) error
}

// frame is the house without streams.
type frame struct {
	*control.Users
	cfg       *config.Config
	o         options
	store     *sqlite.Store
	certs     *certs.Source
	started   time.Time
	listeners map[string][]net.Listener
}

// newServer opens everything and listens. The caller holds the lock of the data directory.
func newServer(ctx context.Context, cfg *config.Config, o options) (house, error) {
	f := &frame{cfg: cfg, o: o, started: time.Now(), listeners: map[string][]net.Listener{}}
	if err := f.open(ctx); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *frame) open(ctx context.Context) (err error) {
	if f.store, err = sqlite.Open(ctx, sqlite.Options{Path: f.cfg.SQLitePath()}); err != nil {
		return err
	}
	f.Users = control.NewUsers(usersOptions(f.cfg, f.store))
	hosts, files := certNames(f.cfg)
	f.certs, err = certs.Open(ctx, certs.Options{Dir: filepath.Join(f.cfg.Data, "certs"), Hosts: hosts, Files: files, Log: f.o.Log})
	if err != nil {
		return err
	}
	if err := f.listen("c2s", f.cfg.C2SAddrs(), len(f.cfg.Listen.C2S) == 0); err != nil {
		return err
	}
	return f.listen("c2s direct", f.cfg.C2SDirectAddrs(), len(f.cfg.Listen.C2SDirect) == 0)
}

func (f *frame) close() error {
	var errs []error
	for _, group := range f.listeners {
		for _, l := range group {
			errs = append(errs, l.Close())
		}
	}
	if f.store != nil {
		errs = append(errs, f.store.Close())
	}
	return errors.Join(errs...)
}

// listen opens ports. Of derived addresses, those of a family that the machine lacks are left out.
func (f *frame) listen(name string, addrs []string, derived bool) error {
	var missing error
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		switch {
		case err == nil:
			f.listeners[name] = append(f.listeners[name], l)
		case derived && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)):
			missing = err
		default:
			return err
		}
	}
	if len(f.listeners[name]) == 0 {
		return missing
	}
	return nil
}

// Serve waits for the end of ctx, and closes everything.
func (f *frame) Serve(ctx context.Context) error {
	<-ctx.Done()
	return f.close()
}

// Info returns what to tell people.
func (f *frame) Info() info {
	i := info{Addrs: map[string][]net.Addr{}, Hosts: f.cfg.Hosts, Fingerprint: map[string]string{}, SelfSigned: map[string]bool{}}
	for name, group := range f.listeners {
		for _, l := range group {
			i.Addrs[name] = append(i.Addrs[name], l.Addr())
		}
	}
	for _, h := range f.cfg.Hosts {
		i.Fingerprint[h.Name], i.SelfSigned[h.Name] = f.certs.Fingerprint(h.Name), f.certs.SelfSigned(h.Name)
	}
	if lobby := f.cfg.Rooms.PublicLobby; lobby != "" {
		i.Lobby = lobby + "@" + f.cfg.Hosts[0].Rooms
	}
	return i
}

func certNames(cfg *config.Config) (hosts []certs.Host, files []certs.Pair) {
	for _, h := range cfg.Hosts {
		hosts = append(hosts, certs.Host{Name: h.Name, Others: []string{h.Rooms}})
	}
	for _, p := range cfg.TLS.Files {
		files = append(files, certs.Pair{Cert: p.Certificate, Key: p.Key})
	}
	return hosts, files
}

// Reload implements control.Admin.
func (f *frame) Reload(ctx context.Context) (control.ReloadReport, error) {
	next, err := f.o.Load()
	if err != nil {
		return control.ReloadReport{}, &control.Error{Kind: control.Invalid, Text: fmt.Sprintf("the settings stay as they were: %v", err)}
	}
	apply, applied, restart := config.Reload(f.cfg, next)
	report := control.ReloadReport{Applied: applied, Restart: restart}
	hosts, files := certNames(apply)
	if err := f.certs.Reload(ctx, hosts, files); err != nil {
		report.Problems = append(report.Problems, err.Error())
	}
	f.o.Reloaded(apply)
	return report, nil
}

// Admin returns what an administrator can ask for.
func (f *frame) Admin() control.Admin { return f }

// Status implements control.Admin.
func (f *frame) Status(context.Context) (control.Status, error) {
	s := control.Status{Version: f.o.Version, PID: os.Getpid(), Started: f.started, Uptime: time.Since(f.started)}
	for _, h := range f.cfg.Hosts {
		s.Hosts = append(s.Hosts, h.Name)
	}
	return s, nil
}
