package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// ACME says how the authority of a host (see Host.CA) reaches this machine to see that it holds its names (RFC 8555 §8).
// The zero value offers no challenge, and nothing can be issued.
type ACME struct {
	// TLSPort and HTTPPort answer tls-alpn-01 (RFC 8737) and http-01 (RFC 8555 §8.3) while a challenge is under way, on all
	// addresses; 0 leaves the challenge out. The authority connects to 443 and 80: forward those, if the ports are others.
	TLSPort, HTTPPort int
	// Roots judge the authority's own certificate; nil are those of the system.
	Roots *x509.CertPool
}

const (
	// alpnChallenge is the protocol of tls-alpn-01 (RFC 8737 §6.2).
	alpnChallenge = "acme-tls/1"
	// issueTime bounds one try to get a certificate, all challenges and waits included.
	issueTime = 5 * time.Minute
)

// Automatic says whether the host's names have an authority that issues their certificates.
func (h Host) Automatic() bool { return h.CA != "" }

// issuable says why no authority can issue for a name in normal form, "" if one can.
func issuable(name string) string {
	switch _, err := netip.ParseAddr(name); {
	case err == nil:
		return "it is an address, not a name"
	case name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return "localhost is no name of yours"
	}
	return ""
}

// newNames makes the automatic names of the hosts. Nothing is asked of an authority before Run.
func (s *Source) newNames(hosts []Host) map[string]*automatic {
	all := map[string]*automatic{}
	for _, h := range hosts {
		if !h.Automatic() {
			continue
		}
		magic, issuer := s.newMagic(h)
		s.challenges = magic // any of them: certmagic knows the challenges under way by name, not by configuration
		for _, name := range h.names() {
			if issuable(name) == "" {
				all[name] = &automatic{s: s, name: name, magic: magic, issuer: issuer, renew: make(chan chan error), loaded: make(chan struct{}, 1)}
			}
		}
	}
	return all
}

// newMagic configures certmagic for one host. docs/adr/0013 says why so.
func (s *Source) newMagic(h Host) (*certmagic.Config, *certmagic.ACMEIssuer) {
	log := zap.New(zapCore{s.log.Handler()})
	var magic *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{Logger: log,
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil }})
	cache.Stop() // its maintenance: we renew and keep certificates ourselves
	magic = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: filepath.Join(s.dir, "acme")}, DisableARI: true, Logger: log,
	})
	issuer := certmagic.NewACMEIssuer(magic, certmagic.ACMEIssuer{
		CA: h.CA, Email: h.Email, Agreed: true, TrustedRoots: s.acme.Roots,
		DisableTLSALPNChallenge: s.acme.TLSPort == 0, AltTLSALPNPort: s.acme.TLSPort,
		DisableHTTPChallenge: s.acme.HTTPPort == 0, AltHTTPPort: s.acme.HTTPPort,
		DisableDistributedSolvers: true, CertObtainTimeout: issueTime, Logger: log,
	})
	magic.Issuers = []certmagic.Issuer{issuer}
	return magic, issuer
}

// answerChallenge returns the configuration for a connection by which an authority looks for tls-alpn-01 on a listener of
// direct TLS: 443 may be that listener's, or forwarded to it. It returns nil for all others.
func (s *Source) answerChallenge(hello *tls.ClientHelloInfo) *tls.Config {
	if s.challenges == nil || s.acme.TLSPort == 0 || !slices.Equal(hello.SupportedProtos, []string{alpnChallenge}) { // RFC 8737 §3
		return nil
	}
	return &tls.Config{NextProtos: []string{alpnChallenge}, GetCertificate: s.challenges.GetCertificate, MinVersion: tls.VersionTLS12}
}

// stored reads the certificate that the store keeps for a name. Without one it returns fs.ErrNotExist.
func (n *automatic) stored(ctx context.Context) (*tls.Certificate, error) {
	key := n.issuer.IssuerKey()
	chain, err := n.magic.Storage.Load(ctx, certmagic.StorageKeys.SiteCert(key, n.name))
	if err != nil {
		return nil, err
	}
	private, err := n.magic.Storage.Load(ctx, certmagic.StorageKeys.SitePrivateKey(key, n.name))
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(chain, private)
	if err == nil && !covers(cert.Leaf, n.name) {
		err = fmt.Errorf("it is for %s", subjects(cert.Leaf))
	}
	if err != nil {
		return nil, fmt.Errorf("certs: the stored certificate of %s: %w", n.name, err)
	}
	return &cert, nil
}

// order gets a new certificate for the name from its authority, stores and returns it.
func (n *automatic) order(ctx context.Context) (*tls.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, issueTime)
	defer cancel()
	// What is stored broken would be taken for a certificate by the one call, and fail the other.
	if _, err := n.stored(ctx); err != nil && !errors.Is(err, fs.ErrNotExist) {
		site := certmagic.StorageKeys.CertsSitePrefix(n.issuer.IssuerKey(), n.name)
		if err := n.magic.Storage.Delete(ctx, site); err != nil {
			return nil, fmt.Errorf("certs: remove the stored certificate of %s, which is broken: %w", n.name, err)
		}
	}
	if err := n.magic.RenewCertSync(ctx, n.name, true); err != nil { // it obtains where there is none
		return nil, err
	}
	return n.stored(ctx)
}
