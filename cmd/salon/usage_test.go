package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrongCommandLines(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "choose one of archive, cert, check, config, room, serve, storage, user, version (see `" + "SALON --help`)"},
		{"bogus", `unknown command "bogus"`},
		{"user", "choose one of add, delete, erase, export, import, list, passwd (see `SALON user --help`)"},
		{"user bogus", `unknown command "bogus"`},
		{"check", "choose one of config"},
		{"config", "choose one of example, print"},
		{"user add", "which NAME@HOST? give one (see `SALON user add --help`)"},
		{"user add a@a.test b@a.test", "one NAME@HOST at a time, not 2"},
		{"user add --json", `{"kind":"invalid","error":"which NAME@HOST? give one (see ` + "`SALON user add --help`)" + `"}`},
		{"user import", "which FILE? give one"},
		{"user list x", "unknown command"},
		{"room create", "which ROOM? give one"},
		{"room kick hall", "which NICK? the command is kick ROOM NICK"},
		{"room ban hall a.test b.test", "3 arguments are too many"},
		{"serve x", "unknown command"},
		{"serve --bogus", "unknown flag: --bogus"},
		{"user add a@a.test --data", "flag needs an argument"},
		{"version x", "unknown command"},
	} {
		r := salon(t, "", strings.Fields(c.args)...)
		r.want(t, 2, "", strings.ReplaceAll(c.want, "SALON", binary))
		if strings.Count(r.err, "\n") != 1 {
			t.Errorf("%q: more than a line: %s", c.args, r.err)
		}
	}
}

func TestHelp(t *testing.T) {
	salon(t, "", "help").want(t, 0, "serve", "")
	salon(t, "", "user", "add", "--help").want(t, 0, "--password-file", "")
}

func TestVersion(t *testing.T) {
	salon(t, "", "version").want(t, 0, "Salon development", "")
	salon(t, "", "version", "--json").want(t, 0, `"version":"development"`, "")
}

func TestSettings(t *testing.T) {
	data := dataDir(t)
	typo := file(t, t.TempDir(), "typo.yaml", "log: {level: info}\nhost: [{name: a.test}]\nlimits: {login_time: 30}\n")
	noCert := file(t, t.TempDir(), "nocert.yaml", "tls: {files: [{certificate: /nowhere.pem, key: /nowhere.key}]}\n")
	example := file(t, t.TempDir(), "example.yaml", salon(t, "", "config", "example").out)
	for _, c := range []struct {
		args        []string
		code        int
		out, failed string
	}{
		{[]string{"check", "config"}, 0, "the defaults are in order (to begin one: " + binary + " config example > data/salon.yaml)", ""},
		{[]string{"check", "config", "--data", data}, 0, data + "/salon.yaml is in order", ""},
		{[]string{"check", "config", "--config", example}, 0, "is in order", ""},
		{[]string{"check", "config", "--config", "/nowhere.yaml"}, 1, "", "/nowhere.yaml"},
		{[]string{"check", "config", "--config", typo}, 1, "", "salon: " + typo + ":2: host:"},
		{[]string{"check", "config", "--config", typo}, 1, "", "salon: " + typo + ":3: limits.login_time:"},
		{[]string{"check", "config", "--config", noCert}, 1, "", "/nowhere.pem: no such file or directory: check tls.files"},
		{[]string{"config", "print", "--data", data}, 0, "iterations: 4096", ""},
		{[]string{"config", "print", "--config", typo}, 1, "", "typo.yaml:2"},
		{[]string{"serve", "--config", typo}, 1, "", "typo.yaml:2"},
		{[]string{"user", "list", "--config", typo}, 1, "", "typo.yaml:2"},
	} {
		t.Run(strings.Join(c.args[:2], " "), func(t *testing.T) { salon(t, "", c.args...).want(t, c.code, c.out, c.failed) })
	}
}

func TestUnknownEnvironment(t *testing.T) {
	t.Setenv("SALON_CFG_LOG__LEVLE", "debug")
	salon(t, "", "check", "config").want(t, 1, "", "SALON_CFG_LOG__LEVLE")
}

// A command beside the server's data directory would add users that no server knows: it says what it does.
func TestNewDataDirectoryIsSaid(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for i, said := range []string{"salon: there was no data directory " + data + ": made it", ""} {
		r := salon(t, "secret\n", "user", "add", []string{"a@localhost", "b@localhost"}[i], "--data", data)
		r.want(t, 0, "@localhost added\n", said)
		if said == "" && r.err != "" {
			t.Errorf("said again: %s", r.err)
		}
	}
}

func TestDataDirectoryThatCannotBe(t *testing.T) {
	inTheWay := file(t, t.TempDir(), "file", "")
	for _, args := range [][]string{{"serve"}, {"user", "list"}} {
		for _, data := range []string{inTheWay, filepath.Join(inTheWay, "data"), "/proc/salon"} {
			r := salon(t, "", append(args, "--data", data)...)
			r.want(t, 1, "", "choose another with --data")
			if strings.Count(r.err, "\n") != 1 {
				t.Errorf("more than a line: %s", r.err)
			}
		}
	}
	if info, err := os.Stat(inTheWay); err != nil || info.Size() != 0 {
		t.Error("the file in the way was changed")
	}
}
