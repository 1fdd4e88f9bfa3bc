package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"salon.im/salon/config"
)

// FuzzLoad loads any file and variable: no panic, and what loads is valid, prints, and loads again as an equal Config.
func FuzzLoad(f *testing.F) {
	f.Add(config.Example(), "SALON_CFG_LIMITS__STANZA=1MiB")
	for _, yaml := range []string{
		"hosts:\n- {name: xn--bcher-kva.example, admins: [Å@b.example], contact: {abuse: [\"mailto:x\"]}}",
		"a: &a [*a]", "<<: {log: {}}", "!!int log: {level: !!bool x}", "\"\\u0000\": 1", "? {a: b}\n: c", "---\n---", "hosts: [~, {}, [], x]",
		"tls: {files: [{certificate: \" a\", key: \"#\"}]}\nlimits: {login_time: 1h0.5s, stanza: 10001}", "\xff\xfea\x00", "rooms: {public_lobby: \"İ\"}",
	} {
		f.Add([]byte(yaml), "SALON_CFG_LOG__LEVEL=warn")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, yaml []byte, env string) {
		path := filepath.Join(dir, "salon.yaml")
		if err := os.WriteFile(path, yaml, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(config.Source{File: path, Env: []string{env}})
		if err != nil {
			if strings.Contains(err.Error(), "decode settings") {
				t.Errorf("the schema pass let through what does not decode: %v", err)
			}
			return
		}
		if err := cfg.Validate(); err != nil {
			t.Errorf("loaded, but not valid: %v", err)
		}
		text := printed(t, cfg)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := config.Load(config.Source{File: path})
		if err != nil {
			t.Fatalf("printed, but does not load: %v\n%s", err, text)
		}
		if !reflect.DeepEqual(cfg, again) {
			t.Errorf("got  %+v\nwant %+v\n%s", again, cfg, text)
		}
	})
}
