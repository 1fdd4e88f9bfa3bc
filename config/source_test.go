package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"salon.im/salon/config"
)

func TestEnvOverrides(t *testing.T) {
	t.Setenv("SALON_CFG_LOG__LEVEL", "warn") // not in Source.Env: not read
	cfg := load(t, "limits: {depth: 100}\nlisten: {http: \":80\"}\nlog: {level: error}",
		"SALON_CFG_LIMITS__DEPTH=50", "SALON_CFG_LIMITS__STANZA=512KiB", "SALON_CFG_AUTH__DELAY=2s",
		"SALON_CFG_TLS__REQUIRE=false", "SALON_CFG_LISTEN__HTTP=", "SALON_CFG_STORAGE__URL=sqlite:/x=y.db",
		"SALON_CFG_REGISTRATION_PER_HOUR=6", "SALON_CFG_REGISTRATION_PER_HOUR=7", "PATH=/bin", "SALON_CF=1")
	want := config.Default()
	want.Limits.Depth, want.Limits.Stanza, want.Auth.Delay = 50, 512*config.KiB, 2e9
	want.TLS.Require, want.Listen.HTTP, want.Storage.URL = false, "", "sqlite:/x=y.db"
	want.RegistrationPerHour, want.Log.Level = 7, "error"
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestEnvRefuses(t *testing.T) {
	for i, test := range []struct{ env, want string }{
		0:  {"SALON_CFG_LOG__LEVL=info", "SALON_CFG_LOG__LEVL: unknown variable; the nearest is SALON_CFG_LOG__LEVEL"},
		1:  {"SALON_CFG_LOG_LEVEL=info", "SALON_CFG_LOG_LEVEL: unknown variable; the nearest is SALON_CFG_LOG__LEVEL"},
		2:  {"SALON_CFG_log__level=info", "SALON_CFG_log__level: unknown variable; the nearest is SALON_CFG_LOG__LEVEL"},
		3:  {"SALON_CFG_HOSTS=a", "SALON_CFG_HOSTS: hosts: is a list, which a variable cannot set; write it into the file"},
		4:  {"SALON_CFG_HOSTS__0__NAME=a", "SALON_CFG_HOSTS__0__NAME: hosts: is a list, which a variable cannot set; write it into the file"},
		5:  {"SALON_CFG_LISTEN__C2S=:1", "SALON_CFG_LISTEN__C2S: listen.c2s: is a list, which a variable cannot set; write it into the file"},
		6:  {"SALON_CFG_LIMITS__DEPTH=", `SALON_CFG_LIMITS__DEPTH: limits.depth: want a whole number, not ""`},
		7:  {"SALON_CFG_TLS__REQUIRE=1", `SALON_CFG_TLS__REQUIRE: tls.require: want true or false, not "1"`},
		8:  {"SALON_CFG_AUTH__DELAY=1", "SALON_CFG_AUTH__DELAY: auth.delay: a duration needs its unit: write 1s for seconds, or another of ms, m, h"},
		9:  {"SALON_CFG_AUTH__DELAY=1h", "SALON_CFG_AUTH__DELAY: auth.delay: 1h is out of range (10ms to 1m, or 0: off)"},
		10: {"SALON_CFG_DATA=", "SALON_CFG_DATA: data: want a directory"},
		11: {"SALON_CFG_DATA=\xff", "SALON_CFG_DATA: data: want text in UTF-8 without control characters"},
		12: {"SALON_CFG_STORAGE__URL=postgres://u:geheim@h", "SALON_CFG_STORAGE__URL: storage.url: " + wantPostgres},
		13: {"SALON_CFG_LIMITS__VCARD_BYTES=1MiB", "SALON_CFG_LIMITS__VCARD_BYTES: limits.stanza: 256KiB is less than limits.vcard_bytes (1MiB)"},
	} {
		if got := refused(t, "", test.env); !reflect.DeepEqual(got, []string{test.want}) {
			t.Errorf("%d: got %s\nwant %s", i, strings.Join(got, "\n"), test.want)
		}
	}
}

func TestEveryScalarHasAVariable(t *testing.T) {
	for _, key := range keys() {
		name := "SALON_CFG_" + strings.ToUpper(strings.ReplaceAll(key.name, ".", "__"))
		_, err := config.Load(config.Source{File: os.DevNull, Env: []string{name + "=\x00"}})
		if err == nil || strings.Contains(err.Error(), "unknown variable") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPath(t *testing.T) {
	with, without := t.TempDir(), t.TempDir()
	inData := filepath.Join(with, "salon.yaml")
	if err := os.WriteFile(inData, []byte("log: {level: debug}\ndata: elsewhere"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct {
		source config.Source
		path   string
		data   string
	}{
		0: {config.Source{}, "", "./data"},
		1: {config.Source{Data: without}, "", without},
		2: {config.Source{Data: with}, inData, with},
		3: {config.Source{Env: []string{"SALON_CFG_DATA=" + with}}, inData, with},
		4: {config.Source{Env: []string{"SALON_CFG_DATA=" + with}, Data: without}, "", without},
		5: {config.Source{File: inData}, inData, "elsewhere"},
		6: {config.Source{File: os.DevNull, Data: with}, os.DevNull, with},
	} {
		if got := test.source.Path(); got != test.path {
			t.Errorf("%d: path %q, want %q", i, got, test.path)
		}
		cfg, err := config.Load(test.source)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if cfg.Data != test.data {
			t.Errorf("%d: data %q, want %q", i, cfg.Data, test.data)
		}
		if want := test.path == inData; want != (cfg.Log.Level == "debug") {
			t.Errorf("%d: level %s", i, cfg.Log.Level)
		}
	}
}

func TestMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.yaml")
	_, err := config.Load(config.Source{File: path})
	if want := path + ": cannot be read: no such file or directory; check --config"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestUnreadableFileInTheDataDirectory(t *testing.T) {
	data := t.TempDir()
	path := filepath.Join(data, "salon.yaml")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(config.Source{Data: data})
	if want := path + ": cannot be read: is a directory; let this user read it, or choose another directory with --data"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestHostFlag(t *testing.T) {
	yaml := "hosts: [{name: a.example}, {name: b.example, rooms: rooms.b.example, registration: open}]"
	path := write(t, "salon.yaml", yaml)
	for i, test := range []struct {
		host string
		want config.Host
	}{
		0: {"chat.lan", config.Host{Name: "chat.lan", Rooms: "conference.chat.lan"}},
		1: {"B.example", config.Host{Name: "b.example", Rooms: "rooms.b.example", Registration: "open"}},
	} {
		cfg, err := config.Load(config.Source{File: path, Host: test.host})
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if !reflect.DeepEqual(cfg.Hosts, []config.Host{test.want}) {
			t.Errorf("%d: got %+v", i, cfg.Hosts)
		}
	}
	_, err := config.Load(config.Source{File: path, Host: "192.0.2.1"})
	if want := "--host: hosts[0].name: 192.0.2.1 is an address, below which rooms have no domain; take a name such as chat.lan"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = config.Load(config.Source{File: path, Host: "a b"})
	if want := `--host: hosts[0].name: want a domain such as example.org, not "a b"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestURLFile(t *testing.T) {
	secret := write(t, "url", "  sqlite:/var/lib/salon.db\r\n")
	cfg := load(t, "storage: {url_file: "+secret+"}")
	if cfg.Storage.URL != "sqlite:/var/lib/salon.db" || cfg.Storage.URLFile != secret {
		t.Errorf("got %+v", cfg.Storage)
	}
	dir := t.TempDir()
	for i, test := range []struct{ file, url, want string }{
		0: {secret, "sqlite:x", "storage.url is set too; set one of the two"},
		1: {dir + "/none", "", dir + "/none cannot be read: no such file or directory"},
		2: {dir, "", dir + " is not a file"},
		3: {write(t, "url", " \n"), "", " is empty"},
		4: {write(t, "url", "a\x00b"), "", "want text in UTF-8 without control characters"},
		5: {write(t, "url", strings.Repeat("x", 64<<10+1)), "", "is longer than 64KiB"},
	} {
		path := write(t, "salon.yaml", "storage:\n  url: "+test.url+"\n  url_file: "+test.file)
		if test.url == "" {
			path = write(t, "salon.yaml", "storage:\n\n  url_file: "+test.file)
		}
		_, err := config.Load(config.Source{File: path})
		if err == nil || !strings.HasPrefix(err.Error(), path+":3: storage.url_file: ") || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%d: got %v, want %s", i, err, test.want)
		}
	}
}
