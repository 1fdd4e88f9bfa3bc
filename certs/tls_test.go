package certs_test

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"salon.im/salon/certs"
)

// shake runs one handshake and reads one byte, so that the client has its session ticket.
func shake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	c, s := pipe(t)
	failed := make(chan error, 1)
	go func() {
		conn := tls.Server(s, server)
		err := conn.HandshakeContext(t.Context())
		if err == nil {
			_, err = conn.Write([]byte("x"))
		} else {
			_ = s.Close()
		}
		failed <- err
	}()
	conn := tls.Client(c, client)
	_, err := conn.Read(make([]byte, 1))
	_ = c.Close()
	return conn.ConnectionState(), errors.Join(err, <-failed)
}

func TestHandshake(t *testing.T) {
	s, _ := open(t, t.TempDir(), day, nil, host("a.test"), host("b.test"))
	direct, starttls := s.TLSConfig("xmpp-client"), s.TLSConfigFor("b.test")
	for _, c := range []struct {
		name   string
		server *tls.Config
		client *tls.Config
		shown  string // the first SAN; "" is a refusal
		alpn   string
	}{
		{"direct, SNI", direct, &tls.Config{ServerName: "b.test", NextProtos: []string{"xmpp-client"}}, "b.test", "xmpp-client"},
		{"direct, SNI of the rooms", direct, &tls.Config{ServerName: "conference.b.test"}, "b.test", ""},
		{"direct, SNI in capitals", direct, &tls.Config{ServerName: "B.Test"}, "b.test", ""},
		{"direct, no SNI", direct, &tls.Config{NextProtos: []string{"xmpp-client"}}, "a.test", "xmpp-client"},
		{"direct, unknown SNI", direct, &tls.Config{ServerName: "c.test"}, "a.test", ""},
		{"direct, no ALPN", direct, &tls.Config{ServerName: "a.test"}, "a.test", ""},
		{"direct, other ALPN first", direct, &tls.Config{NextProtos: []string{"h2", "xmpp-client"}}, "a.test", "xmpp-client"},
		{"direct, ALPN of HTTP", direct, &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, "", ""},
		{"direct, ALPN of servers", direct, &tls.Config{NextProtos: []string{"xmpp-server"}}, "", ""},
		{"STARTTLS, no SNI", starttls, &tls.Config{}, "b.test", ""},
		{"STARTTLS, SNI", starttls, &tls.Config{ServerName: "a.test"}, "a.test", ""},
		{"STARTTLS, unknown SNI", starttls, &tls.Config{ServerName: "c.test"}, "b.test", ""},
		{"STARTTLS, any ALPN", starttls, &tls.Config{NextProtos: []string{"h2"}}, "b.test", ""},
		{"STARTTLS, unknown host", s.TLSConfigFor("c.test"), &tls.Config{}, "a.test", ""},
		{"TLS 1.2", direct, &tls.Config{MaxVersion: tls.VersionTLS12}, "a.test", ""},
		{"TLS 1.1", direct, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "", ""},
		{"TLS 1.2 with CBC", direct, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.client.InsecureSkipVerify = true
			state, err := shake(t, c.server, c.client)
			if c.shown == "" {
				if err == nil {
					t.Fatal("accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := state.PeerCertificates[0].DNSNames[0]; got != c.shown || state.NegotiatedProtocol != c.alpn {
				t.Errorf("shown %s, ALPN %q", got, state.NegotiatedProtocol)
			}
		})
	}
}

func TestStrangeALPNIsToldSo(t *testing.T) {
	s, _ := open(t, t.TempDir(), day, nil, host("a.test"))
	_, err := shake(t, s.TLSConfig("xmpp-client"), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"imap"}})
	if err == nil || !strings.Contains(err.Error(), "no application protocol") {
		t.Error(err)
	}
}

func TestCertificateIsTheOneShown(t *testing.T) {
	s, _ := open(t, t.TempDir(), day, nil, host("a.test"), host("b.test"))
	for _, c := range []struct{ sni, to string }{{"", ""}, {"b.test", ""}, {"c.test", ""}, {"", "b.test"}, {"a.test", "b.test"}, {"c.test", "b.test"}} {
		server := s.TLSConfig()
		if c.to != "" {
			server = s.TLSConfigFor(c.to)
		}
		state, err := shake(t, server, &tls.Config{InsecureSkipVerify: true, ServerName: c.sni})
		if err != nil {
			t.Fatal(err)
		}
		if sha256.Sum256(state.PeerCertificates[0].Raw) != sha256.Sum256(s.Certificate(c.sni, c.to).Raw) {
			t.Errorf("%+v: another certificate was shown", c)
		}
	}
}

func TestTickets(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			next := day.AddDate(1, 0, 0)
			a := pair(t, next, "a.test")
			hosts, files := []certs.Host{host("a.test"), host("b.test")}, []certs.Pair{a}
			s, _ := open(t, t.TempDir(), day, files, hosts...)
			server := s.TLSConfig()
			cache := oneSession{tls.NewLRUClientSessionCache(1)}
			client := func(sni string) *tls.Config {
				return &tls.Config{InsecureSkipVerify: true, ServerName: sni, ClientSessionCache: cache, MaxVersion: version}
			}
			for i, step := range []struct {
				sni     string
				before  func()
				resumed bool
			}{
				{"a.test", nil, false},
				{"a.test", nil, true},
				{"b.test", nil, false}, // a ticket of another host
				{"b.test", nil, true},
				{"a.test", nil, false},
				{"a.test", func() { write(t, a, next, "a.test") }, false}, // a new certificate
				{"a.test", nil, true},
			} {
				if step.before != nil {
					step.before()
					if err := s.Reload(t.Context(), hosts, files); err != nil {
						t.Fatal(err)
					}
				}
				state, err := shake(t, server, client(step.sni))
				if err != nil {
					t.Fatal(i, err)
				}
				if state.DidResume != step.resumed {
					t.Errorf("step %d: resumed %v", i, state.DidResume)
				}
			}
		})
	}
}

// oneSession offers the last ticket to every host, which an honest client does not do.
type oneSession struct{ tls.ClientSessionCache }

func (o oneSession) Get(string) (*tls.ClientSessionState, bool)  { return o.ClientSessionCache.Get("") }
func (o oneSession) Put(_ string, state *tls.ClientSessionState) { o.ClientSessionCache.Put("", state) }
