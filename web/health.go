package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	checkTime = 5 * time.Second
	// maxProbes bounds the probes that wait for checks at a time, however slow those are.
	maxProbes = 8
)

// Check is one condition of readiness. Run must honour its context and is called from many goroutines.
type Check struct {
	Name string
	Run  func(context.Context) error
}

// healthz says that the process answers. It asks nothing, so that a slow database does not get the server killed.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "ok") // the prober has gone: nobody to tell
}

// readyz answers 200 if all checks pass, else 503 with a line for each that failed. reasons adds their errors.
func readyz(checks []Check, reasons bool) http.Handler {
	slots := make(chan struct{}, maxProbes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			http.Error(w, "probes: too many wait for an answer already", http.StatusServiceUnavailable)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), checkTime)
		defer cancel()
		var failed string
		for _, c := range checks {
			if err := c.Run(ctx); err != nil && reasons {
				failed += c.Name + ": " + err.Error() + "\n"
			} else if err != nil {
				failed += c.Name + "\n"
			}
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if failed != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprint(w, failed)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
}
