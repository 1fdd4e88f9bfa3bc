package certs_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"salon.im/salon/certs"
)

// want is a finding of which the text holds some words.
type want struct {
	name, check string
	verdict     certs.Verdict
	text        string
}

func TestDryRun(t *testing.T) {
	const ok, warning, failed = certs.VerdictOK, certs.VerdictWarning, certs.VerdictFailed
	taken := func(t *testing.T, port int) {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
	}
	for _, c := range []struct {
		name    string
		spoil   func(t *testing.T, a *authority, o *certs.Options, p *certs.Probe)
		failing int
		want    want
	}{
		{"all is well", nil, 0, want{"", "authority", ok, "can be reached"}},
		{"the clock agrees", nil, 0, want{"", "clock", ok, "agrees"}},
		{"the port is free", nil, 0, want{"", "port", ok, "http-01: port"}},
		{"the name leads here", nil, 0, want{"conference.a.test", "reach", ok, "tls-alpn-01: 127.0.0.1:443 leads to this server"}},
		{"no CAA record", nil, 0, want{"a.test", "caa", ok, "no CAA record"}},
		{"CAA allows", func(_ *testing.T, a *authority, _ *certs.Options, _ *certs.Probe) {
			a.caa.Store("a.test", "ca.test; x=y")
		}, 0,
			want{"conference.a.test", "caa", ok, "of a.test allow"}},
		{"CAA forbids", func(_ *testing.T, a *authority, _ *certs.Options, _ *certs.Probe) {
			a.caa.Store("a.test", "other.test")
		}, 2,
			want{"conference.a.test", "caa", failed, `add a.test. CAA 0 issue "ca.test"`}},
		{"CAA of the name goes before its parent's", func(_ *testing.T, a *authority, _ *certs.Options, _ *certs.Probe) {
			a.caa.Store("a.test", ";")
			a.caa.Store("conference.a.test", "CA.test")
		}, 1, want{"conference.a.test", "caa", ok, "of conference.a.test allow"}},
		{"no address", func(_ *testing.T, a *authority, _ *certs.Options, _ *certs.Probe) {
			a.unreachable.Store("conference.a.test", true)
		}, 1,
			want{"conference.a.test", "address", failed, "it leads nowhere"}},
		{"the authority is away", func(_ *testing.T, a *authority, _ *certs.Options, _ *certs.Probe) { a.away.Store(true) }, 1,
			want{"", "authority", failed, "503 Service Unavailable, and that is no ACME directory"}},
		{"nobody trusts the authority", func(_ *testing.T, _ *authority, o *certs.Options, _ *certs.Probe) { o.ACME.Roots = nil }, 1,
			want{"", "authority", failed, "it cannot be reached: "}},
		{"the clock is wrong", func(_ *testing.T, _ *authority, o *certs.Options, _ *certs.Probe) {
			o.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
		}, 1, want{"", "clock", failed, "off by -"}},
		{"a port is taken", func(t *testing.T, a *authority, _ *certs.Options, _ *certs.Probe) { taken(t, a.acme.HTTPPort) }, 1,
			want{"", "port", failed, "is taken by another program"}},
		{"the port is ours", func(t *testing.T, a *authority, _ *certs.Options, p *certs.Probe) {
			taken(t, a.acme.TLSPort)
			p.Served = []int{a.acme.TLSPort}
		}, 0, want{"", "port", ok, "our own direct TLS"}},
		{"not forwarded", func(t *testing.T, _ *authority, o *certs.Options, _ *certs.Probe) { o.ACME.TLSPort = freePort(t) }, 0,
			want{"a.test", "reach", warning, "nobody answers at 127.0.0.1:443"}},
		{"forwarded elsewhere", func(t *testing.T, a *authority, o *certs.Options, _ *certs.Probe) {
			l, err := net.Listen("tcp", ":"+strconv.Itoa(a.acme.HTTPPort))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_ = conn.Close()
				}
			}()
			o.ACME.HTTPPort = freePort(t)
		}, 2, want{"a.test", "reach", failed, "somebody else answers"}},
		{"a file covers it", func(t *testing.T, a *authority, o *certs.Options, _ *certs.Probe) {
			a.unreachable.Store("conference.a.test", true)
			o.Files = []certs.Pair{pair(t, time.Now().AddDate(10, 0, 0), "conference.a.test")}
		}, 0, want{"conference.a.test", "address", ok, "a file of tls.files covers it"}},
		{"localhost", func(_ *testing.T, a *authority, o *certs.Options, _ *certs.Probe) {
			o.Hosts = []certs.Host{{Name: "localhost", CA: a.url}}
		}, 1, want{"localhost", "address", failed, "no authority issues for it"}},
		{"nothing automatic", func(_ *testing.T, _ *authority, o *certs.Options, _ *certs.Probe) { o.Hosts[0].CA = "" }, 0,
			want{"", "authority", warning, "see tls.acme.ca"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAuthority(t)
			o := certs.Options{Hosts: []certs.Host{a.host("a.test")}, ACME: a.acme}
			p := certs.Probe{DNS: a.dns, Dial: a.dial}
			if c.spoil != nil {
				c.spoil(t, a, &o, &p)
			}
			bad, there := 0, false
			findings := certs.DryRun(t.Context(), o, p)
			for _, f := range findings {
				if f.Verdict == failed {
					bad++
				}
				there = there || f.Name == c.want.name && f.Check == c.want.check && f.Verdict == c.want.verdict && strings.Contains(f.Text, c.want.text)
			}
			if bad != c.failing || !there {
				t.Errorf("%d failed, want %d and %+v in", bad, c.failing, c.want)
				for _, f := range findings {
					t.Logf("%+v", f)
				}
			}
			if a.orders.Load() != 0 {
				t.Error("a dry run ordered")
			}
		})
	}
}
