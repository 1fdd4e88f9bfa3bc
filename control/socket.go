package control

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// maxSocketPath is what fits into a socket's address on every unix, its final zero included.
const maxSocketPath = 104

// Listen opens the control socket in a data directory, mode 0600, in place of one that a dead server left. The caller
// holds the directory's Lock. Connections of other users than ours and root are closed at once.
func Listen(dir string) (net.Listener, error) {
	path := filepath.Join(dir, SocketName)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("control: remove an old socket: %w", err)
	}
	short, done, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control: listen on %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false) // short may be gone by then
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("control: %w", err)
	}
	return &listener{l, path}, nil
}

// listener removes its socket at the end, and lets in none but our own user and root.
type listener struct {
	*net.UnixListener
	path string
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if trusted(conn) {
			return conn, nil
		}
		_ = conn.Close()
	}
}

func (l *listener) Close() error {
	err := l.UnixListener.Close()
	if err == nil {
		_ = os.Remove(l.path) // gone with its directory, perhaps
	}
	return err
}

// dial connects to the control socket of a data directory.
func dial(ctx context.Context, dir string) (net.Conn, error) {
	short, done, err := shorten(filepath.Join(dir, SocketName))
	if err != nil {
		return nil, err
	}
	defer done()
	var d net.Dialer
	return d.DialContext(ctx, "unix", short)
}

// shorten returns another path to the same file that fits into a socket's address, for as long as done is not called.
func shorten(path string) (short string, done func(), err error) {
	if len(path) < maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	for _, root := range []string{"/proc/self/fd", "/dev/fd"} {
		short = filepath.Join(root, fmt.Sprint(dir.Fd()))
		if info, err := os.Stat(short + "/."); err == nil && info.IsDir() {
			return short + "/" + filepath.Base(path), func() { _ = dir.Close() }, nil
		}
	}
	_ = dir.Close()
	return "", nil, fmt.Errorf("control: the path %s… is too long for a socket: choose a shorter one with --data", strings.TrimSpace(path[:40]))
}
