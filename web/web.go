package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"
)

// Bounds of the listener.
const (
	// MaxConnections is how many connections it holds; more wait in the kernel.
	MaxConnections = 64
	// MaxHeaderBytes bounds a request's header; net/http adds 4 KiB of its own slack.
	MaxHeaderBytes = 8 << 10

	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	writeTime  = 20 * time.Second
	idleTime   = time.Minute
	graceTime  = 5 * time.Second
)

// Options is what New needs.
type Options struct {
	// Metrics is shown by /metrics; nil serves none.
	Metrics prometheus.Gatherer
	// Ready are asked in this order by /readyz.
	Ready []Check
	// Loopback says that the listener is bound to this machine alone. Then requests must name it by address or as
	// localhost, and /readyz tells why a check failed, not only which one.
	Loopback bool
}

// New returns the handler of the local listener. It answers GET and HEAD, and nothing else.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", healthz)
	mux.Handle("/readyz", readyz(o.Ready, o.Loopback))
	if o.Metrics != nil {
		mux.Handle("/metrics", metrics(o.Metrics))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// No request here has a body, and where one ends is what servers in a row may disagree about (RFC 9112 §11.2).
		body := r.ContentLength != 0 || len(r.TransferEncoding) > 0
		if body {
			w.Header().Set("Connection", "close")
		}
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are served here", http.StatusMethodNotAllowed)
		case body:
			http.Error(w, "requests have no body here", http.StatusBadRequest)
		case path.Clean(r.URL.Path) != r.URL.Path:
			http.NotFound(w, r) // the mux would redirect to where such a path leads
		case o.Loopback && !localName(r.Host):
			// A page of a stranger whose name was pointed at this machine (DNS rebinding) comes with that name.
			http.Error(w, "use an address or localhost to reach this listener", http.StatusMisdirectedRequest)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// localName says whether a Host header, with or without a port, is an address or localhost.
func localName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// Serve answers on l until ctx ends or l is closed, then closes l, lets running requests finish for a few seconds, and cuts the rest.
// It returns nil after such an end, else why it stopped.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(netutil.LimitListener(l, MaxConnections)) }()
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
	if err := s.Shutdown(grace); err != nil {
		err = s.Close()
		if err != nil {
			return err
		}
	}
	<-ended
	return nil
}
