package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// loadFiles reads the pairs into t. kept reports the pairs that failed and go on with their certificate of before; err is
// a pair that has none.
func (s *Source) loadFiles(t, old *table, hosts []Host, files []Pair) (kept, err error) {
	for _, p := range files {
		cert, err := s.loadPair(p, hosts)
		var late expiredError
		switch {
		case err == nil:
		case old != nil && old.files[p] != nil:
			kept = errors.Join(kept, fmt.Errorf("%w; the certificate loaded before stays in use", err))
			cert = old.files[p]
		case errors.As(err, &late) && old == nil:
			s.log.Error("certificate has expired: renew it and reload",
				"file", p.Cert, "expired", late.at.Format(time.DateOnly))
		default:
			return nil, err
		}
		t.files[p] = cert
	}
	return kept, nil
}

// Check says what is wrong with certificate files, a line for each bad pair: those that [Open] refuses and those that have
// expired. Any goroutine may call it; it reads the files.
func Check(hosts []Host, files []Pair) error {
	s := &Source{now: time.Now}
	var all error
	for _, p := range files {
		_, err := s.loadPair(p, hosts)
		all = errors.Join(all, err)
	}
	return all
}

// expiredError says that a certificate is past its date. The certificate is returned with it.
type expiredError struct {
	path string
	at   time.Time
}

func (e expiredError) Error() string {
	return fmt.Sprintf("certs: %s expired on %s: renew it", e.path, e.at.Format(time.DateOnly))
}

// loadPair reads and judges one pair.
func (s *Source) loadPair(p Pair, hosts []Host) (*tls.Certificate, error) {
	chain, err := os.ReadFile(p.Cert)
	if err != nil {
		return nil, fmt.Errorf("certs: read the certificate: %w: check tls.files", err)
	}
	key, err := os.ReadFile(p.Key)
	if err != nil {
		return nil, fmt.Errorf("certs: read the private key: %w: check tls.files", err)
	}
	cert, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, fmt.Errorf("certs: %s with key %s: %w: check tls.files", p.Cert, p.Key, err)
	}
	served := false
	for _, h := range hosts {
		served = served || slices.ContainsFunc(h.names(), func(name string) bool { return covers(cert.Leaf, name) })
	}
	if !served {
		return nil, fmt.Errorf("certs: %s is for %s, none of which is served here: check tls.files and hosts",
			p.Cert, subjects(cert.Leaf))
	}
	if s.now().After(cert.Leaf.NotAfter) {
		return &cert, expiredError{p.Cert, cert.Leaf.NotAfter}
	}
	return &cert, nil
}

// covering returns the first file certificate for a name in normal form, nil if there is none.
func (t *table) covering(name string, files []Pair) *tls.Certificate {
	for _, p := range files {
		if cert := t.files[p]; cert != nil && covers(cert.Leaf, name) {
			return cert
		}
	}
	return nil
}

// subjects lists the names of a certificate, for people. Only SANs count, never the subject's common name.
func subjects(leaf *x509.Certificate) string {
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name at all (it has no subject alternative name)"
	}
	return strings.Join(names, ", ")
}
