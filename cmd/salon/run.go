package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"salon.im/salon/certs"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/web"
)

// This file stands where package server will: the frame of a server without its streams.

// options is what serve hands to the server.
type options struct {
	Log     *slog.Logger
	Version string
	// Ready is called once, when every listener is open.
	Ready func(info)
	// Reload loads the settings again. ReloadSignal asks for that.
	Reload       func() (*config.Config, error)
	ReloadSignal <-chan os.Signal
}

// info is what a ready server tells of itself. Addresses are host:port, as they are in truth.
type info struct {
	C2S, Direct []string
	HTTP        string // "" is off
	Hosts       []hostInfo
}

// hostInfo is one host of info. Lobby is a room's address, "" for none.
type hostInfo struct {
	Name, Rooms, Lobby string
	Fingerprint        string
	SelfSigned         bool
}

// frame is a running server. It implements control.Admin.
type frame struct {
	*control.Users
	cfg     *config.Config
	o       options
	certs   *certs.Source
	started time.Time
	open    []io.Closer // closed in reverse
}

// runServer serves until ctx ends.
func runServer(ctx context.Context, cfg *config.Config, o options) (err error) {
	f := &frame{cfg: cfg, o: o, started: time.Now()}
	defer func() {
		for len(f.open) > 0 {
			last := len(f.open) - 1
			err = errors.Join(err, f.open[last].Close())
			f.open = f.open[:last]
		}
	}()
	lock, err := control.MakeAndLock(cfg.Data, "salon serve")
	if err != nil {
		return err
	}
	f.open = append(f.open, closer(lock.Release))
	store, err := sqlite.Open(ctx, sqlite.Options{Path: cfg.SQLitePath()})
	if err != nil {
		return err
	}
	f.open = append(f.open, store)
	f.Users = control.NewUsers(usersOptions(cfg, store))
	hosts, files := certNames(cfg)
	f.certs, err = certs.Open(ctx, certs.Options{Dir: filepath.Join(cfg.Data, "certs"), Hosts: hosts, Files: files, Log: o.Log})
	if err != nil {
		return err
	}
	i, httpListener, err := f.listen(ctx)
	if err != nil {
		return err
	}
	socket, err := control.Listen(cfg.Data)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return control.Serve(ctx, socket, f, o.Log) })
	if httpListener != nil {
		h := web.New(web.Options{Ready: []web.Check{{Name: "storage", Run: store.Ping}}, Loopback: loopback(httpListener)})
		group.Go(func() error { return web.Serve(ctx, httpListener, h, o.Log) })
	}
	group.Go(func() error { return f.reloadOnSignal(ctx) })
	o.Ready(i)
	return group.Wait()
}

type closer func() error

func (c closer) Close() error { return c() }

// listen opens every listener of the settings.
func (f *frame) listen(ctx context.Context) (i info, http net.Listener, err error) {
	i.C2S, err = f.listenAll(ctx, f.cfg.C2SAddrs(), len(f.cfg.Listen.C2S) == 0)
	if err == nil {
		i.Direct, err = f.listenAll(ctx, f.cfg.C2SDirectAddrs(), len(f.cfg.Listen.C2SDirect) == 0)
	}
	if err == nil && f.cfg.Listen.HTTP != "" {
		http, err = net.Listen("tcp", f.cfg.Listen.HTTP)
		if err == nil {
			i.HTTP = http.Addr().String()
		}
	}
	for _, h := range f.cfg.Hosts {
		hi := hostInfo{Name: h.Name, Rooms: h.Rooms, Fingerprint: f.certs.Fingerprint(h.Name), SelfSigned: f.certs.SelfSigned(h.Name)}
		if lobby := f.cfg.Rooms.PublicLobby; lobby != "" {
			hi.Lobby = lobby + "@" + h.Rooms
		}
		i.Hosts = append(i.Hosts, hi)
	}
	return i, http, err
}

// listenAll opens listeners. Of derived addresses one is enough: a machine may have no IPv6.
func (f *frame) listenAll(ctx context.Context, addrs []string, derived bool) (bound []string, err error) {
	var lc net.ListenConfig
	for _, addr := range addrs {
		l, failed := lc.Listen(ctx, "tcp", addr)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		f.open = append(f.open, l)
		bound = append(bound, l.Addr().String())
	}
	if derived && len(bound) > 0 && !errors.Is(err, syscall.EADDRINUSE) {
		return bound, nil
	}
	return bound, err
}

func loopback(l net.Listener) bool {
	at, ok := l.Addr().(*net.TCPAddr)
	return ok && at.IP.IsLoopback()
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

func (f *frame) reloadOnSignal(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.o.ReloadSignal:
			report, err := f.Reload(ctx)
			f.o.Log.Info("reloaded", "applied", report.Applied, "restart", report.Restart, "problems", report.Problems, "error", err)
		}
	}
}

// Reload implements control.Admin.
func (f *frame) Reload(ctx context.Context) (control.ReloadReport, error) {
	next, err := f.o.Reload()
	if err != nil {
		return control.ReloadReport{}, &control.Error{Kind: control.Invalid, Text: fmt.Sprintf("the settings stay as they were: %v", err)}
	}
	apply, applied, restart := config.Reload(f.cfg, next)
	report := control.ReloadReport{Applied: applied, Restart: restart}
	hosts, files := certNames(apply)
	if err := f.certs.Reload(ctx, hosts, files); err != nil {
		report.Problems = append(report.Problems, err.Error())
	}
	return report, nil
}

// Status implements control.Admin.
func (f *frame) Status(context.Context) (control.Status, error) {
	s := control.Status{Version: f.o.Version, PID: os.Getpid(), Started: f.started, Uptime: time.Since(f.started)}
	for _, h := range f.cfg.Hosts {
		s.Hosts = append(s.Hosts, h.Name)
	}
	return s, nil
}
