package feature_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/config"
	"salon.im/salon/feature"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// registering has registration with keys that show the password, at a clock that the test moves.
func registering(t *testing.T) (w *world, g *feature.Registrar, now *time.Time) {
	w = newWorld(t)
	w.cfg.Registration, w.cfg.RegistrationPerHour = config.RegistrationOpen, 2
	w.cfg.Admins = []string{"boss@example.test"}
	clock := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	now = &clock
	g = feature.Register(w.r, feature.RegisterOptions{Accounts: w.store, Config: w.config, Now: func() time.Time { return clock },
		Keys: func(_ context.Context, p string) ([]storage.Key, error) {
			if p == "bad" {
				return nil, feature.ErrPassword
			}
			return []storage.Key{{Hash: "SHA-1", Iterations: 4096, Salt: []byte("salt"), StoredKey: []byte(p), ServerKey: []byte(p)}}, nil
		}})
	return
}

func (w *world) password(bare string) string {
	a, err := w.store.Account(w.ctx, wire.MustAddr(bare))
	if err != nil || len(a.Keys) == 0 {
		return fmt.Sprint("none: ", err)
	}
	return string(a.Keys[0].StoredKey)
}

// XEP-0077 §3.1: who is registered is told so, with the username.
func TestRegisterGet(t *testing.T) {
	w, _, _ := registering(t)
	for _, to := range []string{"", host} {
		w.want(w.online("anna@example.test/a").ask("get", to, `<query xmlns='jabber:iq:register'/>`), `<registered/><username>anna</username>`)
	}
}

// XEP-0077 §3.3: the password changes, the other sessions end, the one that changed it stays.
func TestRegisterPassword(t *testing.T) {
	w, _, _ := registering(t)
	anna, other := w.online("anna@example.test/a"), w.online("anna@example.test/b")
	got := anna.ask("set", host, `<query xmlns='jabber:iq:register'><username>anna</username><password>new one</password></query>`)
	w.want(got, `type="result"`)
	if p := w.password("anna@example.test"); p != "new one" {
		t.Errorf("the password is %q", p)
	}
	if other.end() != "not-authorized" || anna.end() != "" {
		t.Errorf("ended: %q and %q", other.end(), anna.end())
	}
}

// XEP-0077 §3.3: what is refused; no refusal repeats the password.
func TestRegisterPasswordRefusals(t *testing.T) {
	w, _, _ := registering(t)
	anna := w.online("anna@example.test/a")
	tests := []struct{ to, content, want string }{
		0: {"", `<username>anna</username><password/>`, "bad-request"},
		1: {"", `<password>secret</password>`, "bad-request"},
		2: {"", `<username>ben</username><password>secret</password>`, "bad-request"},
		3: {"", `<username>anna</username><password>bad</password>`, "not-acceptable"},
		4: {"ben@example.test", `<username>ben</username><password>secret</password>`, "service-unavailable"},
	}
	for i, tt := range tests {
		got := anna.ask("set", tt.to, `<query xmlns='jabber:iq:register'>`+tt.content+`</query>`)
		if !contains(got, `type="error"`, tt.want) || i < 4 && strings.Contains(got, "<password>") {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// XEP-0077 §3.2: first the result, then the end of all sessions; nothing of the account is left.
func TestRegisterRemove(t *testing.T) {
	w, _, _ := registering(t)
	anna, other, ben := w.online("anna@example.test/a"), w.online("anna@example.test/b"), w.online("ben@example.test/b")
	anna.say(chat("ben@example.test", "x"))
	anna.sync()
	w.want(anna.ask("set", "", `<query xmlns='jabber:iq:register'><remove/><username>anna</username></query>`), "bad-request")
	w.want(anna.ask("set", "", `<query xmlns='jabber:iq:register'><remove/></query>`), `type="result"`)
	anna.flow.Quiesce(w.ctx)
	if anna.end() != "not-authorized" || other.end() != "not-authorized" {
		t.Errorf("ended: %q and %q", anna.end(), other.end())
	}
	if ok, _ := w.exists(w.ctx, wire.MustAddr("anna@example.test")); ok || len(w.rows("anna@example.test")) != 0 {
		t.Error("the account is left")
	}
	ben.sync()
	if len(w.rows("ben@example.test")) != 1 {
		t.Error("the correspondent's archive lost its copy")
	}
}

// XEP-0077 §3.1: who may make which account.
func TestRegistrar(t *testing.T) {
	from := &net.TCPAddr{IP: net.ParseIP("192.0.2.1")}
	tests := []struct {
		addr, password string
		registration   config.Registration
		want           string
	}{
		0: {"dora@example.test", "x", config.RegistrationOpen, ""},
		1: {"dora@example.test", "x", config.RegistrationClosed, "not-allowed"},
		2: {"dora@elsewhere.test", "x", config.RegistrationOpen, "not-allowed"},
		3: {"d@example.test", "x", config.RegistrationOpen, "not-acceptable"},
		4: {strings.Repeat("d", 65) + "@example.test", "x", config.RegistrationOpen, "not-acceptable"},
		5: {"anna@example.test", "x", config.RegistrationOpen, "conflict"},
		6: {"boss@example.test", "x", config.RegistrationOpen, "conflict"},
		7: {"admin@example.test", "x", config.RegistrationOpen, "conflict"},
		8: {"dora@example.test", "bad", config.RegistrationOpen, "not-acceptable"},
	}
	for i, tt := range tests {
		w, g, _ := registering(t)
		w.cfg.Registration = tt.registration
		if got := condition(g.Create(w.ctx, wire.MustAddr(tt.addr), tt.password, from)); got != tt.want {
			t.Errorf("%d: %q", i, got)
		}
	}
}

// A host's own setting overrides the general one.
func TestRegistrarHost(t *testing.T) {
	w, g, _ := registering(t)
	w.cfg.Hosts[0].Registration = config.RegistrationClosed
	if got := condition(g.Create(w.ctx, wire.MustAddr("dora@example.test"), "x", nil)); got != "not-allowed" {
		t.Errorf("%q", got)
	}
}

// registration_per_hour counts by address, an IPv6 one by its /64, and forgets after an hour.
func TestRegistrarRate(t *testing.T) {
	w, g, now := registering(t)
	n := 0
	create := func(ip string) string {
		n++
		return condition(g.Create(w.ctx, wire.MustAddr(fmt.Sprintf("user%d@example.test", n)), "x", &net.TCPAddr{IP: net.ParseIP(ip)}))
	}
	for i, tt := range []struct{ ip, want string }{
		{"192.0.2.1", ""}, {"192.0.2.1", ""}, {"192.0.2.1", "resource-constraint"}, {"192.0.2.2", ""},
		{"2001:db8::1", ""}, {"2001:db8::2", ""}, {"2001:db8::3", "resource-constraint"}, {"2001:db8:0:1::1", ""},
	} {
		if got := create(tt.ip); got != tt.want {
			t.Errorf("%d: %q", i, got)
		}
	}
	*now = now.Add(time.Hour)
	if got := create("192.0.2.1"); got != "" {
		t.Errorf("an hour later: %q", got)
	}
}

// Looking for names that are taken is bounded too.
func TestRegistrarProbes(t *testing.T) {
	w, g, _ := registering(t)
	from := &net.TCPAddr{IP: net.ParseIP("192.0.2.1")}
	for i := range 33 {
		want := "conflict"
		if i == 32 {
			want = "resource-constraint"
		}
		if got := condition(g.Create(w.ctx, wire.MustAddr("anna@example.test"), "x", from)); got != want {
			t.Fatalf("%d: %q", i, got)
		}
	}
}

func condition(err error) string {
	var se stanza.Error
	if errors.As(err, &se) {
		return string(se.Condition)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
