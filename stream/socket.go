package stream

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// socket is the connection under TLS. While a stream is negotiated its writes block like any other; once an Outbox
// drives it, a write takes what the kernel takes at once and keeps the rest for drain. So crypto/tls, which cannot resume
// a record after a failed write, never sees a partial one.
type socket struct {
	net.Conn
	raw syscall.RawConn // nil when the connection is no file: then every write waits for drain

	mu       sync.Mutex // a leaf; guards what follows
	eager    bool       // never wait in Write
	pending  []byte     // accepted by Write, not yet by the kernel
	draining bool
	err      error

	// Arguments and results of the raw write, here because a closure for each write would be allocated.
	out   []byte
	n     int
	errno error
	try   func(fd uintptr) bool
}

func newSocket(c net.Conn) *socket {
	s := &socket{Conn: c}
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw = raw
		}
	}
	s.try = func(fd uintptr) bool {
		for {
			s.n, s.errno = syscall.Write(int(fd), s.out)
			if s.errno != syscall.EINTR {
				return true // true even for EAGAIN: never wait here
			}
		}
	}
	return s
}

// setEager switches to writes that never wait.
func (s *socket) setEager() {
	s.mu.Lock()
	s.eager = true
	s.mu.Unlock()
}

// Write implements net.Conn; crypto/tls calls it with whole records.
func (s *socket) Write(b []byte) (int, error) {
	s.mu.Lock()
	if !s.eager {
		s.mu.Unlock()
		return s.Conn.Write(b)
	}
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n := 0
	// While drain waits it holds the descriptor, and its bytes come first.
	if s.raw != nil && len(s.pending) == 0 && !s.draining {
		var err error
		if n, err = s.writeNow(b); err != nil {
			s.err = err
			return n, err
		}
	}
	s.pending = append(s.pending, b[n:]...)
	return len(b), nil
}

// writeNow gives the kernel what it takes without waiting.
func (s *socket) writeNow(b []byte) (int, error) {
	s.out = b
	err := s.raw.Write(s.try)
	s.out = nil
	n := max(s.n, 0)
	switch {
	case err != nil:
		return 0, err
	case s.errno == nil, errors.Is(s.errno, syscall.EAGAIN):
		return n, nil
	}
	return n, s.errno
}

// closeWrite closes our half of the connection, and reports whether there are halves.
func (s *socket) closeWrite() bool {
	c, ok := s.Conn.(interface{ CloseWrite() error })
	return ok && c.CloseWrite() == nil
}

// stalled reports whether bytes wait for the kernel, and claims the task of draining them: the caller that is told true
// must call drain.
func (s *socket) stalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 || s.draining {
		return false
	}
	s.draining = true
	return true
}

// drain waits until the kernel took all pending bytes, or timeout without progress, which closes the connection.
func (s *socket) drain(timeout time.Duration) error {
	for {
		s.mu.Lock()
		b := s.pending
		s.pending = nil
		if len(b) == 0 || s.err != nil {
			s.draining = false
			err := s.err
			s.mu.Unlock()
			return err
		}
		s.mu.Unlock()
		if err := s.writeAll(b, timeout); err != nil {
			s.mu.Lock()
			s.err, s.draining = err, false
			s.mu.Unlock()
			s.Conn.Close()
			return err
		}
	}
}

// writeAll waits for the kernel, at most timeout for each piece of 16 KiB.
func (s *socket) writeAll(b []byte, timeout time.Duration) error {
	for len(b) > 0 {
		if err := s.Conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return err
		}
		n, err := s.Conn.Write(b[:min(len(b), 16<<10)])
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return s.Conn.SetWriteDeadline(time.Time{})
}
