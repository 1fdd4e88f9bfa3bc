package config_test

import (
	"reflect"
	"strings"
	"testing"

	"salon.im/salon/config"
)

func TestAuthority(t *testing.T) {
	cfg := load(t, `
hosts:
  - {name: a.test}
  - {name: b.test, tls: {acme: {ca: none}}}
  - {name: c.test, tls: {acme: {ca: "https://ca.c.test/directory", email: b@c.test}}}
  - {name: d.test, tls: {acme: {email: b@d.test}}}
tls: {acme: {ca: letsencrypt-staging, email: a@a.test}}`)
	for i, want := range [][2]string{
		{"https://acme-staging-v02.api.letsencrypt.org/directory", "a@a.test"},
		{"", ""},
		{"https://ca.c.test/directory", "b@c.test"},
		{"https://acme-staging-v02.api.letsencrypt.org/directory", "b@d.test"},
	} {
		ca, email := cfg.Authority(cfg.Hosts[i])
		if got := [2]string{ca, email}; got != want {
			t.Errorf("%s: %q, want %q", cfg.Hosts[i].Name, got, want)
		}
		resolved := cfg.For(cfg.Hosts[i])
		if ca, email := cfg.Authority(resolved); [2]string{ca, email} != want {
			t.Errorf("%s: For gives another authority", cfg.Hosts[i].Name)
		}
	}
	if ca, _ := config.Default().Authority(config.Host{Name: "a.test"}); ca != "" {
		t.Errorf("by default %q", ca)
	}
}

func TestAuthorityRefuses(t *testing.T) {
	for i, c := range []struct{ yaml, want string }{
		{`tls: {acme: {ca: letsencrypt}}`, "tls.acme.email: want your address"},
		{`tls: {acme: {ca: letsencrypt, email: "Admin <a@a.test>"}}`, "tls.acme.email: want an address such as"},
		{`tls: {acme: {ca: "http://ca.test/directory", email: a@a.test}}`, "tls.acme.ca: want none, letsencrypt"},
		{`tls: {acme: {ca: "", email: a@a.test}}`, "tls.acme.ca: want none"},
		{`tls: {acme: {challenges: []}}`, "tls.acme.challenges: want at least one"},
		{`tls: {acme: {challenges: [dns-01]}}`, `tls.acme.challenges[0]: "dns-01" is unknown`},
		{`tls: {acme: {tls_port: 0}}`, "tls.acme.tls_port: 0 is out of range (1 to 65535)"},
		{`hosts: [{name: a.test, tls: {acme: {ca: letsencript, email: a@a.test}}}]`, "hosts[0].tls.acme.ca: want none, letsencrypt"},
		{`hosts: [{name: a.test, tls: {acme: {ca: letsencrypt}}}]`, "tls.acme.email: want your address"},
	} {
		if got := strings.Join(refused(t, c.yaml), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%d: got %s\nwant %s", i, got, c.want)
		}
	}
}

func TestReloadOfHostAuthority(t *testing.T) {
	old := load(t, `hosts: [{name: a.test}]`)
	loaded := load(t, `hosts: [{name: a.test, tls: {acme: {ca: letsencrypt, email: a@a.test}}}]`)
	apply, applied, restart := config.Reload(old, loaded)
	if len(applied) != 0 || !reflect.DeepEqual(restart, []string{"hosts[0].tls"}) || apply.Hosts[0].TLS != nil {
		t.Errorf("applied %q, restart %q", applied, restart)
	}
}
