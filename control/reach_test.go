package control_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"salon.im/salon/control"
)

func TestLock(t *testing.T) {
	dir := t.TempDir()
	first, err := control.AcquireLock(dir, "salon serve")
	if err != nil {
		t.Fatal(err)
	}
	_, err = control.AcquireLock(dir, "salon user add")
	var held *control.HeldError
	if !errors.As(err, &held) || !strings.HasPrefix(held.Holder, fmt.Sprintf("process %d (salon serve) since 20", os.Getpid())) {
		t.Errorf("held: %v", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := control.AcquireLock(dir, "salon user add")
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, control.LockName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	if _, err := control.AcquireLock(filepath.Join(dir, "nowhere"), "x"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--data") {
		t.Error(err)
	}
}

func TestReachWithoutServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	h := newHouse(t)
	closed := false
	offline := func(context.Context) (control.Admin, func() error, error) {
		return control.Offline{Users: h.Users}, func() error { closed = true; return nil }, nil
	}
	a, done, err := control.Reach(t.Context(), dir, "salon user add", offline)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := a.(control.Offline); !ok {
		t.Errorf("%T", a)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info, err)
	}
	if _, err := control.AcquireLock(dir, "x"); err == nil {
		t.Error("the lock is free while the store is open")
	}
	if err := done(); err != nil || !closed {
		t.Error(err, closed)
	}
	fails := func(context.Context) (control.Admin, func() error, error) { return nil, nil, errors.New("too new") }
	if _, _, err := control.Reach(t.Context(), dir, "x", fails); err == nil || err.Error() != "too new" {
		t.Error(err)
	}
	if lock, err := control.AcquireLock(dir, "x"); err != nil {
		t.Error(err)
	} else if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func TestReachAServerThatStarts(t *testing.T) {
	dir := t.TempDir()
	h := newHouse(t)
	lock, err := control.AcquireLock(dir, "salon serve")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Release() }()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { // some time after Reach has met the lock, or before: both are well
		l, err := control.Listen(dir)
		if err == nil {
			err = control.Serve(ctx, l, server{h}, quiet)
		}
		ended <- err
	}()
	a, done, err := control.Reach(t.Context(), dir, "salon user add", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.AddUser(t.Context(), alice, "x"); err != nil {
		t.Error(err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestReachGivesUpWithItsContext(t *testing.T) {
	dir := t.TempDir()
	lock, err := control.AcquireLock(dir, "salon serve")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Release() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := control.Reach(ctx, dir, "x", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestListenReplacesADeadSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, control.SocketName)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	if _, err := control.NewClient(t.Context(), dir); !errors.Is(err, control.ErrNoServer) {
		t.Error(err)
	}
	l, err := control.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the socket is still there:", err)
	}
}

func TestHandlerRefuses(t *testing.T) {
	dir := t.TempDir()
	end := serve(t, dir, server{newHouse(t)})
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, control.SocketName))
	}}}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/users/add", "", 400},
		{"POST", "/users/add", "{}", 400},
		{"POST", "/users/add", `{"jid":"alice@a.test","password":"x","admin":true}`, 400},
		{"POST", "/users/add", `{"jid":"` + strings.Repeat("x", 20_000) + `"}`, 400},
		{"POST", "/users/passwd", `{"jid":"alice@a.test","password":"x"}`, 404},
		{"GET", "/users/add", "", 405},
		{"GET", "/users", "", 400},
		{"GET", "/users?limit=x", "", 400},
		{"GET", "/users?limit=5&after=@", "", 400},
		{"GET", "/users?limit=5", "", 200},
		{"GET", "/nothing", "", 404},
	} {
		r, err := http.NewRequest(c.method, "http://salon"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s %s %.40s: %d, want %d", c.method, c.path, c.body, resp.StatusCode, c.status)
		}
	}
	client.CloseIdleConnections()
	end()
}
