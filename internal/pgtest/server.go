package pgtest

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server has for what should take a moment.
const patience = 60 * time.Second

// Server is a private PostgreSQL server. Its methods are for one goroutine at a time.
type Server struct {
	// URL is that of a fresh, empty database, the same after Restart.
	URL string

	t        testing.TB
	dir      string
	settings []string
	cred     *syscall.Credential // of whom the server runs as; nil is us
	reaper   io.WriteCloser      // told the server's process id, removes everything when it is closed
	cmd      *exec.Cmd           // nil while the server is down
	done     chan struct{}       // closed once the server has ended
}

// StartServer starts a server of the test's own, which ends with the test. settings are "name=value", as in
// postgresql.conf. By default what is committed survives Kill but not the end of the machine: fsync is off.
func StartServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := newServer(settings)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	s.t = t
	t.Cleanup(s.remove)
	s.Restart()
	if err := create(s.url("postgres"), "salon"); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	s.URL = s.url("salon")
	return s
}

// newServer prepares the files of a server.
func newServer(settings []string) (*Server, error) {
	s := &Server{settings: settings}
	var err error
	if s.cred, err = unprivileged(); err != nil {
		return nil, err
	}
	initdb, err := tool("initdb")
	if err != nil {
		return nil, err
	}
	parent := os.TempDir()
	if len(parent) > 60 {
		parent = "/tmp" // a socket's path has 107 bytes at most, on some systems 103
	}
	if s.dir, err = os.MkdirTemp(parent, "salon-pg-"); err != nil {
		return nil, err
	}
	if err := errors.Join(s.startReaper(), os.Chmod(s.dir, 0o755), s.own(s.dir)); err != nil {
		return nil, err
	}
	cmd := s.command(initdb, "--pgdata="+s.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
		"--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", initdb, err, out)
	}
	return s, nil
}

// unprivileged says whom a server runs as: postgres refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: %w", err)
		}
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

func (s *Server) own(path string) error {
	if s.cred == nil {
		return nil
	}
	return os.Chown(path, int(s.cred.Uid), int(s.cred.Gid))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// command is one that runs as the server's user, out of reach of the terminal's signals.
func (s *Server) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.cred}
	return cmd
}

// url is that of a database of this server.
func (s *Server) url(name string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + name, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

// start starts the server and waits until it answers.
func (s *Server) start() error {
	postgres, err := tool("postgres")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", s.data()}
	for _, setting := range append([]string{"listen_addresses=", "unix_socket_directories=" + s.dir, "max_connections=400",
		"fsync=off", "full_page_writes=off", "jit=off", "timezone=Asia/Kathmandu", "log_timezone=UTC"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	cmd := s.command(postgres, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	s.cmd, s.done = cmd, done
	s.tellReaper()
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(done)
	}()
	return s.ready()
}

// ready waits until the server answers, which after Kill comes behind its recovery.
func (s *Server) ready() error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(patience)
	for {
		err := run(s.url("postgres"), "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("the server has ended:\n%s", s.tail())
		case <-tick.C:
		}
		if time.Now().After(end) {
			return fmt.Errorf("%w; the server's log:\n%s", err, s.tail())
		}
	}
}

// tail returns the end of the server's log.
func (s *Server) tail() string {
	log, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
