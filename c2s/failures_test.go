package c2s_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"mellium.im/sasl"

	"salon.im/salon/auth"
	"salon.im/salon/c2s"
	"salon.im/salon/config"
)

// An administrator finds who guesses passwords: one line for a failed login, never with what was guessed, and not without
// end.
func TestFailedLoginsAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Auth.Tries = 10 })
	for _, m := range []sasl.Mechanism{sasl.ScramSha256, sasl.Plain} {
		c := w.secure()
		if got := c.authenticate(m, "alice", "a bad guess"); !strings.Contains(got, "<not-authorized") {
			t.Fatal(got)
		}
	}
	c := w.secure()
	c.write(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="forged line"/>`)
	c.expect("<invalid-mechanism")
	log := w.logged.String()
	for _, want := range []string{"level=INFO", "account=alice@example.test", "mechanism=SCRAM-SHA-256", "mechanism=PLAIN", "addr=127.0.0.1:", "reason=not-authorized"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}
	if strings.Contains(log, "guess") || strings.Contains(log, "forged") {
		t.Errorf("it says what a stranger wrote:\n%s", log)
	}
	got := map[string]int64{}
	w.Stats.AuthFailures.Each(func(reason string, n *atomic.Int64) { got[reason] = n.Load() })
	if got[string(auth.NotAuthorized)] != 2 || got[string(auth.InvalidMechanism)] != 1 || len(got) != 11 {
		t.Errorf("counted %v", got)
	}
	for range c2s.FailureLines {
		c := w.secure()
		c.authenticate(sasl.Plain, "nobody", "x")
		_ = c.raw.Close()
	}
	if n := strings.Count(w.logged.String(), "login failed"); n > c2s.FailureLines {
		t.Errorf("%d lines", n)
	}
}
