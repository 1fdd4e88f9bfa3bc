package certs_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"salon.im/salon/certs"
)

var day = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

func host(name string) certs.Host {
	return certs.Host{Name: name, Others: []string{"conference." + name}}
}

// open opens a source at the time `at` and returns what it logged.
func open(t *testing.T, dir string, at time.Time, files []certs.Pair, hosts ...certs.Host) (*certs.Source, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	s, err := certs.Open(t.Context(), certs.Options{
		Dir: dir, Hosts: hosts, Files: files, Now: func() time.Time { return at },
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, &log
}

// pair writes a certificate file for the names, good until the end.
func pair(t *testing.T, end time.Time, names ...string) certs.Pair {
	t.Helper()
	dir := t.TempDir()
	p := certs.Pair{Cert: filepath.Join(dir, "chain.pem"), Key: filepath.Join(dir, "key.pem")}
	write(t, p, end, names...)
	return p
}

func write(t *testing.T, p certs.Pair, end time.Time, names ...string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: day.Add(-time.Hour), NotAfter: end, DNSNames: names}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, p.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	put(t, p.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSelfSignedCovers(t *testing.T) {
	for _, c := range []struct {
		host certs.Host
		file string
		want []string // each must be covered
	}{
		{host("localhost"), "localhost.pem", []string{"localhost", "conference.localhost"}},
		{host("Chat.LAN."), "chat.lan.pem", []string{"chat.lan", "conference.chat.lan"}},
		{host("büro.example"), "xn--bro-hoa.example.pem", []string{"xn--bro-hoa.example", "conference.xn--bro-hoa.example"}},
		{certs.Host{Name: "192.0.2.7", Others: []string{"rooms.test"}}, "192.0.2.7.pem", []string{"192.0.2.7", "rooms.test"}},
		{certs.Host{Name: "[2001:db8::1]"}, "2001_db8__1.pem", []string{"2001:db8::1"}},
		{certs.Host{Name: "../../x"}, ".._.._x.pem", []string{}},
		{certs.Host{Name: strings.Repeat("a", 60) + ".example"}, strings.Repeat("a", 60) + ".example.pem", []string{strings.Repeat("a", 60) + ".example"}},
	} {
		t.Run(c.host.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "certs")
			s, _ := open(t, dir, day, nil, c.host)
			leaf := s.Certificate("", c.host.Name)
			for _, name := range c.want {
				if err := leaf.VerifyHostname(name); err != nil {
					t.Error(err)
				}
			}
			if got := leaf.NotBefore; !got.Equal(day.Add(-24 * time.Hour)) {
				t.Errorf("not before %v", got)
			}
			if got := leaf.NotAfter; got.Before(day.AddDate(9, 11, 0)) {
				t.Errorf("not after %v", got)
			}
			if leaf.IsCA || !s.SelfSigned(c.host.Name) {
				t.Error("want a self-signed certificate that is no authority")
			}
			roots := x509.NewCertPool()
			roots.AddCert(leaf)
			for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
				_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: day, KeyUsages: []x509.ExtKeyUsage{usage}})
				if err != nil {
					t.Errorf("usage %v: %v", usage, err)
				}
			}
			for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, c.file): 0o600} {
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
					t.Errorf("%s: %v %v, want mode %v", path, info, err, mode)
				}
			}
		})
	}
}

func TestSelfSignedIsKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.test.pem")
	first, _ := open(t, dir, day, nil, host("a.test"))
	for _, c := range []struct {
		name  string
		spoil func()
		at    time.Time
		host  certs.Host
		same  bool
		log   string
	}{
		{"next start", func() {}, day.AddDate(1, 0, 0), host("a.test"), true, ""},
		{"mode repaired", func() { _ = os.Chmod(path, 0o644) }, day, host("a.test"), true, ""},
		{"rooms renamed", func() {}, day, certs.Host{Name: "a.test", Others: []string{"rooms.a.test"}}, false, "is for a.test, conference.a.test"},
		{"nearly expired", func() {}, day.AddDate(9, 11, 10), host("a.test"), false, "ends on 2040-04"},
		{"not yet", func() {}, day.AddDate(9, 10, 0), host("a.test"), true, ""},
		{"cut short", func() { put(t, path, []byte("-----BEGIN")) }, day, host("a.test"), false, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() { // back to the first one
				first, _ = open(t, dir, day, nil, host("a.test"))
			}()
			before := first.Fingerprint("a.test")
			c.spoil()
			s, log := open(t, dir, c.at, nil, c.host)
			if same := s.Fingerprint("a.test") == before; same != c.same {
				t.Errorf("same certificate: %v, want %v", same, c.same)
			}
			if c.log == "" && log.Len() > 0 || !strings.Contains(log.String(), c.log) {
				t.Errorf("log %q, want %q", log, c.log)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v %v", info, err)
			}
		})
	}
}

func TestFingerprintForm(t *testing.T) {
	s, _ := open(t, t.TempDir(), day, nil, host("a.test"))
	sum := sha256.Sum256(s.Certificate("", "a.test").Raw)
	if got := s.Fingerprint("a.test"); len(got) != 95 || !strings.EqualFold(strings.ReplaceAll(got, ":", ""), hex.EncodeToString(sum[:])) {
		t.Errorf("fingerprint %q", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	good, other := pair(t, day.AddDate(1, 0, 0), "a.test"), pair(t, day.AddDate(1, 0, 0), "elsewhere.test")
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, nil)
	for _, c := range []struct {
		name string
		o    certs.Options
		want string
	}{
		{"no host", certs.Options{}, "no host"},
		{"a file as directory", certs.Options{Dir: file, Hosts: []certs.Host{host("a.test")}}, "directory"},
		{"no such file", certs.Options{Files: []certs.Pair{{Cert: "/nowhere.pem", Key: good.Key}}, Hosts: []certs.Host{host("a.test")}}, "/nowhere.pem"},
		{"key of another", certs.Options{Files: []certs.Pair{{Cert: good.Cert, Key: other.Key}}, Hosts: []certs.Host{host("a.test")}}, "private key does not match"},
		{"names of another", certs.Options{Files: []certs.Pair{other}, Hosts: []certs.Host{host("a.test")}}, "is for elsewhere.test, none of which is served"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Dir == "" {
				c.o.Dir = t.TempDir()
			}
			if _, err := certs.Open(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestFilesGoFirst(t *testing.T) {
	files := []certs.Pair{pair(t, day.AddDate(1, 0, 0), "a.test"), pair(t, day.AddDate(1, 0, 0), "*.a.test", "a.test")}
	s, _ := open(t, t.TempDir(), day, files, host("a.test"), host("b.test"))
	for name, want := range map[string]struct {
		self bool
		dns  string
	}{
		"a.test":            {false, "a.test"},
		"A.TEST.":           {false, "a.test"},
		"conference.a.test": {false, "*.a.test"},
		"b.test":            {true, "b.test"},
		"conference.b.test": {true, "b.test"},
		"unknown.test":      {false, "a.test"}, // the default host's
	} {
		if s.SelfSigned(name) != want.self || s.Certificate("", name).DNSNames[0] != want.dns {
			t.Errorf("%s: self-signed %v, %v", name, s.SelfSigned(name), s.Certificate("", name).DNSNames)
		}
	}
}

func TestExpiredFileServesAtStart(t *testing.T) {
	files := []certs.Pair{pair(t, day.Add(-time.Minute), "a.test")}
	s, log := open(t, t.TempDir(), day, files, host("a.test"))
	if s.SelfSigned("a.test") || !strings.Contains(log.String(), "has expired") {
		t.Errorf("self-signed %v, log %q", s.SelfSigned("a.test"), log)
	}
}

func TestReload(t *testing.T) {
	next := day.AddDate(1, 0, 0)
	for _, c := range []struct {
		name    string
		change  func(a certs.Pair)
		swapped bool
		err     string
	}{
		{"renewed", func(a certs.Pair) { write(t, a, next, "a.test") }, true, ""},
		{"unchanged", func(certs.Pair) {}, false, ""},
		{"key of another", func(a certs.Pair) { put(t, a.Key, mustRead(t, pair(t, next, "a.test").Key)) }, false, "does not match"},
		{"expired", func(a certs.Pair) { write(t, a, day.Add(-time.Second), "a.test") }, false, "expired on 2030-05-01"},
		{"covers no host", func(a certs.Pair) { write(t, a, next, "c.test") }, false, "is for c.test"},
		{"no name", func(a certs.Pair) { write(t, a, next) }, false, "no name at all"},
		{"gone", func(a certs.Pair) { _ = os.Remove(a.Cert) }, false, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := pair(t, next, "a.test"), pair(t, next, "b.test")
			files, hosts := []certs.Pair{a, b}, []certs.Host{host("a.test"), host("b.test")}
			s, _ := open(t, t.TempDir(), day, files, hosts...)
			beforeA, beforeB := s.Fingerprint("a.test"), s.Fingerprint("b.test")
			c.change(a)
			write(t, b, next, "b.test")
			err := s.Reload(t.Context(), hosts, files)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%v, want %q", err, c.err)
			}
			if s.SelfSigned("a.test") || (s.Fingerprint("a.test") != beforeA) != c.swapped {
				t.Error("a.test has the wrong certificate")
			}
			if s.Fingerprint("b.test") == beforeB {
				t.Error("one bad pair held up the other")
			}
		})
	}
}

// Check names every bad pair, and finds what Open would refuse or complain of.
func TestCheck(t *testing.T) {
	good, other := pair(t, time.Now().AddDate(1, 0, 0), "a.test"), pair(t, time.Now().AddDate(1, 0, 0), "elsewhere.test")
	late, gone := pair(t, time.Now().AddDate(0, 0, -1), "a.test"), certs.Pair{Cert: "/nowhere.pem", Key: good.Key}
	hosts := []certs.Host{host("a.test")}
	if err := certs.Check(hosts, []certs.Pair{good}); err != nil {
		t.Error(err)
	}
	err := fmt.Sprint(certs.Check(hosts, []certs.Pair{gone, good, other, late}))
	for _, want := range []string{"/nowhere.pem: no such file or directory: check tls.files\n", "is for elsewhere.test", "expired on "} {
		if !strings.Contains(err, want) {
			t.Errorf("got %s, want %q", err, want)
		}
	}
}

func TestReloadOfANewBadPairChangesNothing(t *testing.T) {
	s, _ := open(t, t.TempDir(), day, nil, host("a.test"))
	before := s.Fingerprint("a.test")
	bad := []certs.Pair{pair(t, day.Add(-time.Hour), "a.test")}
	if err := s.Reload(t.Context(), []certs.Host{host("a.test")}, bad); err == nil || s.Fingerprint("a.test") != before {
		t.Error(err, s.Fingerprint("a.test"))
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// pipe returns the two ends of a connection that closes with the test. It is a real one, since both ends of a handshake
// may write at once.
func pipe(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	return client, server
}
