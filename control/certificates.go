package control

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"salon.im/salon/certs"
)

// Certificates is what an administrator can do with certificates.
type Certificates interface {
	// ListCertificates returns the certificate of each served name, ordered by name. It takes a running server.
	ListCertificates(ctx context.Context) ([]certs.Status, error)
	// RenewCertificate gets a new certificate for a name that has automatic ones, and takes it into use. It can take minutes,
	// and takes a running server.
	RenewCertificate(ctx context.Context, name string) error
	// CheckCertificates tells what an authority would refuse, and why: see certs.DryRun.
	CheckCertificates(ctx context.Context) ([]certs.Finding, error)
}

// certificateRequest is the body of a request about one name.
type certificateRequest struct {
	Name string `json:"name"`
}

// handleCertificates adds the paths of Certificates.
func (h *handler) handleCertificates(mux *http.ServeMux) {
	mux.HandleFunc("GET /certificates", func(w http.ResponseWriter, r *http.Request) {
		list, err := h.admin.ListCertificates(r.Context())
		h.reply(w, r, list, err)
	})
	mux.HandleFunc("GET /certificates/check", func(w http.ResponseWriter, r *http.Request) {
		findings, err := h.admin.CheckCertificates(r.Context())
		h.reply(w, r, findings, err)
	})
	mux.HandleFunc("POST /certificates/renew", func(w http.ResponseWriter, r *http.Request) {
		var q certificateRequest
		if !h.decode(w, r, &q, maxRequestBytes) {
			return
		}
		err := h.admin.RenewCertificate(r.Context(), q.Name)
		if err == nil {
			h.log.InfoContext(r.Context(), "control request", "request", r.URL.Path, "name", q.Name)
		}
		h.reply(w, r, struct{}{}, err)
	})
}

// ListCertificates implements Admin.
func (c *Client) ListCertificates(ctx context.Context) (list []certs.Status, err error) {
	err = c.do(ctx, http.MethodGet, "/certificates", nil, &list)
	return list, err
}

// RenewCertificate implements Admin.
func (c *Client) RenewCertificate(ctx context.Context, name string) error {
	body, err := json.Marshal(certificateRequest{name})
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, "/certificates/renew", bytes.NewReader(body), nil)
}

// CheckCertificates implements Admin.
func (c *Client) CheckCertificates(ctx context.Context) (findings []certs.Finding, err error) {
	err = c.do(ctx, http.MethodGet, "/certificates/check", nil, &findings)
	return findings, err
}

// ListCertificates implements Certificates: only the server knows what it shows.
func (Offline) ListCertificates(context.Context) ([]certs.Status, error) { return nil, errNotRunning }

// RenewCertificate implements Certificates: the server answers the authority.
func (Offline) RenewCertificate(context.Context, string) error { return errNotRunning }

// CheckCertificates implements Certificates.
func (o Offline) CheckCertificates(ctx context.Context) ([]certs.Finding, error) {
	return o.DryRun(ctx)
}
