package auth_test

import (
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"testing"

	"mellium.im/sasl"

	"salon.im/salon/auth"
)

// Mellium's own client logs in with everything that it knows, over a real TLS channel.
func TestMelliumClient(t *testing.T) {
	p, state := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	for i, m := range [...]sasl.Mechanism{
		0: sasl.ScramSha1, 1: sasl.ScramSha256, 2: sasl.ScramSha1Plus, 3: sasl.ScramSha256Plus, 4: sasl.Plain,
	} {
		for password, want := range map[string]auth.Condition{"pencil": "", "pencil2": auth.NotAuthorized} {
			x := auth.NewExchange(p)
			if got := condition(t, melliumLogin(t, x, m, state, password)); got != want || (x.User() == "alice") != (want == "") {
				t.Errorf("%d: %s with %q: %q, want %q; user %q", i, m.Name, password, got, want, x.User())
			}
		}
	}
}

func melliumLogin(t *testing.T, x *auth.Exchange, m sasl.Mechanism, state *tls.ConnectionState, password string) error {
	t.Helper()
	c := sasl.NewClient(m, sasl.TLSState(*state), sasl.RemoteMechanisms(x.Offered()...),
		sasl.Credentials(func() (_, _, _ []byte) { return []byte("alice"), []byte(password), nil }))
	more, message, err := c.Step(nil)
	if err != nil {
		t.Fatal(err)
	}
	challenge, done, failure := x.Start(m.Name, message)
	for failure == nil && more {
		if more, message, err = c.Step(challenge); err != nil {
			t.Fatalf("%s: mellium's client: %v", m.Name, err)
		}
		if more || !done {
			challenge, done, failure = x.Step(message)
		}
	}
	if failure == nil && !done {
		t.Fatalf("%s: the client is content, the server is not", m.Name)
	}
	return failure
}

// TLS 1.2: the end-point binding by our client, the exporter by mellium's formula with the extended master secret.
func TestPlusTLS12(t *testing.T) {
	p, state := tlsParams(t, newAccounts(t), tls.VersionTLS12)
	exporter, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range [...]client{
		0: {gs2: "p=tls-server-end-point,,", binding: sha256Of(state.PeerCertificates[0].Raw)},
		1: {gs2: "p=tls-exporter,,", binding: exporter},
	} {
		for _, h := range auth.Hashes() {
			c.hash, c.plus, c.user, c.password = h, true, "alice", "pencil"
			if err := c.login(auth.NewExchange(p)); err != nil {
				t.Errorf("%d: %s: %v", i, c.mechanism(), err)
			}
		}
	}
}

// A login that someone relays between two TLS channels has the wrong binding.
func TestWrongBinding(t *testing.T) {
	p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	other, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	for i, c := range [...]client{
		0: {gs2: "p=tls-exporter,,", binding: exported(t, other)},
		1: {gs2: "p=tls-server-end-point,,", binding: sha256Of(other.Leaf.Raw)},
		2: {gs2: "p=tls-exporter,,", binding: sha256Of(p.Leaf.Raw)},
		3: {gs2: "p=tls-server-end-point,,", binding: exported(t, p)},
		4: {gs2: "p=tls-exporter,,"},
	} {
		c.hash, c.plus, c.user, c.password = auth.SHA256, true, "alice", "pencil"
		if got := condition(t, c.login(auth.NewExchange(p))); got != auth.NotAuthorized {
			t.Errorf("%d: %q, want not-authorized", i, got)
		}
	}
}

// RFC 5929 §4.1: the hash follows the certificate's signature.
func TestEndPointHash(t *testing.T) {
	raw := []byte("a certificate")
	sum384, sum512 := sha512.Sum384(raw), sha512.Sum512(raw)
	for i, tc := range [...]struct {
		algorithm x509.SignatureAlgorithm
		want      []byte // nil: not offered
	}{
		0: {x509.MD5WithRSA, sha256Of(raw)},
		1: {x509.SHA1WithRSA, sha256Of(raw)},
		2: {x509.ECDSAWithSHA1, sha256Of(raw)},
		3: {x509.SHA256WithRSA, sha256Of(raw)},
		4: {x509.SHA256WithRSAPSS, sha256Of(raw)},
		5: {x509.ECDSAWithSHA384, sum384[:]},
		6: {x509.SHA512WithRSA, sum512[:]},
		7: {x509.PureEd25519, nil},
		8: {x509.UnknownSignatureAlgorithm, nil},
	} {
		p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
		p.Leaf = &x509.Certificate{Raw: raw, SignatureAlgorithm: tc.algorithm}
		if slices.Contains(auth.BindingTypes(p), "tls-server-end-point") != (tc.want != nil) {
			t.Errorf("%d: %v: offers %v", i, tc.algorithm, auth.BindingTypes(p))
		}
		c := client{hash: auth.SHA256, plus: true, user: "alice", password: "pencil", gs2: "p=tls-server-end-point,,", binding: tc.want}
		if err := c.login(auth.NewExchange(p)); (err == nil) != (tc.want != nil) {
			t.Errorf("%d: %v: %v", i, tc.algorithm, err)
		}
	}
}

// "y" is the honest answer of a client that can bind when we offered no -PLUS. RFC 5802 §6.
func TestBindingFlagWithoutOffer(t *testing.T) {
	bound, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	bound.Mechanisms = []string{"SCRAM-SHA-256", "PLAIN"}
	for i, p := range [...]auth.Params{0: newParams(newAccounts(t)), 1: bound} {
		c := client{hash: auth.SHA256, user: "alice", password: "pencil", gs2: "y,,"}
		if err := c.login(auth.NewExchange(p)); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}
