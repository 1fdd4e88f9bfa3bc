package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"salon.im/salon/web"
)

func registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "salon_tests_total", Help: "Tests."})
	c.Inc()
	r.MustRegister(c)
	return r
}

func good(context.Context) error { return nil }
func bad(context.Context) error  { return errors.New("disk is full") }

func TestAnswers(t *testing.T) {
	storage, commit := web.Check{Name: "storage", Run: good}, web.Check{Name: "archive", Run: bad}
	for _, c := range []struct {
		name   string
		o      web.Options
		method string
		path   string
		status int
		body   string
	}{
		{"alive", web.Options{Ready: []web.Check{commit}}, "GET", "/healthz", 200, "ok\n"},
		{"alive, HEAD", web.Options{}, "HEAD", "/healthz", 200, ""},
		{"ready without checks", web.Options{}, "GET", "/readyz", 200, "ok\n"},
		{"ready", web.Options{Ready: []web.Check{storage}}, "GET", "/readyz", 200, "ok\n"},
		{"not ready", web.Options{Ready: []web.Check{storage, commit}}, "GET", "/readyz", 503, "archive\n"},
		{"not ready, and why", web.Options{Ready: []web.Check{storage, commit}, Loopback: true}, "GET", "/readyz", 503, "archive: disk is full\n"},
		{"metrics", web.Options{Metrics: registry()}, "GET", "/metrics", 200, "salon_tests_total 1"},
		{"no metrics", web.Options{}, "GET", "/metrics", 404, ""},
		{"elsewhere", web.Options{}, "GET", "/", 404, ""},
		{"POST", web.Options{}, "POST", "/healthz", 405, ""},
		{"DELETE elsewhere", web.Options{}, "DELETE", "/x", 405, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "http://127.0.0.1:5280"+c.path, nil)
			w := httptest.NewRecorder()
			web.New(c.o).ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("%d %q", w.Code, w.Body)
			}
		})
	}
}

func TestHostIsThisMachine(t *testing.T) {
	for host, ok := range map[string]bool{
		"localhost": true, "LOCALHOST:5280": true, "127.0.0.1": true, "127.0.0.1:5280": true, "[::1]:5280": true, "[::1]": true,
		"192.0.2.1:5280": true, "evil.example": false, "evil.example:5280": false, "localhost.evil.example": false, "": false,
		"127.0.0.1.evil.example": false,
	} {
		for _, loopback := range []bool{true, false} {
			r := httptest.NewRequest("GET", "/healthz", nil)
			r.Host = host
			w := httptest.NewRecorder()
			web.New(web.Options{Loopback: loopback}).ServeHTTP(w, r)
			want := 200
			if loopback && !ok {
				want = 421
			}
			if w.Code != want {
				t.Errorf("host %q, loopback %v: %d, want %d", host, loopback, w.Code, want)
			}
		}
	}
}

func TestProbesAreBounded(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	slow := web.Check{Name: "slow", Run: func(context.Context) error {
		entered <- struct{}{}
		<-release
		return nil
	}}
	h := web.New(web.Options{Ready: []web.Check{slow}})
	probe := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		return w.Code
	}
	const bound = 8
	codes := make(chan int, bound)
	for range bound {
		go func() { codes <- probe() }()
		<-entered
	}
	if got := probe(); got != 503 {
		t.Errorf("one probe too many: %d", got)
	}
	close(release)
	for range bound {
		if got := <-codes; got != 200 {
			t.Errorf("a probe within the bound: %d", got)
		}
	}
}

func TestServeEndsInPeace(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := web.Check{Name: "stop", Run: func(context.Context) error { cancel(); return nil }}
	ended := make(chan error, 1)
	go func() {
		ended <- web.Serve(ctx, l, web.New(web.Options{Ready: []web.Check{stop}}), slog.New(slog.DiscardHandler))
	}()
	resp, err := http.Get("http://" + l.Addr().String() + "/readyz") // a request under way finishes
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || string(body) != "ok\n" {
		t.Errorf("%q %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("still listening")
	}
}

// broken is a listener that fails.
type broken struct{ net.Listener }

func (broken) Accept() (net.Conn, error) { return nil, errors.New("out of sockets") }

func TestServeTellsWhyItStopped(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	if err := web.Serve(t.Context(), broken{l}, web.New(web.Options{}), quiet); err == nil || err.Error() != "out of sockets" {
		t.Error("broken:", err)
	}
	_ = l.Close()
	if err := web.Serve(t.Context(), l, web.New(web.Options{}), quiet); err != nil {
		t.Error("closed by its owner:", err)
	}
}

func TestHeaderIsBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, web.New(web.Options{}), slog.New(slog.DiscardHandler)) }()
	r, err := http.NewRequest("GET", "http://"+l.Addr().String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{web.MaxHeaderBytes / 2: 200, web.MaxHeaderBytes + 8<<10: 431} {
		r.Header.Set("X-Long", strings.Repeat("x", size))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", size, resp.StatusCode, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
