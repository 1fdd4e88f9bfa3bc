package config_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
)

// printed returns what Print writes.
func printed(t testing.TB, cfg *config.Config) string {
	t.Helper()
	var b bytes.Buffer
	if err := config.Print(&b, cfg); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrintLoadsAgain(t *testing.T) {
	for i, yaml := range []string{
		0: "",
		1: `
hosts:
  - {name: a.example, registration: open, admins: [], contact: {abuse: ["mailto:a@b"]}}
  - {name: bücher.example}
listen: {c2s: [":5222", "[::1]:5222", "127.0.0.1:1", ":2", ":3"], http: ""}
tls: {files: [{certificate: "a: b.pem", key: "- c"}]}
storage: {url: "sqlite:30"}
data: "true"
secret_key_file: "~"
limits: {stanza: 262145, login_time: 1m0.5s}
stream: {resume_time: 0, idle_ping: 1h}
archive: {batch_wait: 1500µs}
`,
		2: `
archive: {keep: 90d, keep_rooms: 1h30m, never_more_than: 2y, hold: [a@b.example, c.example], search: true}
hosts: [{name: a.example, archive: {keep: 1w, hold: [d.example], search: false}}, {name: b.example, archive: {}}]
`,
		3: "storage: {url_file: " + write(t, "url", "sqlite:x") + "}",
	} {
		cfg := load(t, yaml)
		text := printed(t, cfg)
		if again := load(t, text); !reflect.DeepEqual(again, cfg) {
			t.Errorf("%d: got  %+v\nwant %+v\n%s", i, again, cfg, text)
		}
		if text != printed(t, cfg) {
			t.Errorf("%d: printed in another order", i)
		}
	}
}

// TestPrintHasEveryKey also holds the order: that of the example.
func TestPrintHasEveryKey(t *testing.T) {
	text := printed(t, config.Default())
	var want []string
	for line := range strings.Lines(string(config.Example())) {
		if trimmed := strings.TrimSpace(line); trimmed != "" && trimmed[0] != '#' {
			want = append(want, line)
		}
	}
	if got := strings.Join(want, ""); got != text {
		t.Errorf("got\n%s\nwant\n%s", text, got)
	}
}

func TestPrintMasks(t *testing.T) {
	cfg := config.Default()
	cfg.Storage.URL = "postgres://salon:geheim@db.example/salon"
	text := printed(t, cfg)
	if strings.Contains(text, "geheim") || !strings.Contains(text, "postgres://salon:********@db.example/salon") {
		t.Errorf("got %s", text)
	}
	cfg.Storage.URLFile = "/run/url"
	if text := printed(t, cfg); !strings.Contains(text, "  url: \"\"\n  url_file: /run/url\n") {
		t.Errorf("got %s", text)
	}
}

func TestPrintDurations(t *testing.T) {
	for i, test := range []struct {
		d    time.Duration
		want string
	}{
		0: {0, "0s"}, 1: {20 * time.Second, "20s"}, 2: {10 * time.Minute, "10m"}, 3: {time.Hour, "1h"},
		4: {time.Hour + 30*time.Second, "1h0m30s"}, 5: {90 * time.Minute, "1h30m"}, 6: {2 * time.Millisecond, "2ms"},
		7: {10 * time.Hour, "10h"}, 8: {100 * time.Second, "1m40s"},
	} {
		cfg := config.Default()
		cfg.Stream.IdlePing = test.d
		if text := printed(t, cfg); !strings.Contains(text, "  idle_ping: "+test.want+"\n") {
			t.Errorf("%d: no idle_ping: %s", i, test.want)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPrintFails(t *testing.T) {
	if err := config.Print(brokenPipe{}, config.Default()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
