// Package certs hands out the certificates of the hosts: one Source answers "which certificate for this name", and makes
// the *tls.Config of each listener.
//
// A name gets the first certificate file that covers it (`tls.files`), else the certificate that an authority issued for it
// (`tls.acme`), else the self-signed certificate of its host, which is made at the first start and kept. No handshake waits
// for an authority: certificates come and are renewed in Run, which has a goroutine for each automatic name and one that looks
// for changed files.
//
//	src, err := certs.Open(ctx, certs.Options{Dir: "data/certs", Hosts: []certs.Host{{Name: "example.org", Others: []string{"conference.example.org"}}}})
//	go src.Run(ctx)
//	direct := tls.NewListener(l, src.TLSConfig("xmpp-client"))
//	…
//	conn := tls.Server(plain, src.TLSConfigFor(to))
//
// RFC 6120 §13.7 and §13.8, RFC 7590, RFC 8555, RFC 8737, RFC 9325, XEP-0368.
package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
	"golang.org/x/net/idna"
)

// Host is one virtual host with the names that its certificate must cover beside its own.
type Host struct {
	Name   string   // a domain, U-labels or A-labels, or an IP literal
	Others []string // its services: conference.example.org
	CA     string   // the URL of the ACME directory (RFC 8555 §7.1.1) that issues for these names, "" for none
	Email  string   // the contact of the account there; it must be set if CA is
}

// Pair names a certificate chain (leaf first) and its private key, both PEM files. They may be the same file.
type Pair struct {
	Cert, Key string
}

// Options is what Open needs.
type Options struct {
	// Dir keeps the self-signed certificates, usually <data>/certs. It is made with mode 0700.
	Dir string
	// Hosts are the served names, at least one. The first is the default: it answers clients that name no host or an unknown one.
	Hosts []Host
	Files []Pair
	ACME  ACME
	Log   *slog.Logger
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// Source holds the certificate of every name. All methods are safe for any goroutine; only Open, Reload, Run and Renew touch
// the disk and the network.
type Source struct {
	Counts Counts

	dir        string
	log        *slog.Logger
	now        func() time.Time
	acme       ACME
	names      map[string]*automatic // fixed by Open
	challenges *certmagic.Config     // nil if no name is automatic

	changing sync.Mutex // who makes the next table
	current  atomic.Pointer[table]
}

// table is an immutable snapshot of what the Source serves.
type table struct {
	fallback string // the default host
	names    map[string]*entry
	files    map[Pair]*tls.Certificate
	hosts    []Host // what it was made of
	order    []Pair
	stamps   []stamp // of the files, from before they were read
}

// entry is the certificate of one name.
type entry struct {
	cert     *tls.Certificate // Leaf is set
	digest   [sha256.Size]byte
	origin   Origin
	starttls *tls.Config
}

// Open loads every certificate, and makes the self-signed ones that are missing, expired, or cover other names than
// asked. A certificate file that cannot be read, whose key does not match, or that covers no host is an error; an expired
// one is served with a complaint, since clients can judge it and a server that does not start helps nobody.
func Open(ctx context.Context, o Options) (*Source, error) {
	s := &Source{dir: o.Dir, log: o.Log, now: o.Now, acme: o.ACME}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.names = s.newNames(o.Hosts)
	for _, n := range s.names {
		n.load(ctx)
	}
	if err := s.Reload(ctx, o.Hosts, o.Files); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload reads the certificates again, for these hosts and files, and swaps them in for new handshakes. A file pair that
// fails (key does not match, expired, covers no host) keeps the certificate that it had before; the error names each.
// With an error from the self-signed part, or from a pair that was never loaded, everything stays as it was. The names that
// an authority issues for stay those of Open.
func (s *Source) Reload(ctx context.Context, hosts []Host, files []Pair) error {
	if len(hosts) == 0 {
		return errors.New("certs: no host to serve")
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	old := s.current.Load()
	t := &table{fallback: normal(hosts[0].Name), names: map[string]*entry{}, files: map[Pair]*tls.Certificate{},
		hosts: hosts, order: files, stamps: stamps(files)}
	kept, err := s.loadFiles(t, old, hosts, files)
	if err != nil {
		return err
	}
	for _, h := range hosts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.addHost(ctx, t, h, files); err != nil {
			return err
		}
	}
	if kept != nil {
		t.stamps = nil // look again
	}
	s.current.Store(t)
	for _, n := range s.names {
		select {
		case n.loaded <- struct{}{}:
		default: // it will look
		}
	}
	return kept
}

// adopt swaps the newest certificate of an automatic name in for new handshakes. Streams that are open keep theirs.
func (s *Source) adopt(n *automatic) {
	s.changing.Lock()
	defer s.changing.Unlock()
	t := *s.current.Load()
	if e := t.names[n.name]; e == nil || e.origin == OriginFile {
		return
	}
	t.names = maps.Clone(t.names)
	t.names[n.name] = s.newEntry(n.name, n.current(), OriginAutomatic)
	s.current.Store(&t)
}

// addHost fills the names of one host: a file where one covers the name, what an authority issued, the host's self-signed
// certificate for the rest.
func (s *Source) addHost(ctx context.Context, t *table, h Host, files []Pair) error {
	var rest []string
	all := h.names()
	for _, name := range all {
		if cert := t.covering(name, files); cert != nil {
			t.names[name] = s.newEntry(name, cert, OriginFile)
		} else if n := s.names[name]; n != nil && n.current() != nil {
			t.names[name] = s.newEntry(name, n.current(), OriginAutomatic)
		} else {
			rest = append(rest, name)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	cert, err := s.selfSigned(ctx, all)
	if err != nil {
		return err
	}
	for _, name := range rest {
		t.names[name] = s.newEntry(name, cert, OriginSelfSigned)
	}
	return nil
}

func (s *Source) newEntry(name string, cert *tls.Certificate, origin Origin) *entry {
	e := &entry{cert: cert, digest: sha256.Sum256(cert.Leaf.Raw), origin: origin}
	e.starttls = s.newConfig(name)
	return e
}

// pick returns the entry of sni, else of host, else of the default host.
func (s *Source) pick(sni, host string) *entry {
	t := s.current.Load()
	for _, name := range []string{sni, host} {
		if e := t.names[normal(name)]; e != nil {
			return e
		}
	}
	return t.names[t.fallback]
}

// Certificate returns the leaf that a client saw which named sni in its handshake ("" is none) on a stream to host ("" on
// direct TLS). Channel binding needs it (RFC 5929 §4.1, tls-server-end-point). It must not be modified.
func (s *Source) Certificate(sni, host string) *x509.Certificate { return s.pick(sni, host).cert.Leaf }

// Fingerprint returns the SHA-256 digest of the host's certificate as clients show it: AB:CD:… in capitals.
func (s *Source) Fingerprint(host string) string { return hexes(s.pick("", host).digest) }

func hexes(digest [sha256.Size]byte) string {
	hexes := make([]string, len(digest))
	for i, b := range digest {
		hexes[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(hexes, ":")
}

// Origin says where the host's certificate comes from.
func (s *Source) Origin(host string) Origin { return s.pick("", host).origin }

// SelfSigned says whether the host's certificate is one that we made ourselves.
func (s *Source) SelfSigned(host string) bool { return s.pick("", host).origin == OriginSelfSigned }

// names returns the host's own name and the others in normal form, without duplicates, its own first.
func (h Host) names() []string {
	var out []string
	seen := map[string]bool{}
	for _, name := range append([]string{h.Name}, h.Others...) {
		if n := normal(name); n != "" && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// normal brings a name into the form of certificates and SNI: A-labels in lower case, no final dot, an IPv6 literal
// without brackets.
func normal(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return name
}

// covers says whether the certificate is good for a name in normal form.
func covers(leaf *x509.Certificate, name string) bool { return leaf.VerifyHostname(name) == nil }

func wrap(path string, err error) error { return fmt.Errorf("certs: %s: %w", path, err) }
