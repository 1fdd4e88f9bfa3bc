package auth_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"testing"

	"salon.im/salon/auth"
)

func TestDowngradeHash(t *testing.T) {
	// The example of XEP-0474 §6.3 (0.5.0); the lists come unsorted.
	got := auth.DowngradeHash(auth.SHA1, []string{"SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"}, []string{"tls-server-end-point", "tls-exporter"})
	if got != "G6k/rBLDqgOhRRaCuuatSDFkJ08=" {
		t.Errorf("hash is %q", got)
	}
}

// The hash is over what Offered and BindingTypes say, and over nothing else.
func TestDowngradeHashSent(t *testing.T) {
	bound, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	without := newParams(newAccounts(t))
	silent := bound
	silent.NoDowngradeHash = true
	for i, tc := range [...]struct {
		params auth.Params
		want   string
	}{
		0: {bound, auth.DowngradeHash(auth.SHA256, auth.DefaultMechanisms(), []string{"tls-exporter", "tls-server-end-point"})},
		1: {without, base64.StdEncoding.EncodeToString(sha256Of([]byte("SCRAM-SHA-1\x1eSCRAM-SHA-256\x1eSCRAM-SHA-512")))},
		2: {silent, ""},
	} {
		c := client{hash: auth.SHA256, user: "alice", password: "pencil"}
		challenge, _, err := auth.NewExchange(tc.params).Start(c.mechanism(), c.first())
		if got := attributes(challenge)['h']; got != tc.want || err != nil {
			t.Errorf("%d: h is %q, want %q (%v)", i, got, tc.want, err)
		}
	}
}

// Someone between who changes the hash, or cuts it out, breaks the proof. XEP-0474 §6.2.
func TestDowngradeHashTampered(t *testing.T) {
	p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	for i, tamper := range [...]func([]byte) []byte{
		0: func(m []byte) []byte { return m[:bytes.Index(m, []byte(",h="))] },
		1: func(m []byte) []byte {
			return append(m[:bytes.Index(m, []byte(",h="))], ",h="+auth.DowngradeHash(auth.SHA1, []string{"SCRAM-SHA-1"}, nil)...)
		},
	} {
		c := client{hash: auth.SHA1, user: "alice", password: "pencil"}
		x := auth.NewExchange(p)
		challenge, _, err := x.Start(c.mechanism(), c.first())
		if err != nil {
			t.Fatal(err)
		}
		message, _ := c.final(tamper(challenge))
		if _, _, err := x.Step(message); condition(t, err) != auth.NotAuthorized {
			t.Errorf("%d: %v, want not-authorized", i, err)
		}
	}
}
