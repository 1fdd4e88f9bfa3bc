package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"

	"salon.im/salon/certs"
	"salon.im/salon/config"
	"salon.im/salon/web"
)

// listener is an open port and what answers on it.
type listener struct {
	net.Listener
	name  string
	serve func() error
}

// listen opens every port.
func (s *Server) listen(cfg *config.Config) error {
	direct := func(l net.Listener) error { return s.c2s.Serve(l, true) }
	plain := func(l net.Listener) error { return s.c2s.Serve(l, false) }
	if err := s.listenAll("c2s", cfg.C2SAddrs(), len(cfg.Listen.C2S) == 0, plain); err != nil {
		return err
	}
	if err := s.listenAll("c2s direct", cfg.C2SDirectAddrs(), len(cfg.Listen.C2SDirect) == 0, direct); err != nil {
		return err
	}
	if cfg.Listen.HTTP == "" {
		return nil
	}
	h := web.New(web.Options{Metrics: s.metrics, Ready: s.checks(), Loopback: isLoopback(cfg.Listen.HTTP)})
	return s.listenAll("http", []string{cfg.Listen.HTTP}, false, func(l net.Listener) error {
		return web.Serve(context.Background(), l, h, s.o.Log)
	})
}

// listenAll opens the addresses of one listener. Where they are derived, an address family that the machine does not
// have is left out, as long as one address remains.
func (s *Server) listenAll(name string, addrs []string, derived bool, serve func(net.Listener) error) error {
	var last error
	opened := 0
	for _, a := range addrs {
		l, err := net.Listen("tcp", a)
		if err != nil && derived && familyMissing(err) {
			last = err
			continue
		}
		if err != nil {
			return listenError(name, a, err)
		}
		opened++
		s.listeners = append(s.listeners, listener{Listener: l, name: name, serve: func() error { return serve(l) }})
	}
	if opened == 0 && last != nil {
		return listenError(name, addrs[0], last)
	}
	return nil
}

func familyMissing(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// listenError names the port and the remedy.
func listenError(name, addr string, err error) error {
	key := "listen." + strings.ReplaceAll(name, " ", "_")
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken by another program (another Salon?): stop it, or choose another port with %s in the configuration", addr, key)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s may not be opened by this user: choose a port above 1023 with %s, or allow it (CAP_NET_BIND_SERVICE)", addr, key)
	}
	return fmt.Errorf("cannot listen on %s (%s): %w", addr, key, err)
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// certOptions says which names need certificates, and which files there are.
func certOptions(cfg *config.Config, acme certs.ACME, log *slog.Logger) certs.Options {
	hosts, files := certNames(cfg)
	return certs.Options{Dir: cfg.Data + "/certs", Hosts: hosts, Files: files, ACME: acme, Log: log}
}

// CheckCertificates says what is wrong with the certificate files of the settings, without a server. Any goroutine may call it.
func CheckCertificates(cfg *config.Config) error { return certs.Check(certNames(cfg)) }

func certNames(cfg *config.Config) (hosts []certs.Host, files []certs.Pair) {
	for _, h := range cfg.Hosts {
		ca, email := cfg.Authority(h)
		hosts = append(hosts, certs.Host{Name: h.Name, Others: []string{h.Rooms}, CA: ca, Email: email})
	}
	for _, f := range cfg.TLS.Files {
		files = append(files, certs.Pair{Cert: f.Certificate, Key: f.Key})
	}
	return hosts, files
}
