package main_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// freePort returns a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestCertCommands(t *testing.T) {
	withAndWithout(t, func(t *testing.T, data string) {
		salon(t, "", "cert", "check", "--data", data).want(t, 0, "no host has automatic certificates: see tls.acme.ca", "")
		salon(t, "", "cert", "check", "--data", data, "--json").want(t, 0, `{"check":"authority","verdict":"warning","text":"no host`, "")
		list := salon(t, "", "cert", "list", "--data", data)
		if strings.Contains(t.Name(), "without") {
			list.want(t, 1, "", "no server is running")
			salon(t, "", "cert", "renew", "a.test", "--data", data).want(t, 1, "", "no server is running")
			return
		}
		list.want(t, 0, "a.test             self-signed  by a.test  ends 20", "")
		list.want(t, 0, "conference.a.test  self-signed", "")
		salon(t, "", "cert", "list", "--data", data, "--json").want(t, 0, `{"name":"conference.a.test","origin":"self-signed","issuer":"a.test","ends":"20`, "")
		salon(t, "", "cert", "renew", "a.test", "--data", data).want(t, 1, "", "a.test: its certificate is not issued automatically: see tls.acme")
		salon(t, "", "cert", "renew", "a.test", "--data", data, "--json").want(t, 1, "", `{"kind":"missing"`)
	})
}

// An authority that is not there: the check says so, and the server starts with what it has.
func TestCertWithoutAuthority(t *testing.T) {
	data := dataDir(t)
	for key, value := range map[string]string{"CA": "https://127.0.0.1:1/directory", "EMAIL": "admin@a.test", "TLS_PORT": freePort(t), "HTTP_PORT": freePort(t)} {
		t.Setenv("SALON_CFG_TLS__ACME__"+key, value)
	}
	check := salon(t, "", "cert", "check", "--data", data, "--host", "localhost") // a name that no DNS server is asked for
	check.want(t, 1, "it cannot be reached: Get", "3 of 5 checks failed")
	check.want(t, 1, "no authority issues for it: localhost is no name of yours", "3 of 5 checks failed")
	metrics := "127.0.0.1:" + freePort(t)
	t.Setenv("SALON_CFG_LISTEN__HTTP", metrics)
	p := serve(t, "--data", data)
	if !strings.Contains(p.greeting, "self-signed for a.test until the authority's is there") {
		t.Error(p.greeting)
	}
	salon(t, "", "cert", "list", "--data", data).want(t, 0, "a.test             self-signed  by a.test", "")
	resp, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	for _, want := range []string{`salon_certificate_end_timestamp_seconds{name="a.test",origin="self-signed"} `, `salon_certificate_failures{name="a.test"} `,
		"salon_certificates_issued_total 0\n", "salon_certificate_failures_total "} {
		if !strings.Contains(string(page), want) {
			t.Error("no", want, err)
		}
	}
}
