package feature_test

import (
	"strings"
	"testing"
	"time"

	"salon.im/salon/feature"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// XEP-0092 §2: name and version, and no operating system unless it is given.
func TestVersion(t *testing.T) {
	w := newWorld(t)
	feature.Version(w.r, "Salon", "1.2", "")
	got := w.online("anna@example.test/a").ask("get", host, `<query xmlns='jabber:iq:version'/>`)
	w.want(got, `<name>Salon</name><version>1.2</version></query>`)
}

// XEP-0202 §2: the time in UTC and the offset.
func TestTime(t *testing.T) {
	w := newWorld(t)
	feature.Time(w.r, func() time.Time { return time.Date(2026, 7, 1, 12, 0, 5, 0, time.FixedZone("", 2*3600)) })
	w.want(w.online("anna@example.test/a").ask("get", host, `<time xmlns='urn:xmpp:time'/>`), `<tzo>+02:00</tzo><utc>2026-07-01T10:00:05Z</utc>`)
}

// XEP-0012 §3-5: the server's uptime; an account's absence, for those who see its presence.
func TestLast(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	feature.Last(w.r, feature.LastOptions{Accounts: w.store, Rosters: w.store, Started: now.Add(-time.Hour), Now: func() time.Time { return now }})
	w.lets("ben@example.test", "anna@example.test")
	if err := w.store.PutLastSeen(w.ctx, storage.LastSeen{Addr: wire.MustAddr("ben@example.test"), At: now.Add(-time.Minute), Status: "gone to lunch"}); err != nil {
		t.Fatal(err)
	}
	anna, carl := w.online("anna@example.test/a"), w.online("carl@example.test/c")
	const ask = `<query xmlns='jabber:iq:last'/>`
	tests := []struct{ to, want string }{
		0: {host, `seconds="3600"`},
		1: {"", `seconds="0"`},
		2: {"ben@example.test", `seconds="60">gone to lunch`},
		3: {"carl@example.test", "forbidden"},
		4: {"nobody@example.test", "forbidden"},
		5: {"carl@example.test/c", "forbidden"},
	}
	for i, tt := range tests {
		if got := anna.ask("get", tt.to, ask); !strings.Contains(got, tt.want) {
			t.Errorf("%d: %s", i, got)
		}
	}
	if got := carl.sync(); len(got) != 0 {
		t.Errorf("§4: the request reached one who hides: %q", got)
	}
}
