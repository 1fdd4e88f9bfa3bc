package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
)

// write makes a file in a directory of the test and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads YAML and environment, which must be right.
func load(t *testing.T, yaml string, env ...string) *config.Config {
	t.Helper()
	cfg, err := config.Load(config.Source{File: write(t, "salon.yaml", yaml), Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// refused loads YAML and environment, which must be wrong, and returns the errors, a line each, without the directory.
func refused(t *testing.T, yaml string, env ...string) []string {
	t.Helper()
	path := write(t, "salon.yaml", yaml)
	cfg, err := config.Load(config.Source{File: path, Env: env})
	if err == nil {
		t.Fatalf("loaded: %+v", cfg)
	}
	if cfg != nil {
		t.Error("a Config beside an error")
	}
	return strings.Split(strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""), "\n")
}

func TestLoadRefuses(t *testing.T) {
	for i, test := range []struct{ yaml, want string }{
		// Unknown and repeated keys, at each level.
		0: {"regstration: open", "salon.yaml:1: regstration: unknown key; the nearest is registration"},
		1: {"limits:\n  stnza: 1MiB", "salon.yaml:2: limits.stnza: unknown key; the nearest is limits.stanza"},
		2: {"hosts:\n- name: a.example\n  room: x.example", "salon.yaml:3: hosts[0].room: unknown key; the nearest is hosts.rooms"},
		3: {"level: debug", "salon.yaml:1: level: unknown key; the nearest is log.level"},
		4: {"log.level: debug", "salon.yaml:1: log.level: a key has no dot; write log: {level: …}"},
		5: {"Registration: open", "salon.yaml:1: Registration: unknown key; the nearest is registration"},
		6: {"log:\n  level: info\n  level: warn", "salon.yaml:3: log.level: is set twice, first on line 2"},
		7: {"log: {}\ntls: {}\nlog: {}", "salon.yaml:3: log: is set twice, first on line 1"},
		8: {"1: x", "salon.yaml:1: 1: unknown key; the nearest is tls"},
		9: {"contact:\n  abus: []", "salon.yaml:2: contact.abus: unknown key; the nearest is contact.abuse"},
		// No weak typing.
		10: {"registration: 1", "salon.yaml:1: registration: want one of closed, open; this is a number"},
		11: {"tls:\n  require: \"true\"", "salon.yaml:2: tls.require: want true or false; this is text"},
		12: {"tls:\n  require: yes", "salon.yaml:2: tls.require: want true or false; this is text"},
		13: {"tls:\n  require: 1", "salon.yaml:2: tls.require: want true or false; this is a number"},
		14: {"listen:\n  c2s: \"a,b\"", "salon.yaml:2: listen.c2s: want a list, such as [a, b]; this is text"},
		15: {"limits:\n  depth: \"64\"", "salon.yaml:2: limits.depth: want a whole number; this is text"},
		16: {"limits:\n  depth: 64.0", "salon.yaml:2: limits.depth: want a whole number; this is a number"},
		17: {"limits:\n  depth: 0x40", "salon.yaml:2: limits.depth: want a whole number, not \"0x40\""},
		18: {"data: 5", "salon.yaml:1: data: want text; put quotes around it; this is a number"},
		19: {"data: 2026-01-02", "salon.yaml:1: data: want text; put quotes around it; this is a date"},
		20: {"admins: [true]", "salon.yaml:1: admins[0]: want text; put quotes around it; this is true or false"},
		21: {"hosts: {name: a.example}", "salon.yaml:1: hosts: want a list of sections, each begins with '- '; this is a section"},
		22: {"hosts: [a.example]", "salon.yaml:1: hosts[0]: want keys and values; this is text"},
		23: {"log: debug", "salon.yaml:1: log: want keys and values; this is text"},
		24: {"log:\n  level: [info]", "salon.yaml:2: log.level: want one of debug, info, warn, error; this is a list"},
		25: {"data: !!binary aGk=", "salon.yaml:1: data: want text; put quotes around it; this is the YAML type !!binary"},
		26: {"- a", "salon.yaml:1: want keys and values; this is a list"},
		// Durations and sizes.
		27: {"limits:\n  login_time: 30", "salon.yaml:2: limits.login_time: a duration needs its unit: write 30s for seconds, or another of ms, m, h"},
		28: {"limits:\n  login_time: \"30\"", "salon.yaml:2: limits.login_time: a duration needs its unit: write 30s for seconds, or another of ms, m, h"},
		29: {"auth:\n  delay: 1.5", "salon.yaml:2: auth.delay: a duration needs its unit: write 1.5s for seconds, or another of ms, m, h"},
		30: {"auth:\n  delay: -1s", "salon.yaml:2: auth.delay: want a duration that is not negative, not \"-1s\""},
		31: {"auth:\n  delay: -1", "salon.yaml:2: auth.delay: want a duration such as 500ms, 30s, 5m or 1h, not \"-1\""},
		32: {"auth:\n  delay: nan", "salon.yaml:2: auth.delay: want a duration such as 500ms, 30s, 5m or 1h, not \"nan\""},
		33: {"auth:\n  delay: [1s]", "salon.yaml:2: auth.delay: want a duration such as 500ms, 30s, 5m or 1h; this is a list"},
		34: {"limits:\n  stanza: -1", "salon.yaml:2: limits.stanza: want a size that is not negative, not \"-1\""},
		35: {"limits:\n  stanza: 1MB", "salon.yaml:2: limits.stanza: want a size such as 65536, 256KiB, 1MiB or 2GiB, not \"1MB\""},
		36: {"limits:\n  stanza: 1.5", "salon.yaml:2: limits.stanza: want a size such as 65536, 256KiB, 1MiB or 2GiB; this is a number"},
		// Nothing, and what YAML can do beside.
		37: {"log:\n  level:", "salon.yaml:2: log.level: has no value; want one of debug, info, warn, error, or remove the key"},
		38: {"admins:", "salon.yaml:1: admins: has no value; want a list, such as [a, b], or remove the key"},
		39: {"admins: [~]", "salon.yaml:1: admins[0]: has no value; want text; put quotes around it"},
		40: {"tls: &a {}\nlog: *a", "salon.yaml:2: log: anchors and aliases are not supported; write the value out"},
		41: {"log: &a {}\ntls: {<<: *a}", "salon.yaml:2: tls: a key must be a plain word; anchors and merges are not supported"},
		42: {"? [a]\n: b", "salon.yaml:1: a key must be a plain word; anchors and merges are not supported"},
		43: {"log: {}\n---\ntls: {}", "salon.yaml:2: a second document begins here; want one"},
		44: {"log:\n\tlevel: info", "salon.yaml:2: not YAML: found character that cannot start any token"},
		45: {"data: \"a\\nb\"", "salon.yaml:1: data: want text in UTF-8 without control characters"},
		46: {strings.Repeat("#", 1<<20+1), "salon.yaml: is longer than 1MiB; check --config"},
	} {
		if got := refused(t, test.yaml); !reflect.DeepEqual(got, []string{test.want}) {
			t.Errorf("%d: %q\n got %s\nwant %s", i, test.yaml, strings.Join(got, "\n     "), test.want)
		}
	}
}

func TestLoadCollectsEveryErrorByLine(t *testing.T) {
	got := refused(t, `
limits:
  depth: 5
  stanza: big
admins: [alice, bob@example.org, 5, carol@example.org/x]
log: {levl: info}
`, "SALON_CFG_LOG__LEVEL=loud", "SALON_CFG_NONSENSE=1")
	want := []string{
		`salon.yaml:3: limits.depth: 5 is out of range (16 to 1000)`,
		`salon.yaml:4: limits.stanza: want a size such as 65536, 256KiB, 1MiB or 2GiB, not "big"`,
		`salon.yaml:5: admins[2]: want text; put quotes around it; this is a number`,
		`salon.yaml:5: admins[0]: want a bare address such as alice@example.org, not "alice"`,
		`salon.yaml:5: admins[3]: want a bare address such as alice@example.org, not "carol@example.org/x"`,
		`salon.yaml:6: log.levl: unknown key; the nearest is log.level`,
		`SALON_CFG_NONSENSE: unknown variable; the nearest is SALON_CFG_DATA`,
		`SALON_CFG_LOG__LEVEL: log.level: "loud" is unknown; want one of debug, info, warn, error`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestLoadErrorsAreTyped(t *testing.T) {
	path := write(t, "salon.yaml", "\nlog: {level: loud}")
	_, err := config.Load(config.Source{File: path})
	var e *config.Error
	if !errors.As(err, &e) || e.File != path || e.Line != 2 || e.Key != "log.level" || e.Problem == "" {
		t.Errorf("got %#v", e)
	}
}

func TestLoadReadsEachType(t *testing.T) {
	cfg := load(t, `
hosts:
  - name: Example.ORG.
  - name: bücher.example
    rooms: rooms.xn--bcher-kva.example
    registration: open
    admins: []
    contact: {abuse: ["mailto:abuse@example.org"]}
listen: {c2s: ["192.0.2.1:5222", "[2001:db8::1]:5222"], http: ""}
limits: # the keys are commented out
tls: {require: false, files: [{certificate: a.pem, key: b.pem}]}
auth: {mechanisms: [PLAIN], delay: 0s, max_delay: 1m30s}
archive: {queue_bytes: 67108865}
admins: [Alice@Example.org]
`)
	want := config.Default()
	want.Hosts = []config.Host{
		{Name: "example.org", Rooms: "conference.example.org"},
		{Name: "bücher.example", Rooms: "rooms.bücher.example", Registration: config.RegistrationOpen, Admins: []string{},
			Contact: &config.Contact{Abuse: []string{"mailto:abuse@example.org"}, Admin: []string{}, Feedback: []string{},
				Sales: []string{}, Security: []string{}, Status: []string{}, Support: []string{}}},
	}
	want.Listen = config.Listen{C2S: []string{"192.0.2.1:5222", "[2001:db8::1]:5222"}, C2SDirect: []string{}}
	want.TLS.Files, want.TLS.Require = []config.CertFile{{Certificate: "a.pem", Key: "b.pem"}}, false
	want.Auth.Mechanisms, want.Auth.Delay, want.Auth.MaxDelay = []string{"PLAIN"}, 0, 90*time.Second
	want.Archive.QueueBytes = 64*config.MiB + 1
	want.Admins = []string{"alice@example.org"}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestLoadOfNothingIsDefault(t *testing.T) {
	for i, yaml := range []string{0: "", 1: "# nothing", 2: "---", 3: "{}", 4: "log:\ntls:\n", 5: "hosts: [{name: localhost}]"} {
		if cfg := load(t, yaml); !reflect.DeepEqual(cfg, config.Default()) {
			t.Errorf("%d: got %+v", i, cfg)
		}
	}
}

func TestLoadReadsAnew(t *testing.T) {
	path := write(t, "salon.yaml", "log: {level: debug}\nregistration: open")
	first, err := config.Load(config.Source{File: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("log: {level: warn}"), 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := config.Load(config.Source{File: path})
	if err != nil {
		t.Fatal(err)
	}
	if first.Log.Level != "debug" || second.Log.Level != "warn" || second.Registration != config.RegistrationClosed {
		t.Errorf("got %v %v %v: the first load shows through", first.Log.Level, second.Log.Level, second.Registration)
	}
}

func TestLoadTellsTheFirstHundredErrors(t *testing.T) {
	for i, yaml := range []string{
		0: "{" + strings.Repeat("a: 1, ", 100) + "}",
		1: "{" + strings.Repeat("a: 1, ", 101) + "}",
		2: "{" + strings.Repeat("a: 1, ", 1<<17) + "}",
		3: "admins: [" + strings.Repeat("a, ", 1<<17) + "]",
		4: "admins: [" + strings.Repeat("~, ", 1<<17) + "]",
	} {
		got := refused(t, yaml)
		want, last := 101, "there are more errors; these are the first 100"
		if i == 0 {
			want, last = 100, got[99]
		}
		if len(got) != want || got[len(got)-1] != last {
			t.Errorf("%d: %d errors, the last is %s", i, len(got), got[len(got)-1])
		}
	}
}
