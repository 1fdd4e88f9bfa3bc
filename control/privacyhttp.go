package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

// resultTrailer ends an export: "complete", or the JSON of an Error. A body without it was cut short.
const resultTrailer = "Salon-Result"

const exportComplete = "complete"

// erasure is the body of a request to erase.
type erasure struct {
	JID  string `json:"jid"`
	Bury bool   `json:"bury"`
}

// handlePrivacy adds the paths of Privacy.
func (h *handler) handlePrivacy(mux *http.ServeMux) {
	mux.HandleFunc("GET /users/export", h.export)
	mux.HandleFunc("POST /users/erase", h.erase)
	mux.HandleFunc("GET /archive/held", h.heldRows)
	mux.HandleFunc("POST /archive/expire", func(w http.ResponseWriter, r *http.Request) {
		report, err := h.admin.Expire(r.Context())
		h.reply(w, r, report, err)
	})
	mux.HandleFunc("POST /archive/reindex", func(w http.ResponseWriter, r *http.Request) {
		rows, err := h.admin.Reindex(r.Context())
		h.reply(w, r, rows, err)
	})
}

// lazy writes the header with the first byte, so that an early error has a status of its own.
type lazy struct {
	w     http.ResponseWriter
	begun bool
}

// Write implements io.Writer.
func (l *lazy) Write(b []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", "application/xml")
		l.w.Header().Set("Trailer", resultTrailer)
		l.w.WriteHeader(http.StatusOK)
	}
	return l.w.Write(b)
}

func (h *handler) export(w http.ResponseWriter, r *http.Request) {
	addr, err := ParseUser(r.URL.Query().Get("jid"))
	out := &lazy{w: w}
	if err == nil {
		err = h.admin.ExportUser(r.Context(), addr, out)
	}
	if !out.begun {
		h.reply(w, r, struct{}{}, err)
		return
	}
	result := []byte(exportComplete)
	if err != nil {
		result, _ = json.Marshal(h.explain(r, err)) // two strings
	}
	w.Header().Set(resultTrailer, string(result))
	h.log.InfoContext(r.Context(), "control request", "request", r.URL.Path, "user", addr.String())
}

func (h *handler) erase(w http.ResponseWriter, r *http.Request) {
	var body erasure
	if !h.decode(w, r, &body, maxRequestBytes) {
		return
	}
	addr, err := ParseUser(body.JID)
	var report EraseReport
	if err == nil {
		report, err = h.admin.EraseUser(r.Context(), addr, body.Bury)
		// The log is no place for the name of who was erased.
		h.log.InfoContext(r.Context(), "control request", "request", r.URL.Path, "messages", report.Messages, "failed", err != nil)
	}
	h.reply(w, r, report, err)
}

func (h *handler) heldRows(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	owner, err := ParseUser(q.Get("owner"))
	var limit int
	if err == nil {
		limit, err = readLimit(q)
	}
	var rows []HeldRow
	if err == nil {
		rows, err = h.admin.HeldRows(r.Context(), owner, q.Get("after"), limit)
		h.log.InfoContext(r.Context(), "control request", "request", r.URL.Path, "owner", owner.String())
	}
	h.reply(w, r, rows, err)
}

// ExportUser implements Privacy.
func (c *Client) ExportUser(ctx context.Context, addr wire.Addr, to io.Writer) error {
	resp, err := c.send(ctx, http.MethodGet, "/users/export?"+url.Values{"jid": {addr.String()}}.Encode(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(to, resp.Body); err != nil {
		return fmt.Errorf("the export was cut short: %w", err)
	}
	switch result := resp.Trailer.Get(resultTrailer); result {
	case exportComplete:
		return nil
	case "":
		return fmt.Errorf("the export was cut short: see the server's log")
	default:
		e := &Error{}
		if err := json.Unmarshal([]byte(result), e); err != nil {
			return fmt.Errorf("the server's answer to /users/export is not understood: %w", err)
		}
		return e
	}
}

// EraseUser implements Privacy.
func (c *Client) EraseUser(ctx context.Context, addr wire.Addr, bury bool) (report EraseReport, err error) {
	err = c.post(ctx, "/users/erase", erasure{addr.String(), bury}, &report)
	return report, err
}

// HeldRows implements Privacy.
func (c *Client) HeldRows(ctx context.Context, owner wire.Addr, after string, limit int) (rows []HeldRow, err error) {
	q := url.Values{"owner": {owner.String()}, "after": {after}, "limit": {strconv.Itoa(limit)}}
	err = c.do(ctx, http.MethodGet, "/archive/held?"+q.Encode(), nil, &rows)
	return rows, err
}

// Expire implements Privacy.
func (c *Client) Expire(ctx context.Context) (report archive.KeeperReport, err error) {
	err = c.do(ctx, http.MethodPost, "/archive/expire", nil, &report)
	return report, err
}

// Reindex implements Privacy.
func (c *Client) Reindex(ctx context.Context) (rows int, err error) {
	err = c.do(ctx, http.MethodPost, "/archive/reindex", nil, &rows)
	return rows, err
}
