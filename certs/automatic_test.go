package certs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"salon.im/salon/certs"
)

// issued tells a test which names got a certificate, from the log.
type issued struct {
	slog.Handler
	names chan string
}

func newIssued() issued { return issued{slog.DiscardHandler, make(chan string, 100)} }

func (issued) Enabled(context.Context, slog.Level) bool { return true }

func (h issued) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "certificate issued" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "name" {
				h.names <- a.Value.String()
			}
			return true
		})
	}
	return nil
}

// openAutomatic opens a source and returns what begins its work; the test's end stops that.
func openAutomatic(t *testing.T, a *authority, o certs.Options) (s *certs.Source, log issued, run func()) {
	t.Helper()
	log = newIssued()
	o.Log = slog.New(log)
	if o.ACME == (certs.ACME{}) {
		o.ACME = a.acme
	}
	s, err := certs.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s, log, func() {
		ctx, stop := context.WithCancel(context.Background())
		var work sync.WaitGroup
		work.Go(func() { s.Run(ctx) })
		t.Cleanup(func() { stop(); work.Wait() })
	}
}

// await waits until each of the names has been issued a certificate.
func (h issued) await(t *testing.T, names ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, name := range names {
		missing[name] = true
	}
	deadline := time.After(30 * time.Second)
	for len(missing) > 0 {
		select {
		case name := <-h.names:
			delete(missing, name)
		case <-deadline:
			t.Fatalf("no certificate for %v", missing)
		}
	}
}

func status(t *testing.T, s *certs.Source, name string) certs.Status {
	t.Helper()
	for _, st := range s.List() {
		if st.Name == name {
			return st
		}
	}
	t.Fatalf("%s is not listed", name)
	return certs.Status{}
}

func TestIssue(t *testing.T) {
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run(challenge, func(t *testing.T) {
			a := newAuthority(t)
			only := a.acme
			if challenge == "http-01" {
				only.TLSPort = 0
			} else {
				only.HTTPPort = 0
			}
			dir := filepath.Join(t.TempDir(), "certs")
			s, log, run := openAutomatic(t, a, certs.Options{Dir: dir, Hosts: []certs.Host{a.host(a.one), host(a.other)}, ACME: only})
			if !s.SelfSigned(a.one) {
				t.Error("want a self-signed certificate before the authority was asked")
			}
			run()
			log.await(t, a.one, a.rooms)
			for _, name := range []string{a.one, a.rooms} {
				if err := a.verify(t, s, name); err != nil {
					t.Error(err)
				}
				st := status(t, s, name)
				if left := st.Ends.Sub(st.Next); st.Origin != certs.OriginAutomatic || left < 20*24*time.Hour || time.Until(st.Next) < 24*time.Hour {
					t.Errorf("%+v: want it renewed when a third of its life is left", st)
				}
			}
			if s.SelfSigned(a.one) || !s.SelfSigned(a.other) || s.Counts.Issued.Load() != 2 || s.Counts.Failed.Load() != 0 {
				t.Errorf("%+v", s.List())
			}
			private(t, dir)
		})
	}
}

// private checks that nobody else can read what is below dir.
func private(t *testing.T, dir string) {
	t.Helper()
	keys := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if strings.HasSuffix(path, ".key") {
			keys++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || keys == 0 {
		t.Error(err, keys, "keys")
	}
}

// A renewed certificate is for new handshakes; whoever is connected stays so.
func TestRenewKeepsStreams(t *testing.T) {
	a := newAuthority(t)
	s, log, run := openAutomatic(t, a, certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one)}})
	run()
	log.await(t, a.one, a.rooms)
	before := s.Fingerprint(a.one)
	c, p := net.Pipe()
	server := tls.Server(p, s.TLSConfigFor(a.one))
	go func() { // an echo, which ends with the pipe
		buf := make([]byte, 1)
		for {
			if _, err := server.Read(buf); err != nil {
				return
			}
			if _, err := server.Write(buf); err != nil {
				return
			}
		}
	}()
	client := tls.Client(c, &tls.Config{ServerName: a.one, RootCAs: a.roots})
	t.Cleanup(func() { _, _ = c.Close(), p.Close() })
	echo := func() {
		t.Helper()
		buf := make([]byte, 1)
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Read(buf); err != nil || buf[0] != 'x' {
			t.Fatal(err, buf)
		}
	}
	echo()
	if err := s.Renew(t.Context(), a.one); err != nil {
		t.Fatal(err)
	}
	echo()
	if after := s.Fingerprint(a.one); after == before {
		t.Error("the certificate is still the one before")
	}
	if err := a.verify(t, s, a.one); err != nil {
		t.Error(err)
	}
	if err := s.Renew(t.Context(), a.other); !errors.Is(err, certs.ErrNotAutomatic) {
		t.Error(err)
	}
}

func TestFailureKeepsTheOldOne(t *testing.T) {
	a := newAuthority(t)
	s, log, run := openAutomatic(t, a, certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one)}})
	run()
	log.await(t, a.one, a.rooms)
	before := s.Fingerprint(a.one)
	a.away.Store(true)
	if err := s.Renew(t.Context(), a.one); err == nil {
		t.Fatal("renewed by an authority that is away")
	}
	st := status(t, s, a.one)
	if st.Failures != 1 || !strings.Contains(st.Error, "503") || s.Counts.Failed.Load() != 1 || s.Fingerprint(a.one) != before {
		t.Errorf("%+v", st)
	}
	if err := a.verify(t, s, a.one); err != nil {
		t.Error(err)
	}
	a.away.Store(false)
	if err := s.Renew(t.Context(), a.one); err != nil {
		t.Fatal(err)
	}
	if st := status(t, s, a.one); st.Failures != 0 || st.Error != "" || s.Fingerprint(a.one) == before {
		t.Errorf("%+v", st)
	}
}

// RFC 8555 §8: a name that the authority cannot see fails, and delays no other.
func TestFailingNameBlocksNoOther(t *testing.T) {
	a := newAuthority(t)
	a.unreachable.Store(a.one, true)
	s, log, run := openAutomatic(t, a, certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one), a.host(a.other)}})
	run()
	log.await(t, a.rooms, a.other, "conference."+a.other)
	if err := s.Renew(t.Context(), a.one); err == nil {
		t.Error("issued for a name that leads nowhere")
	}
	st := status(t, s, a.one)
	if wait := time.Until(st.Next); st.Origin != certs.OriginSelfSigned || st.Failures == 0 || wait < 25*time.Minute || wait > 2*time.Hour {
		t.Errorf("%+v", st)
	}
}

func TestRestartUsesTheStoredOne(t *testing.T) {
	a := newAuthority(t)
	o := certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one)}}
	first, log, run := openAutomatic(t, a, o)
	run()
	log.await(t, a.one, a.rooms)
	a.away.Store(true)
	second, _, _ := openAutomatic(t, a, o)
	if second.Fingerprint(a.one) != first.Fingerprint(a.one) || status(t, second, a.one).Origin != certs.OriginAutomatic {
		t.Errorf("%+v", second.List())
	}
	if err := a.verify(t, second, a.rooms); err != nil {
		t.Error(err)
	}
}

func TestBrokenStoredOneIsReplaced(t *testing.T) {
	a := newAuthority(t)
	o := certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one)}}
	_, log, run := openAutomatic(t, a, o)
	run()
	log.await(t, a.one, a.rooms)
	stored, err := filepath.Glob(filepath.Join(o.Dir, "acme", "certificates", "*", a.one, a.one+".crt"))
	if err != nil || len(stored) != 1 {
		t.Fatal(stored, err)
	}
	if err := os.WriteFile(stored[0], []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, log, run := openAutomatic(t, a, o)
	if !s.SelfSigned(a.one) {
		t.Error("a broken certificate is in use")
	}
	run()
	log.await(t, a.one)
	if err := a.verify(t, s, a.one); err != nil {
		t.Error(err)
	}
}

// A file goes before an authority, which is not asked for the names that it covers.
func TestFileGoesFirst(t *testing.T) {
	a := newAuthority(t)
	file := pair(t, time.Now().AddDate(10, 0, 0), a.one)
	s, log, run := openAutomatic(t, a, certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one)}, Files: []certs.Pair{file}})
	run()
	log.await(t, a.rooms)
	st := status(t, s, a.one)
	if st.Origin != certs.OriginFile || !st.Next.IsZero() || a.orders.Load() != 1 {
		t.Errorf("%+v, %d orders", st, a.orders.Load())
	}
	if err := s.Renew(t.Context(), a.one); !errors.Is(err, certs.ErrNotAutomatic) {
		t.Error(err)
	}
	if err := s.Reload(t.Context(), []certs.Host{a.host(a.one)}, nil); err != nil { // the file is no longer wanted
		t.Fatal(err)
	}
	log.await(t, a.one)
}

// RFC 8737 §3: port 443 may be the one of our own direct TLS.
func TestChallengeOnDirectTLS(t *testing.T) {
	a := newAuthority(t)
	only := a.acme
	only.HTTPPort = 0
	s, log, run := openAutomatic(t, a, certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one)}, ACME: only})
	l, err := net.Listen("tcp", ":"+strconv.Itoa(only.TLSPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	config := s.TLSConfig("xmpp-client")
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = tls.Server(conn, config).HandshakeContext(t.Context()) // the authority tells
				_ = conn.Close()
			}()
		}
	}()
	run()
	log.await(t, a.one, a.rooms)
}

// Whoever pretends to be an authority while no challenge is under way learns nothing.
func TestNoChallengeUnderWay(t *testing.T) {
	a := newAuthority(t)
	s, _, _ := openAutomatic(t, a, certs.Options{Dir: t.TempDir(), Hosts: []certs.Host{a.host(a.one)}})
	_, err := shake(t, s.TLSConfig("xmpp-client"), &tls.Config{InsecureSkipVerify: true, ServerName: a.one, NextProtos: []string{"acme-tls/1"}})
	if err == nil {
		t.Error("answered")
	}
}

func TestRetryAfter(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: 30 * time.Minute, 2: time.Hour, 3: 2 * time.Hour, 5: 8 * time.Hour, 6: 12 * time.Hour, 1 << 30: 12 * time.Hour} {
		if got := certs.RetryAfter(failures); got != want {
			t.Errorf("after %d failures %v, want %v", failures, got, want)
		}
	}
}

func TestLocalNamesAreNotAskedFor(t *testing.T) {
	a := newAuthority(t)
	hosts := []certs.Host{a.host(a.one), {Name: "localhost", Others: []string{"conference.localhost", "192.0.2.1"}, CA: a.url, Email: "a@a.test"}}
	s, log, run := openAutomatic(t, a, certs.Options{Dir: t.TempDir(), Hosts: hosts})
	run()
	log.await(t, a.one, a.rooms)
	for _, name := range []string{"localhost", "conference.localhost", "192.0.2.1"} {
		if st := status(t, s, name); !st.Next.IsZero() || st.Origin != certs.OriginSelfSigned {
			t.Errorf("%+v", st)
		}
	}
}
