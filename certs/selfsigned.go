package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	selfSignedLife = 10 * 365 * 24 * time.Hour
	// clockSkew is how far a client's clock may lag behind ours.
	clockSkew = 24 * time.Hour
	// renewBefore is how long before its end a kept certificate is replaced.
	renewBefore = 30 * 24 * time.Hour
)

// selfSigned returns the kept certificate for exactly these names (normal form, the host's own first), or makes one.
func (s *Source) selfSigned(ctx context.Context, names []string) (*tls.Certificate, error) {
	path := filepath.Join(s.dir, fileName(names[0]))
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("certs: make the directory for certificates: %w", err)
	}
	kept, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, wrap("read a kept certificate", err)
	default:
		cert, why := s.usable(kept, names)
		if why == "" {
			return cert, os.Chmod(path, 0o600)
		}
		s.log.WarnContext(ctx, "making a new self-signed certificate: clients will ask their users again",
			"file", path, "because", why)
	}
	made, err := s.sign(names)
	if err != nil {
		return nil, wrap("make a self-signed certificate for "+names[0], err)
	}
	if err := writeFile(path, made); err != nil {
		return nil, wrap("keep a self-signed certificate", err)
	}
	cert, err := tls.X509KeyPair(made, made)
	return &cert, err
}

// usable parses a kept certificate and says why it cannot serve, "" if it can.
func (s *Source) usable(kept []byte, names []string) (*tls.Certificate, string) {
	cert, err := tls.X509KeyPair(kept, kept)
	if err != nil {
		return nil, "the kept one cannot be read: " + err.Error()
	}
	dns, ips := sans(names)
	sameIPs := slices.EqualFunc(cert.Leaf.IPAddresses, ips, func(a, b net.IP) bool { return a.Equal(b) })
	switch {
	case !slices.Equal(cert.Leaf.DNSNames, dns) || !sameIPs:
		return nil, "the kept one is for " + subjects(cert.Leaf)
	case s.now().Add(renewBefore).After(cert.Leaf.NotAfter):
		return nil, "the kept one ends on " + cert.Leaf.NotAfter.Format(time.DateOnly)
	}
	return &cert, ""
}

// sign makes a key and a certificate for the names, both in one PEM file, so that one rename replaces the two.
func (s *Source) sign(names []string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	dns, ips := sans(names)
	now := s.now()
	// It is no authority: whoever installs it trusts these names and no others.
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: names[0]},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(selfSignedLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		DNSNames:              dns,
		IPAddresses:           ips,
	}
	if len(names[0]) > 64 { // the upper bound of a common name, RFC 5280 appendix A.1
		template.Subject.CommonName = "Salon"
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// sans splits names into DNS names and addresses.
func sans(names []string) (dns []string, ips []net.IP) {
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			ips = append(ips, ip)
		} else {
			dns = append(dns, name)
		}
	}
	return dns, ips
}

// fileName makes a file's name of a host's: what is no letter, digit, dot or hyphen becomes an underscore.
func fileName(host string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, host) + ".pem"
}

// writeFile replaces a file by one rename, mode 0600, on the disk when it returns.
func writeFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already once renamed
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
