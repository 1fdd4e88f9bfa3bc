package auth_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"salon.im/salon/auth"
)

func TestPlain(t *testing.T) {
	p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	for i, tc := range [...]struct {
		message string
		want    auth.Condition
	}{
		0: {"\x00alice\x00pencil", ""},
		1: {"alice\x00alice\x00pencil", ""},
		2: {"alice@example.test\x00Alice\x00pencil", ""},
		3: {"\x00alice\x00pen\u00adcil", ""}, // RFC 4013 §2.1: a soft hyphen is mapped to nothing

		4:  {"\x00alice\x00Pencil", auth.NotAuthorized},
		5:  {"\x00nobody\x00pencil", auth.NotAuthorized},
		6:  {"\x00alice\x00pen\u0007cil", auth.NotAuthorized},
		7:  {"\x00al/ice\x00pencil", auth.NotAuthorized},
		8:  {"bob\x00alice\x00pencil", auth.InvalidAuthzid},
		9:  {"bob@example.test\x00alice\x00pencil", auth.InvalidAuthzid},
		10: {"alice@other.test\x00alice\x00pencil", auth.InvalidAuthzid},
		11: {"alice@example.test/x\x00alice\x00pencil", auth.InvalidAuthzid},

		12: {"", auth.MalformedRequest},
		13: {"alice\x00pencil", auth.MalformedRequest},
		14: {"\x00alice\x00pencil\x00", auth.MalformedRequest},
		15: {"\x00\x00pencil", auth.MalformedRequest},
		16: {"\x00alice\x00", auth.MalformedRequest},
		17: {"\x00alice\x00pen\xffcil", auth.MalformedRequest},
		18: {"\x00" + strings.Repeat("a", 1024) + "\x00pencil", auth.MalformedRequest},
		19: {"\x00" + strings.Repeat("a", 1023) + "\x00pencil", auth.NotAuthorized},
		20: {"\x00alice\x00" + strings.Repeat("a", 1025), auth.MalformedRequest},
		21: {"\x00alice\x00" + strings.Repeat("a", 1024), auth.NotAuthorized},
	} {
		x := auth.NewExchange(p)
		data, done, err := x.Start("PLAIN", []byte(tc.message))
		if got := condition(t, err); got != tc.want || done != (tc.want == "") || data != nil {
			t.Errorf("%d: %v, want %q", i, err, tc.want)
		}
		if want := map[bool]string{true: "alice"}[done]; x.User() != want {
			t.Errorf("%d: user %q, want %q", i, x.User(), want)
		}
	}
}

// PLAIN takes whatever keys there are, as after an import from elsewhere.
func TestPlainOneHash(t *testing.T) {
	for _, h := range auth.Hashes() {
		a := newAccounts(t)
		a.keys["alice"] = map[auth.Hash]auth.Keys{h: a.keys["alice"][h]}
		p, _ := tlsParams(t, a, tls.VersionTLS13)
		if _, done, err := auth.NewExchange(p).Start("PLAIN", []byte("\x00alice\x00pencil")); !done || err != nil {
			t.Errorf("%s only: %v", h, err)
		}
	}
}

// With several keys the SHA-256 ones are checked: those of an unknown user are SHA-256 too.
func TestPlainPrefersSHA256(t *testing.T) {
	a := newAccounts(t)
	for _, h := range []auth.Hash{auth.SHA1, auth.SHA512} {
		a.keys["alice"][h], _ = auth.Derive("another", h, auth.MinIterations)
	}
	p, _ := tlsParams(t, a, tls.VersionTLS13)
	if _, done, err := auth.NewExchange(p).Start("PLAIN", []byte("\x00alice\x00pencil")); !done || err != nil {
		t.Error(err)
	}
}

func TestPlainNeedsTLS(t *testing.T) {
	p := newParams(newAccounts(t))
	if _, _, err := auth.NewExchange(p).Start("PLAIN", []byte("\x00alice\x00pencil")); condition(t, err) != auth.EncryptionRequired {
		t.Errorf("in the clear: %v", err)
	}
	p.Mechanisms = []string{"SCRAM-SHA-1"}
	if _, _, err := auth.NewExchange(p).Start("PLAIN", nil); condition(t, err) != auth.InvalidMechanism {
		t.Errorf("not configured: %v", err)
	}
	m, err := auth.Mechanism(p, "PLAIN")
	if err != nil || m.Name != "PLAIN" {
		t.Fatal(m.Name, err)
	}
	if _, _, _, err := m.Next(nil, []byte("\x00alice\x00pencil"), nil); condition(t, err) != auth.EncryptionRequired {
		t.Errorf("the mechanism alone: %v", err)
	}
}
