package certs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"salon.im/salon/certs"
)

// authority is an ACME server in this process, which really validates: it looks names up in a DNS server of its own, and
// connects to the ports of the challenges.
type authority struct {
	one, rooms  string // a name for the test to use and the one of its rooms; certmagic keeps one challenge a name in a process
	other       string // another one
	url         string
	acme        certs.ACME
	away        atomic.Bool
	orders      atomic.Int64
	dns         string
	roots       *x509.CertPool
	caa         sync.Map // by domain: whom its records allow
	unreachable sync.Map // names without an address
	dial        func(context.Context, string, string) (net.Conn, error)
}

// TestMain tells the authority how to behave; it knows no other way than the environment.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"PEBBLE_VA_NOSLEEP":      "1",
		"PEBBLE_WFE_NONCEREJECT": "20", // one good nonce in five is called stale (RFC 8555 §6.5)
		"PEBBLE_AUTHZREUSE":      "0",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// orderCounter counts the orders that the authority took.
type orderCounter struct {
	http.ResponseWriter
	orders *atomic.Int64
}

func (c orderCounter) WriteHeader(status int) {
	if status == http.StatusCreated {
		c.orders.Add(1)
	}
	c.ResponseWriter.WriteHeader(status)
}

// started counts authorities.
var started atomic.Int64

// newAuthority starts one, on which everything ends in .test and leads here.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	t.Parallel() // most of the time is waiting
	a := &authority{acme: certs.ACME{TLSPort: freePort(t), HTTPPort: freePort(t)}}
	n := started.Add(1)
	a.one, a.other = fmt.Sprintf("a%d.test", n), fmt.Sprintf("b%d.test", n)
	a.rooms = "conference." + a.one
	a.serveDNS(t)
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "ninety days"}})
	validator := va.New(quiet, a.acme.HTTPPort, a.acme.TLSPort, true, a.dns, store)
	front := wfe.New(quiet, store, validator, issuer, []string{"ca.test"}, true, false, 0, 0)
	api := front.Handler()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.away.Load() {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/order-plz") {
			w = orderCounter{w, &a.orders}
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	a.url = s.URL + wfe.DirectoryPath
	a.acme.Roots = x509.NewCertPool()
	a.acme.Roots.AddCert(s.Certificate())
	a.roots = x509.NewCertPool()
	if !a.roots.AppendCertsFromPEM(issuer.GetRootCert(0).PEM()) {
		t.Fatal("no root")
	}
	a.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, _ := net.SplitHostPort(address)
		if forwarded := map[string]int{"443": a.acme.TLSPort, "80": a.acme.HTTPPort}[port]; forwarded != 0 {
			address = net.JoinHostPort(host, strconv.Itoa(forwarded))
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return a
}

// serveDNS answers A with 127.0.0.1, and CAA as the test wants.
func (a *authority) serveDNS(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.dns = l.Addr().String()
	p, err := net.ListenPacket("udp", a.dns)
	if err != nil {
		t.Fatal(err)
	}
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		name := strings.TrimSuffix(q.Question[0].Name, ".")
		header := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET, Ttl: 1}
		issue, restricted := a.caa.Load(name)
		_, unreachable := a.unreachable.Load(name)
		switch {
		case unreachable:
			m.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			m.Answer = []dns.RR{&dns.A{Hdr: header, A: net.IPv4(127, 0, 0, 1)}}
		case q.Question[0].Qtype == dns.TypeCAA && restricted:
			m.Answer = []dns.RR{&dns.CAA{Hdr: header, Tag: "issue", Value: issue.(string)}}
		}
		_ = w.WriteMsg(m) // the client may have gone
	})
	for _, s := range []*dns.Server{{Listener: l, Handler: answer}, {PacketConn: p, Handler: answer}} {
		ready := make(chan struct{})
		s.NotifyStartedFunc = func() { close(ready) }
		go func() { _ = s.ActivateAndServe() }() // ended by Shutdown
		<-ready
		t.Cleanup(func() { _ = s.Shutdown() })
	}
}

// freePort returns a port that nothing listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// host is a host whose names this authority issues for.
func (a *authority) host(name string) certs.Host {
	h := host(name)
	h.CA, h.Email = a.url, "admin@"+name
	return h
}

// verify says whether a client that trusts the authority trusts the certificate for the name.
func (a *authority) verify(t *testing.T, s *certs.Source, name string) error {
	t.Helper()
	_, err := shake(t, s.TLSConfig("xmpp-client"), &tls.Config{ServerName: name, RootCAs: a.roots})
	return err
}
