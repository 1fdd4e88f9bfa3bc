package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"salon.im/salon/wire"
)

const (
	// maxRequestBytes bounds a request's body, but for an import, which is bounded by line.
	maxRequestBytes = 16 << 10
	headerTime      = 5 * time.Second
	graceTime       = 5 * time.Second
)

// credentials is the body of requests about one user.
type credentials struct {
	JID      string `json:"jid"`
	Password string `json:"password,omitempty"`
}

// importReply is an import's report, with the error that ended it early.
type importReply struct {
	Report ImportReport `json:"report"`
	Error  *Error       `json:"failure,omitempty"`
}

// Serve answers on l (see Listen) until ctx ends or l is closed, then lets running requests finish for a few seconds and cuts the rest.
// It closes l, and returns nil after such an end.
func Serve(ctx context.Context, l net.Listener, a Admin, log *slog.Logger) error {
	s := &http.Server{
		Handler:           NewHandler(a, log),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		if !errors.Is(err, net.ErrClosed) {
			return errors.Join(err, s.Close())
		}
		ended <- nil
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	if s.Shutdown(grace) != nil {
		_ = s.Close() // what did not finish in time is cut
	}
	<-ended
	return nil
}

// NewHandler returns the server half: one path for each method of Admin.
func NewHandler(a Admin, log *slog.Logger) http.Handler {
	h := &handler{admin: a, log: log}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /users/add", h.user(func(r *http.Request, addr wire.Addr, password string) error {
		return a.AddUser(r.Context(), addr, password)
	}))
	mux.HandleFunc("POST /users/passwd", h.user(func(r *http.Request, addr wire.Addr, password string) error {
		return a.SetPassword(r.Context(), addr, password)
	}))
	mux.HandleFunc("POST /users/delete", h.user(func(r *http.Request, addr wire.Addr, _ string) error {
		return a.DeleteUser(r.Context(), addr)
	}))
	mux.HandleFunc("GET /users", h.list)
	mux.HandleFunc("POST /users/import", h.importUsers)
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		report, err := a.Reload(r.Context())
		h.reply(w, r, report, err)
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		status, err := a.Status(r.Context())
		h.reply(w, r, status, err)
	})
	h.handlePrivacy(mux)
	h.handleRooms(mux)
	h.handleCertificates(mux)
	return mux
}

type handler struct {
	admin Admin
	log   *slog.Logger
}

// user makes the handler of a request about one user.
func (h *handler) user(do func(r *http.Request, addr wire.Addr, password string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var c credentials
		if !h.decode(w, r, &c, maxRequestBytes) {
			return
		}
		addr, err := ParseUser(c.JID)
		if err == nil {
			err = do(r, addr, c.Password)
		}
		if err == nil {
			h.log.InfoContext(r.Context(), "control request", "request", r.URL.Path, "user", addr.String())
		}
		h.reply(w, r, struct{}{}, err)
	}
}

// decode reads the body of a request, of up to limit bytes, or answers that it is not understood.
func (h *handler) decode(w http.ResponseWriter, r *http.Request, body any, limit int64) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	d.DisallowUnknownFields()
	err := d.Decode(body)
	if err != nil {
		h.reply(w, r, nil, invalid("the request is not understood: %v", err))
	}
	return err == nil
}

// paging reads what a list is asked for: the host, the row to go on behind, and how many rows. It has answered if it is not ok.
func (h *handler) paging(w http.ResponseWriter, r *http.Request) (host string, after wire.Addr, limit int, ok bool) {
	q := r.URL.Query()
	limit, err := readLimit(q)
	if s := q.Get("after"); err == nil && s != "" {
		after, err = ParseUser(s)
	}
	if err != nil {
		h.reply(w, r, nil, err)
	}
	return q.Get("host"), after, limit, err == nil
}

// readLimit reads how many rows are asked for.
func readLimit(q url.Values) (int, error) {
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		return 0, invalid("limit %q is no number", q.Get("limit"))
	}
	return limit, nil
}

func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	if host, after, limit, ok := h.paging(w, r); ok {
		users, err := h.admin.ListUsers(r.Context(), host, after, limit)
		h.reply(w, r, users, err)
	}
}

// importUsers answers with the report even if the import ended early.
func (h *handler) importUsers(w http.ResponseWriter, r *http.Request) {
	report, err := h.admin.ImportUsers(r.Context(), r.Body)
	h.log.InfoContext(r.Context(), "control request", "request", r.URL.Path,
		"added", report.Added, "existing", report.Existing, "failed", report.Failed)
	reply := importReply{Report: report}
	if err != nil {
		reply.Error = h.explain(r, err)
		_, _ = io.Copy(io.Discard, r.Body) // so that the client stops sending and reads; it may be gone
	}
	h.reply(w, r, reply, nil)
}

// reply writes a value, or an error with its status.
func (h *handler) reply(w http.ResponseWriter, r *http.Request, value any, err error) {
	status := http.StatusOK
	if err != nil {
		e := h.explain(r, err)
		value, status = e, statuses[e.Kind]
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		h.log.DebugContext(r.Context(), "control reply", "error", err)
	}
}

// explain makes an Error of any error. Whoever may use the socket may know why something failed.
func (h *handler) explain(r *http.Request, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	h.log.ErrorContext(r.Context(), "control request failed", "request", r.URL.Path, "error", err)
	return &Error{Internal, err.Error()}
}

var statuses = map[Kind]int{
	Invalid:    http.StatusBadRequest,
	Missing:    http.StatusNotFound,
	Exists:     http.StatusConflict,
	Held:       http.StatusConflict,
	NotRunning: http.StatusServiceUnavailable,
	Internal:   http.StatusInternalServerError,
}
