package config_test

import (
	"log/slog"
	"net/netip"
	"reflect"
	"testing"

	"salon.im/salon/config"
)

func TestAddrs(t *testing.T) {
	loopback := func(port string) []string { return []string{"127.0.0.1:" + port, "[::1]:" + port} }
	for i, test := range []struct {
		yaml        string
		c2s, direct []string
	}{
		0: {"", loopback("5222"), loopback("5223")},
		1: {"hosts: [{name: chat.lan}]", []string{":5222"}, []string{":5223"}},
		2: {"hosts: [{name: localhost}, {name: chat.lan}]", []string{":5222"}, []string{":5223"}},
		3: {"listen: {c2s: [\"127.0.0.1:1\"]}", []string{"127.0.0.1:1"}, loopback("5223")},
		4: {"listen: {c2s_direct: [\":1\", \":2\"]}", loopback("5222"), []string{":1", ":2"}},
	} {
		cfg := load(t, test.yaml)
		if c2s, direct := cfg.C2SAddrs(), cfg.C2SDirectAddrs(); !reflect.DeepEqual(c2s, test.c2s) || !reflect.DeepEqual(direct, test.direct) {
			t.Errorf("%d: got %v %v", i, c2s, direct)
		}
	}
}

func TestFor(t *testing.T) {
	cfg := load(t, `
registration: open
admins: [root@a.example]
contact: {abuse: ["mailto:abuse@a.example"]}
hosts:
  - name: a.example
  - {name: b.example, registration: closed, admins: [], contact: {}}
`)
	a, b := cfg.For(cfg.Hosts[0]), cfg.For(cfg.Hosts[1])
	if a.Registration != config.RegistrationOpen || len(a.Admins) != 1 || len(a.Contact.Abuse) != 1 {
		t.Errorf("a does not inherit: %+v", a)
	}
	if b.Registration != config.RegistrationClosed || len(b.Admins) != 0 || len(b.Contact.Abuse) != 0 {
		t.Errorf("b does not override: %+v", b)
	}
	if cfg.Hosts[0].Registration != "" {
		t.Error("the entry was changed")
	}
}

func TestDomains(t *testing.T) {
	cfg := load(t, `
archive: {search: true}
hosts:
  - {name: b.example, archive: {search: false}}
  - {name: a.example, rooms: talk.example}
`)
	hosts, rooms := cfg.HostNames(), cfg.RoomDomains()
	if !reflect.DeepEqual(hosts, []string{"b.example", "a.example"}) || !reflect.DeepEqual(rooms, []string{"conference.b.example", "talk.example"}) {
		t.Errorf("got %v %v", hosts, rooms)
	}
	for domain, want := range map[string]bool{"a.example": true, "talk.example": true, "b.example": false, "conference.b.example": false, "other.example": false} {
		if cfg.Searches(domain) != want {
			t.Errorf("%s: got %v", domain, !want)
		}
	}
}

func TestPaths(t *testing.T) {
	for i, test := range []struct{ yaml, database, key string }{
		0: {"", "data/salon.db", "data/secret.key"},
		1: {"data: /var/lib/salon", "/var/lib/salon/salon.db", "/var/lib/salon/secret.key"},
		2: {"storage: {url: \"sqlite:/db\"}\nsecret_key_file: /key", "/db", "/key"},
	} {
		cfg := load(t, test.yaml)
		if cfg.SQLitePath() != test.database || cfg.SecretKeyPath() != test.key {
			t.Errorf("%d: got %s %s", i, cfg.SQLitePath(), cfg.SecretKeyPath())
		}
	}
}

func TestExemptPrefixes(t *testing.T) {
	l := config.Limits{ConnectionsExempt: []string{"192.0.2.7/24", "no", "2001:db8::/32"}}
	want := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	if got := l.ExemptPrefixes(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestLevel(t *testing.T) {
	for word, want := range map[config.LogLevel]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError, "?": slog.LevelInfo,
	} {
		if got := word.Level(); got != want {
			t.Errorf("%s: got %v", word, got)
		}
	}
}
