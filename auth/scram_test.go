package auth_test

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"salon.im/salon/auth"
)

// The examples of RFC 5802 §5 and RFC 7677 §3.
var vectors = [...]struct {
	hash                             auth.Hash
	salt, client, server, first, end string
	final                            string
}{
	0: {
		hash: auth.SHA1, salt: "QSXCR+Q6sek8bf92", client: "fyko+d2lbbFgONRv9qkxdawL", server: "3rfcNHYJY1ZVvWVs7j",
		first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
		final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		end:   "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	},
	1: {
		hash: auth.SHA256, salt: "W22ZaJ0SNY7soEsUEjb6gQ==", client: "rOprNGfwEbeRWgbNEkqO", server: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
		first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		end:   "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	},
}

func TestVectors(t *testing.T) {
	for i, v := range vectors {
		salt, _ := base64.StdEncoding.DecodeString(v.salt)
		keys, err := auth.DeriveSalted("pencil", v.hash, salt, 4096)
		if err != nil {
			t.Fatal(err)
		}
		p := newParams(&accounts{keys: map[string]map[auth.Hash]auth.Keys{"user": {v.hash: keys}}})
		p.NoDowngradeHash = true
		p.SetNonce(v.server)
		x := auth.NewExchange(p)
		first, done, err := x.Start("SCRAM-"+string(v.hash), []byte("n,,n=user,r="+v.client))
		if string(first) != v.first || done || err != nil {
			t.Errorf("%d: server-first %q, %v, %v", i, first, done, err)
		}
		end, done, err := x.Step([]byte(v.final))
		if string(end) != v.end || !done || err != nil || x.User() != "user" {
			t.Errorf("%d: server-final %q, %v, %v, user %q", i, end, done, err, x.User())
		}
	}
}

// Every form of SCRAM, by our client: the names that clients may use for themselves, and every channel binding.
func TestSCRAMLogin(t *testing.T) {
	p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	for i, c := range [...]client{
		0: {user: "alice"},
		1: {user: "Alice"}, // RFC 7622 §3.3.2: case is mapped
		2: {user: "alice", gs2: "n,a=alice,"},
		3: {user: "alice", gs2: "n,a=alice@example.test,"},
		4: {user: "alice", gs2: "n,a=Alice@EXAMPLE.test,"},
		5: {user: "alice", more: ",d=ignored,h=ignored,x=1"}, // RFC 5802 §5.1: unknown attributes are ignored
		6: {user: "alice", plus: true, gs2: "p=tls-exporter,,", binding: exported(t, p)},
		7: {user: "alice", plus: true, gs2: "p=tls-exporter,a=alice,", binding: exported(t, p)},
		8: {user: "alice", plus: true, gs2: "p=tls-server-end-point,,", binding: sha256Of(p.Leaf.Raw)},
	} {
		for _, h := range auth.Hashes() {
			c.hash, c.password = h, "pencil"
			x := auth.NewExchange(p)
			if err := c.login(x); err != nil || x.User() != "alice" {
				t.Errorf("%d: %s: %v, user %q", i, c.mechanism(), err, x.User())
			}
			c.password = "pencil2"
			x = auth.NewExchange(p)
			if got := condition(t, c.login(x)); got != auth.NotAuthorized || x.User() != "" {
				t.Errorf("%d: %s with a wrong password: %q, user %q", i, c.mechanism(), got, x.User())
			}
		}
	}
}

// security.md B07-B16: what a client-first message may not say.
func TestSCRAMFirstRefused(t *testing.T) {
	p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	for i, tc := range [...]struct {
		mechanism, message string
		want               auth.Condition
		text               string
	}{
		0:  {"SCRAM-SHA-256", "", auth.MalformedRequest, ""},
		1:  {"SCRAM-SHA-256", "n", auth.MalformedRequest, ""},
		2:  {"SCRAM-SHA-256", "n,,", auth.MalformedRequest, ""},
		3:  {"SCRAM-SHA-256", "n,,n=alice", auth.MalformedRequest, ""},
		4:  {"SCRAM-SHA-256", "n,,r=abc,n=alice", auth.MalformedRequest, ""},
		5:  {"SCRAM-SHA-256", "n,,n=alice,r=", auth.MalformedRequest, ""},
		6:  {"SCRAM-SHA-256", "n,,n=,r=abc", auth.MalformedRequest, ""},
		7:  {"SCRAM-SHA-256", "n,,n=alice,r=a b", auth.MalformedRequest, ""},
		8:  {"SCRAM-SHA-256", "x,,n=alice,r=abc", auth.MalformedRequest, ""},
		9:  {"SCRAM-SHA-256", "n,b=alice,n=alice,r=abc", auth.MalformedRequest, ""},
		10: {"SCRAM-SHA-256", "n,,n=alice,r=abc,p=x", auth.MalformedRequest, ""},
		11: {"SCRAM-SHA-256", "n,,n=alice,r=abc,", auth.MalformedRequest, ""},
		12: {"SCRAM-SHA-256", "n,,n=al\x00ice,r=abc", auth.MalformedRequest, ""},
		13: {"SCRAM-SHA-256", "n,,n=al\xffice,r=abc", auth.MalformedRequest, ""},

		14: {"SCRAM-SHA-256", "n,,m=x,n=alice,r=abc", auth.MalformedRequest, "extensions-not-supported"},
		15: {"SCRAM-SHA-256", "n,,n=alice,r=abc,m=x", auth.MalformedRequest, "extensions-not-supported"},
		16: {"SCRAM-SHA-256", "n,,n=al=ice,r=abc", auth.MalformedRequest, "invalid-username-encoding"},
		17: {"SCRAM-SHA-256", "n,,n=alice=,r=abc", auth.MalformedRequest, "invalid-username-encoding"},
		18: {"SCRAM-SHA-256", "n,,n=alice=2c,r=abc", auth.MalformedRequest, "invalid-username-encoding"},
		19: {"SCRAM-SHA-256", "n,a==2,n=alice,r=abc", auth.MalformedRequest, "invalid-username-encoding"},

		20: {"SCRAM-SHA-256", "y,,n=alice,r=abc", auth.NotAuthorized, "server-does-support-channel-binding"},
		21: {"SCRAM-SHA-256", "p=tls-exporter,,n=alice,r=abc", auth.MalformedRequest, "channel-binding-not-supported"},
		22: {"SCRAM-SHA-256-PLUS", "n,,n=alice,r=abc", auth.MalformedRequest, "channel-bindings-dont-match"},
		23: {"SCRAM-SHA-256-PLUS", "y,,n=alice,r=abc", auth.MalformedRequest, "channel-bindings-dont-match"},
		24: {"SCRAM-SHA-256-PLUS", "p=tls-unique,,n=alice,r=abc", auth.MalformedRequest, "unsupported-channel-binding-type"},
		25: {"SCRAM-SHA-256-PLUS", "p=,,n=alice,r=abc", auth.MalformedRequest, "unsupported-channel-binding-type"},

		26: {"SCRAM-SHA-256", "n,a=bob,n=alice,r=abc", auth.InvalidAuthzid, ""},
		27: {"SCRAM-SHA-256", "n,a=bob@example.test,n=alice,r=abc", auth.InvalidAuthzid, ""},
		28: {"SCRAM-SHA-256", "n,a=alice@other.test,n=alice,r=abc", auth.InvalidAuthzid, ""},
		29: {"SCRAM-SHA-256", "n,a=alice@example.test/phone,n=alice,r=abc", auth.InvalidAuthzid, ""},
		30: {"SCRAM-SHA-256", "n,a=example.test,n=alice,r=abc", auth.InvalidAuthzid, ""},
		31: {"SCRAM-SHA-256", "n,a=@,n=alice,r=abc", auth.InvalidAuthzid, ""},
		32: {"SCRAM-SHA-256", "n,a=bob,n=nobody,r=abc", auth.InvalidAuthzid, ""}, // as for a known user

		33: {"SCRAM-SHA-256", "n,,n=alice@example.test,r=abc", auth.NotAuthorized, ""},
		34: {"SCRAM-SHA-256", "n,,n=a lice,r=abc", auth.NotAuthorized, ""},
		35: {"SCRAM-SHA-256", "n,,n=alice=2C,r=abc", "", ""}, // a comma is allowed, so this user is only unknown
		36: {"SCRAM-SHA-256", "n,,n=" + strings.Repeat("a", 1024) + ",r=abc", auth.NotAuthorized, ""},
		37: {"SCRAM-SHA-256", "n,,n=" + strings.Repeat("a", 1023) + ",r=abc", "", ""},

		38: {"SCRAM-SHA-224", "n,,n=alice,r=abc", auth.InvalidMechanism, ""},
		39: {"scram-sha-256", "n,,n=alice,r=abc", auth.InvalidMechanism, ""},
		40: {"", "", auth.InvalidMechanism, ""},
		41: {"SCRAM-", "", auth.InvalidMechanism, ""},
	} {
		x := auth.NewExchange(p)
		_, done, err := x.Start(tc.mechanism, []byte(tc.message))
		if got := condition(t, err); got != tc.want || done {
			t.Errorf("%d: %q: %v, want %q", i, tc.message, err, tc.want)
		}
		if tc.text != "" && !strings.HasSuffix(err.Error(), ": "+tc.text) {
			t.Errorf("%d: %q: %v, want text %q", i, tc.message, err, tc.text)
		}
		// Rows 20 to 25 and 38 on are about what the client can do, not about a password.
		var f *auth.Failure
		if misfit := i >= 20 && i <= 25 || i >= 38; errors.As(err, &f) && f.Misfit != misfit {
			t.Errorf("%d: %q: Misfit is %v", i, tc.message, f.Misfit)
		}
		if tc.want == "" {
			continue
		}
		if _, _, err := x.Step([]byte("c=biws,r=abc,p=AAAA")); condition(t, err) != auth.MalformedRequest {
			t.Errorf("%d: Step after a failure: %v", i, err)
		}
	}
}

// What a client-final message may not say. Each one is a good message, spoilt.
func TestSCRAMFinalRefused(t *testing.T) {
	p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	replace := func(old, by string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, by, 1) }
	}
	for i, tc := range [...]struct {
		spoil func(string) string
		want  auth.Condition
	}{
		0:  {func(s string) string { return s }, ""},
		1:  {func(string) string { return "" }, auth.MalformedRequest},
		2:  {replace(",p=", ",q="), auth.MalformedRequest},
		3:  {replace("c=", "C="), auth.MalformedRequest},
		4:  {replace(",r=", ",m=x,r="), auth.MalformedRequest},
		5:  {replace(",p=", ",m=x,p="), auth.MalformedRequest},
		6:  {replace(",p=", ",c=biws,p="), auth.MalformedRequest},
		7:  {replace(",p=", ",p=\n"), auth.MalformedRequest},
		8:  {func(s string) string { return strings.TrimRight(s, "=") }, auth.MalformedRequest},
		9:  {func(s string) string { return s + ",x=1" }, auth.MalformedRequest},
		10: {func(s string) string { return s + "\x00" }, auth.MalformedRequest},
		11: {replace("r="+clientNonce, "r="+clientNonce+"x"), auth.NotAuthorized},
		12: {replace("r="+clientNonce, "r="), auth.NotAuthorized},
		13: {replace("c=cD", "c=cE"), auth.NotAuthorized},
		14: {func(s string) string { return s[:strings.Index(s, ",p=")] + ",p=AAAA" }, auth.NotAuthorized},
		15: {func(s string) string { return s[:strings.Index(s, ",p=")] + ",p=" }, auth.MalformedRequest},
		16: {replace(",p=", ",x=1,p="), auth.NotAuthorized}, // allowed, but not in the proof
		17: {func(s string) string { // a byte too many
			before, proof, _ := strings.Cut(s, ",p=")
			raw, _ := base64.StdEncoding.DecodeString(proof)
			return before + ",p=" + base64.StdEncoding.EncodeToString(append(raw, 0))
		}, auth.NotAuthorized},
	} {
		c := client{hash: auth.SHA256, user: "alice", password: "pencil", plus: true, gs2: "p=tls-exporter,,", binding: exported(t, p)}
		x := auth.NewExchange(p)
		challenge, _, err := x.Start(c.mechanism(), c.first())
		if err != nil {
			t.Fatal(err)
		}
		message, _ := c.final(challenge)
		_, done, err := x.Step([]byte(tc.spoil(string(message))))
		if got := condition(t, err); got != tc.want || done != (tc.want == "") {
			t.Errorf("%d: %q: %v, want %q", i, tc.spoil(string(message)), err, tc.want)
		}
	}
}

// A client that proves another nonce than ours is replaying something, however right its proof. RFC 5802 §5.1.
func TestWrongNonce(t *testing.T) {
	for i, nonce := range [...]string{0: "", 1: clientNonce, 2: "x" + clientNonce, 3: clientNonce + clientNonce} {
		c := client{hash: auth.SHA256, user: "alice", password: "pencil", nonce: nonce}
		want := auth.NotAuthorized
		if nonce == "" {
			want = "" // the right one
		}
		if got := condition(t, c.login(auth.NewExchange(newParams(newAccounts(t))))); got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
}
