package config_test

import (
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
)

func TestKeep(t *testing.T) {
	const day = 24 * time.Hour
	for i, test := range []struct {
		text, shown string
		want        time.Duration
	}{
		0: {"forever", "forever", time.Duration(config.Forever)},
		1: {"90d", "90d", 90 * day},
		2: {"2w", "2w", 14 * day},
		3: {"14d", "2w", 14 * day},
		4: {"1y", "1y", 365 * day},
		5: {"292y", "292y", 292 * 365 * day},
		6: {"36h", "36h", 36 * time.Hour},
		7: {"48h", "2d", 2 * day},
		8: {"1h30m", "1h30m", 90 * time.Minute},
	} {
		k, err := config.ParseKeep(test.text)
		if err != nil || time.Duration(k) != test.want || k.String() != test.shown {
			t.Errorf("%d: %q is %v (%v), %v", i, test.text, time.Duration(k), k, err)
		}
		if again, err := config.ParseKeep(k.String()); err != nil || again != k {
			t.Errorf("%d: %q read back is %v, %v", i, k, again, err)
		}
	}
	for i, test := range []struct{ text, want string }{
		0: {"", "want forever"}, 1: {"0", "want forever"}, 2: {"0d", "want forever"}, 3: {"-1d", "want forever"}, 4: {"-1h", "want forever"},
		5: {"1.5d", "want forever"}, 6: {"1d12h", "want forever"}, 7: {"d", "want forever"}, 8: {"90", "write 90d for days"},
		9: {"1m0", "want forever"}, 10: {"293y", "too long; write forever"}, 11: {"99999999999999999999d", "too long; write forever"},
		12: {"Forever", "want forever"}, 13: {"+1d", "want forever"}, 14: {"never", "want forever"},
	} {
		if k, err := config.ParseKeep(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%d: %q is %v, %v", i, test.text, k, err)
		}
	}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	if got := config.Keep(day).Since(now); !got.Equal(now.Add(-day)) {
		t.Errorf("since: %v", got)
	}
	if got := config.Forever.Since(now); !got.IsZero() {
		t.Errorf("forever begins at %v", got)
	}
}

func TestArchiveOfHosts(t *testing.T) {
	cfg := load(t, `
archive: {keep: 1y, keep_rooms: forever, never_more_than: 2y, hold: [Carol@A.example, c.example]}
hosts:
  - name: a.example
  - name: b.example
    archive: {keep: 30d, never_more_than: 3y, hold: [trial@conference.b.example], search: true}
  - name: c.example
    archive: {keep: 10y, never_more_than: 1w, keep_rooms: 1d}
`)
	year := 365 * 24 * time.Hour
	for i, want := range []struct {
		keep, rooms, most time.Duration
		search            bool
	}{
		0: {year, 2 * year, 2 * year, false},
		1: {30 * 24 * time.Hour, 2 * year, 2 * year, true}, // a host cannot raise the ceiling
		2: {7 * 24 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, false},
	} {
		a := cfg.For(cfg.Hosts[i]).Archive
		if a.Keep != config.Keep(want.keep) || a.KeepRooms != config.Keep(want.rooms) || a.NeverMoreThan != config.Keep(want.most) || *a.Search != want.search {
			t.Errorf("%d: %v %v %v %v", i, a.Keep, a.KeepRooms, a.NeverMoreThan, *a.Search)
		}
	}
	if cfg.Hosts[1].Archive.KeepRooms != 0 {
		t.Error("the entry was changed")
	}
	for addr, want := range map[string]bool{
		"carol@a.example": true, "dave@a.example": false, "a.example": false, "erin@c.example": true, "c.example": true,
		"any@conference.c.example": true, "trial@conference.b.example": true, "hall@conference.b.example": false, "frank@b.example": false,
	} {
		if got := cfg.Held(addr); got != want {
			t.Errorf("held %s: %v", addr, got)
		}
	}
}

func TestArchiveRefuses(t *testing.T) {
	for i, test := range []struct{ yaml, want string }{
		0: {"archive: {keep: 90}", "archive.keep: a duration needs its unit: write 90d for days, or another of h, w, y"},
		1: {"archive: {keep: 59m}", "archive.keep: 59m is out of range (1h to forever)"},
		2: {"archive: {keep: never}", `archive.keep: want forever, or a duration such as 90d, 2w, 1y or 36h, not "never"`},
		3: {"archive: {keep: [1d]}", "archive.keep: want forever, or a duration such as 90d, 2w, 1y or 36h; this is a list"},
		4: {"archive: {hold: [alice@]}", `archive.hold[0]: want a bare address such as alice@example.org, not "alice@"`},
		5: {"archive: {hold: [a b]}", `archive.hold[0]: want an account, a room or a domain, such as alice@example.org or example.org, not "a b"`},
		6: {"hosts: [{name: a.example, archive: {keep: 1m}}]", "hosts[0].archive.keep: 1m is out of range (1h to forever)"},
		7: {"hosts: [{name: a.example, archive: {hold: [a@b@c]}}]", `hosts[0].archive.hold[0]: want a bare address such as alice@example.org, not "a@b@c"`},
		8: {"hosts: [{name: a.example, archive: {ack: async}}]", "hosts[0].archive.ack: unknown key; the nearest is archive.ack"},
	} {
		if got := refused(t, test.yaml); len(got) != 1 || strings.TrimPrefix(got[0], "salon.yaml:1: ") != test.want {
			t.Errorf("%d: %q", i, got)
		}
	}
}

// A host's retention can be changed without a restart.
func TestReloadOfHostArchive(t *testing.T) {
	old := load(t, "hosts: [{name: a.example, archive: {keep: 1d}}]")
	loaded := load(t, "hosts: [{name: a.example, archive: {keep: 2d}}]")
	apply, applied, restart := config.Reload(old, loaded)
	if len(applied) != 1 || applied[0] != "hosts[0].archive" || len(restart) != 0 || apply.Hosts[0].Archive.Keep.String() != "2d" {
		t.Errorf("applied %v, restart %v", applied, restart)
	}
}

func TestKeepHours(t *testing.T) {
	for keep, want := range map[config.Keep]string{
		config.Forever: "infinite", config.Keep(time.Hour): "1", config.Keep(time.Hour + 1): "2", config.Keep(24 * time.Hour): "24",
	} {
		if got := keep.Hours(); got != want {
			t.Errorf("%v is %s hours", keep, got)
		}
	}
}
