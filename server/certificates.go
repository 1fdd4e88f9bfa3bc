package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"salon.im/salon/certs"
	"salon.im/salon/config"
	"salon.im/salon/control"
)

// acmeOptions says how authorities reach this machine.
func acmeOptions(cfg *config.Config) (certs.ACME, error) {
	a := cfg.TLS.ACME
	var out certs.ACME
	if slices.Contains(a.Challenges, "tls-alpn-01") {
		out.TLSPort = a.TLSPort
	}
	if slices.Contains(a.Challenges, "http-01") {
		out.HTTPPort = a.HTTPPort
	}
	if a.Roots == "" {
		return out, nil
	}
	pem, err := os.ReadFile(a.Roots)
	if err != nil {
		return out, fmt.Errorf("the roots of the certificate authority: %w: check tls.acme.ca_roots", err)
	}
	out.Roots = x509.NewCertPool()
	if !out.Roots.AppendCertsFromPEM(pem) {
		return out, fmt.Errorf("%s holds no certificate in PEM: check tls.acme.ca_roots", a.Roots)
	}
	return out, nil
}

// DryRunCertificates looks for what would keep the authorities of the settings from issuing, without a server. Any goroutine
// may call it; it takes up to a minute for each name. It asks the network: see certs.DryRun.
func DryRunCertificates(ctx context.Context, cfg *config.Config) ([]certs.Finding, error) {
	acme, err := acmeOptions(cfg)
	if err != nil {
		return nil, err
	}
	var served []int
	for _, addr := range cfg.C2SDirectAddrs() {
		_, port, err := net.SplitHostPort(addr)
		if n, err2 := strconv.Atoi(port); err == nil && err2 == nil {
			served = append(served, n)
		}
	}
	return certs.DryRun(ctx, certOptions(cfg, acme, slog.New(slog.DiscardHandler)), certs.Probe{Served: served}), nil
}

// ListCertificates implements control.Certificates.
func (a admin) ListCertificates(context.Context) ([]certs.Status, error) {
	return a.s.certs.List(), nil
}

// RenewCertificate implements control.Certificates.
func (a admin) RenewCertificate(ctx context.Context, name string) error {
	err := a.s.certs.Renew(ctx, name)
	switch {
	case errors.Is(err, certs.ErrNotAutomatic):
		return &control.Error{Kind: control.Missing, Text: err.Error()}
	case err != nil:
		return &control.Error{Kind: control.Internal, Text: "no certificate from the authority; the one before stays in use: " + err.Error()}
	}
	return nil
}

// CheckCertificates implements control.Certificates.
func (a admin) CheckCertificates(ctx context.Context) ([]certs.Finding, error) {
	return DryRunCertificates(ctx, a.s.Config())
}

var (
	certEndDesc      = prometheus.NewDesc("salon_certificate_end_timestamp_seconds", "When the certificate of a name ends.", []string{"name", "origin"}, nil)
	certFailuresDesc = prometheus.NewDesc("salon_certificate_failures", "Tries in a row that got no certificate from the authority.", []string{"name"}, nil)
)

// certificates shows the certificate of each name.
type certificates struct{ s *Server }

// Describe implements prometheus.Collector.
func (certificates) Describe(ch chan<- *prometheus.Desc) {
	ch <- certEndDesc
	ch <- certFailuresDesc
}

// Collect implements prometheus.Collector.
func (c certificates) Collect(ch chan<- prometheus.Metric) {
	for _, st := range c.s.certs.List() {
		ch <- prometheus.MustNewConstMetric(certEndDesc, prometheus.GaugeValue, float64(st.Ends.Unix()), st.Name, string(st.Origin))
		ch <- prometheus.MustNewConstMetric(certFailuresDesc, prometheus.GaugeValue, float64(st.Failures), st.Name)
	}
}
