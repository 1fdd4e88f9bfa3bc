package xmpptest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/server"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// Host is the domain of a test server's users; its rooms are at conference.example.test.
const Host = "example.test"

// patience is how long a test waits for what must come: long enough for a loaded machine, and only spent on failure.
const patience = 20 * time.Second

// Server is a Salon of one test, on loopback ports of its own.
type Server struct {
	*server.Server
	T   testing.TB
	Cfg *config.Config

	over  Transport // of its clients
	mu    sync.Mutex
	users map[wire.Addr]bool
	stop  context.CancelFunc
	done  chan error
}

// Start starts a server that ends with the test. edit may change its settings. Its clients come over STARTTLS.
func Start(t testing.TB, edit ...func(*config.Config)) *Server {
	t.Helper()
	return StartOver(t, STARTTLS, edit...)
}

// StartOver is Start for clients that come over a transport.
func StartOver(t testing.TB, over Transport, edit ...func(*config.Config)) *Server {
	t.Helper()
	cfg := settingsOf(t, edit)
	cfg.TLS.Require = cfg.TLS.Require && over != Clear
	s := &Server{T: t, Cfg: cfg, over: over, users: map[wire.Addr]bool{}}
	s.start()
	t.Cleanup(s.Stop)
	return s
}

// Backend is the environment variable that says which database the servers of tests have: "postgres", or SQLite by default.
const Backend = "SALON_TEST_BACKEND"

// settingsOf returns a test server's settings.
func settingsOf(t testing.TB, edit []func(*config.Config)) *config.Config {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Hosts = []config.Host{{Name: Host, Rooms: "conference." + Host}}
	cfg.Listen = config.Listen{C2S: []string{"127.0.0.1:0"}, C2SDirect: []string{"127.0.0.1:0"}}
	cfg.Auth.Iterations = 4096
	if os.Getenv(Backend) == "postgres" {
		cfg.Storage.URL = config.StorageURL(pgtest.URL(t))
	}
	for _, f := range edit {
		f(cfg)
	}
	return cfg
}

func (s *Server) start() {
	s.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	srv, err := server.New(ctx, s.Cfg, server.Options{Version: "test", Synchronous: sqlite.Off,
		Log: slog.New(slog.NewTextHandler(testWriter{s.T}, &slog.HandlerOptions{Level: slog.LevelInfo}))})
	if err != nil {
		cancel()
		s.T.Fatalf("start: %v", err)
	}
	s.Server, s.stop, s.done = srv, cancel, make(chan error, 1)
	go func() { s.done <- srv.Serve(ctx) }()
}

// Stop shuts the server down and reports how.
func (s *Server) Stop() { s.stopping(func() {}) }

// stopping stops the server, and runs f while it stops.
func (s *Server) stopping(f func()) {
	if s.stop == nil {
		return
	}
	s.stop()
	s.stop = nil
	f()
	if err := <-s.done; err != nil {
		s.T.Errorf("shutdown: %v", err)
	}
}

// Restart stops the server and starts another on the same data.
func (s *Server) Restart() {
	s.T.Helper()
	s.Stop()
	s.start()
}

// Addr returns the address of a listener: "c2s" or "c2s direct".
func (s *Server) Addr(name string) net.Addr { return s.Info().Addrs[name][0] }

// Password is the password of an account that Dial or AddUser made.
func Password(bare wire.Addr) string { return "secret of " + bare.Local() }

// AddUser makes an account, unless this test has it already.
func (s *Server) AddUser(bare wire.Addr) {
	s.T.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[bare] {
		return
	}
	if err := s.Admin().AddUser(context.Background(), bare, Password(bare)); err != nil {
		s.T.Fatalf("add %s: %v", bare, err)
	}
	s.users[bare] = true
}

// Known says that an account is there, from an earlier server on the same database.
func (s *Server) Known(bare wire.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[bare] = true
}

// Gone waits until a session has left the router's table.
func (s *Server) Gone(full wire.Addr) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); s.Router().Resource(full) != nil; <-tick.C {
		if time.Now().After(deadline) {
			return fmt.Errorf("the server keeps the session of %s", full)
		}
	}
	return nil
}

// testWriter logs into the test.
type testWriter struct{ t testing.TB }

// Write implements io.Writer.
func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}
