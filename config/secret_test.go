package config_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"salon.im/salon/config"
)

var (
	_ encoding.TextMarshaler = config.Secret("")
	_ encoding.TextMarshaler = config.StorageURL("")
	_ yaml.Marshaler         = config.Secret("")
	_ yaml.Marshaler         = config.StorageURL("")
	_ slog.LogValuer         = config.Secret("")
	_ slog.LogValuer         = config.StorageURL("")
	_ fmt.Formatter          = config.Secret("")
	_ fmt.Formatter          = config.StorageURL("")
)

// TestSecretsStaySecret shows each secret in every way that we know.
func TestSecretsStaySecret(t *testing.T) {
	const password = "geheim"
	cfg := config.Default()
	cfg.Storage.URL = "postgres://salon:" + password + "@db.example/salon"
	for i, v := range []any{
		0: config.Secret(password), 1: cfg.Storage.URL, 2: cfg.Storage, 3: cfg, 4: &cfg.Storage,
		5: []config.Secret{password}, 6: map[string]config.StorageURL{"a": cfg.Storage.URL},
	} {
		var shown []string
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %t %f %c %U %T %5s %-5v") {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		asJSON, _ := json.Marshal(v)
		asYAML, _ := yaml.Marshal(v)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		shown = append(shown, string(asJSON), string(asYAML), log.String(), fmt.Sprint(v))
		for _, s := range shown {
			if strings.Contains(s, password) || strings.Contains(strings.ToLower(s), fmt.Sprintf("%x", password)) {
				t.Errorf("%d: %s", i, s)
			}
		}
	}
}

func TestReveal(t *testing.T) {
	if got := config.Secret("geheim").Reveal(); got != "geheim" {
		t.Errorf("got %s", got)
	}
	if got := config.StorageURL("postgres://u:p@h").Reveal(); got != "postgres://u:p@h" {
		t.Errorf("got %s", got)
	}
}

func TestMask(t *testing.T) {
	const mask = "********"
	for i, test := range []struct {
		shown fmt.Stringer
		want  string
	}{
		0:  {config.Secret(""), ""},
		1:  {config.Secret("x"), mask},
		2:  {config.StorageURL(""), ""},
		3:  {config.StorageURL("sqlite:/a b.db"), "sqlite:/a b.db"},
		4:  {config.StorageURL("postgres://u:p@h:5432/d?sslmode=x&password=p"), "postgres://u:" + mask + "@h:5432/d?" + mask},
		5:  {config.StorageURL("postgres://h/d"), "postgres://h/d"},
		6:  {config.StorageURL("postgres://u:p w@h"), mask},
		7:  {config.StorageURL("host=h password=p"), mask},
		8:  {config.StorageURL("postgres:u:p@h"), mask},
		9:  {config.StorageURL("postgres://u:p#x@h/d"), mask},
		10: {config.StorageURL("postgres:///d?host=/run/postgresql"), "postgres:///d?" + mask},
	} {
		if got := test.shown.String(); got != test.want {
			t.Errorf("%d: got %s, want %s", i, got, test.want)
		}
	}
}
