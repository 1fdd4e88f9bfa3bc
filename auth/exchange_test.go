package auth_test

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"

	"mellium.im/sasl"

	"salon.im/salon/auth"
)

func TestOffered(t *testing.T) {
	inClear := newParams(newAccounts(t))
	bound, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	unbound := bound
	unbound.TLS, unbound.Leaf = &tls.ConnectionState{Version: tls.VersionTLS12}, nil
	scram := []string{"SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"}
	plus := []string{"SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"}
	types := []string{"tls-exporter", "tls-server-end-point"}
	for i, tc := range [...]struct {
		params     auth.Params
		configured []string
		want       []string
		types      []string
	}{
		0: {inClear, nil, scram, nil},
		1: {unbound, nil, append(slices.Clone(scram), "PLAIN"), nil},
		2: {bound, nil, append(slices.Concat(plus, scram), "PLAIN"), types},
		3: {bound, []string{"PLAIN", "SCRAM-SHA-1", "X-NEW", "SCRAM-SHA-1", "SCRAM-SHA-224"}, []string{"PLAIN", "SCRAM-SHA-1"}, nil},
		4: {bound, []string{"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}, []string{"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}, types},
		5: {bound, []string{}, nil, nil},
	} {
		tc.params.Mechanisms = tc.configured
		x := auth.NewExchange(tc.params)
		if got := auth.Offered(tc.params); !slices.Equal(got, tc.want) || !slices.Equal(x.Offered(), tc.want) {
			t.Errorf("%d: offered %v, want %v", i, got, tc.want)
		}
		if got := auth.BindingTypes(tc.params); !slices.Equal(got, tc.types) || !slices.Equal(x.BindingTypes(), tc.types) {
			t.Errorf("%d: bindings %v, want %v", i, got, tc.types)
		}
	}
}

// Without an initial response the server asks for it by an empty challenge. RFC 6120 §6.4.2.
func TestNoInitialResponse(t *testing.T) {
	p, _ := tlsParams(t, newAccounts(t), tls.VersionTLS13)
	x := auth.NewExchange(p)
	if challenge, done, err := x.Start("PLAIN", nil); challenge != nil || done || err != nil {
		t.Fatalf("Start: %q, %v, %v", challenge, done, err)
	}
	if _, done, err := x.Step([]byte("\x00alice\x00pencil")); !done || err != nil {
		t.Errorf("Step: %v, %v", done, err)
	}
	if _, _, err := auth.NewExchange(p).Start("PLAIN", []byte{}); condition(t, err) != auth.MalformedRequest {
		t.Errorf("a response of length zero: %v", err)
	}
}

// security.md B19, B20: one exchange at a time, each call in its turn, another try after a failure.
func TestExchangeTurns(t *testing.T) {
	p := newParams(newAccounts(t))
	c := client{hash: auth.SHA256, user: "alice", password: "wrong"}
	x := auth.NewExchange(p)
	if _, _, err := x.Step([]byte("n,,n=alice,r=abc")); condition(t, err) != auth.MalformedRequest {
		t.Errorf("Step before Start: %v", err)
	}
	challenge, _, _ := x.Start(c.mechanism(), c.first())
	if _, _, err := x.Start(c.mechanism(), c.first()); condition(t, err) != auth.MalformedRequest {
		t.Errorf("Start in an exchange: %v", err)
	}
	c.password = "pencil"
	right, _ := c.final(challenge)
	if _, _, err := x.Step(right); condition(t, err) != auth.MalformedRequest {
		t.Errorf("Step after that: %v", err)
	}
	challenge, _, _ = x.Start(c.mechanism(), c.first())
	right, _ = c.final(challenge)
	x.Abort()
	if _, _, err := x.Step(right); condition(t, err) != auth.MalformedRequest {
		t.Errorf("Step after Abort: %v", err)
	}
	c.password = "wrong"
	if got := condition(t, c.login(x)); got != auth.NotAuthorized || x.User() != "" {
		t.Errorf("wrong password: %q, user %q", got, x.User())
	}
	c.password = "pencil"
	if err := c.login(x); err != nil || x.User() != "alice" {
		t.Errorf("second try: %v", err)
	}
	if _, _, err := x.Start(c.mechanism(), c.first()); condition(t, err) != auth.MalformedRequest {
		t.Errorf("Start after success: %v", err)
	}
	if _, _, err := x.Step(right); condition(t, err) != auth.MalformedRequest || x.User() != "alice" {
		t.Errorf("Step after success: %v", err)
	}
}

// What the lookup says decides the answer, and only to someone with the password.
func TestLookupErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	for i, tc := range [...]struct {
		err          error
		right, wrong auth.Condition
	}{
		0: {auth.ErrDisabled, auth.AccountDisabled, auth.NotAuthorized},
		1: {auth.ErrExpired, auth.CredentialsExpired, auth.NotAuthorized},
		2: {auth.ErrNotFound, auth.NotAuthorized, auth.NotAuthorized},
		3: {broken, auth.TemporaryAuthFailure, auth.TemporaryAuthFailure},
	} {
		a := newAccounts(t)
		a.err = tc.err
		for password, want := range map[string]auth.Condition{"pencil": tc.right, "wrong": tc.wrong} {
			c := client{hash: auth.SHA256, user: "alice", password: password}
			x := auth.NewExchange(newParams(a))
			err := c.login(x)
			if got := condition(t, err); got != want || x.User() != "" {
				t.Errorf("%d: %q: %q, want %q", i, password, got, want)
			}
			if errors.Is(err, broken) != (tc.err == broken) || strings.Contains(err.Error(), "fire") {
				t.Errorf("%d: the cause is for the log alone: %v", i, err)
			}
		}
	}
}

// Damaged keys of a known user are our fault, and no way in.
func TestDamagedKeys(t *testing.T) {
	good := newAccounts(t).keys["alice"][auth.SHA256]
	for i, damage := range [...]func(*auth.Keys){
		0: func(k *auth.Keys) { k.Salt = nil },
		1: func(k *auth.Keys) { k.Iterations = 1 },
		2: func(k *auth.Keys) { k.Iterations = auth.MaxIterations + 1 },
		3: func(k *auth.Keys) { k.StoredKey = k.StoredKey[:16] },
		4: func(k *auth.Keys) { k.ServerKey = nil },
		5: func(k *auth.Keys) { k.Hash = auth.SHA512 },
		6: func(k *auth.Keys) { k.Hash = "MD5" },
	} {
		k := good
		damage(&k)
		c := client{hash: auth.SHA256, user: "alice", password: "pencil"}
		x := auth.NewExchange(newParams(&accounts{keys: map[string]map[auth.Hash]auth.Keys{"alice": {auth.SHA256: k}}}))
		if got := condition(t, c.login(x)); got != auth.TemporaryAuthFailure {
			t.Errorf("%d: %q", i, got)
		}
		if auth.Verify(k, "pencil") {
			t.Errorf("%d: Verify accepts damaged keys", i)
		}
	}
}

// The values work in a negotiator of mellium's too, and are safe to start by mistake.
func TestMechanismValue(t *testing.T) {
	p := newParams(newAccounts(t))
	for _, name := range auth.DefaultMechanisms() {
		m, err := auth.Mechanism(p, name)
		if err != nil || m.Name != name {
			t.Errorf("%s: %q, %v", name, m.Name, err)
		}
		if _, _, err := sasl.NewClient(m).Step(nil); err == nil {
			t.Errorf("%s starts as a client", name)
		}
		n := sasl.NewServer(m, func(*sasl.Negotiator) bool { return true })
		if _, _, err := n.Step([]byte("nonsense")); err == nil {
			t.Errorf("%s accepts nonsense", name)
		}
	}
	if _, err := auth.Mechanism(p, "SCRAM-SHA-3"); condition(t, err) != auth.InvalidMechanism {
		t.Errorf("unknown mechanism: %v", err)
	}
	m, _ := auth.Mechanism(p, "SCRAM-SHA-256")
	c := client{hash: auth.SHA256, user: "alice", password: "pencil"}
	n := sasl.NewServer(m, nil) // permits nobody
	_, challenge, _ := n.Step(c.first())
	message, _ := c.final(challenge)
	if _, _, err := n.Step(message); condition(t, err) != auth.NotAuthorized {
		t.Errorf("without permission: %v", err)
	}
}

func TestEncoding(t *testing.T) {
	for i, tc := range [...]struct {
		text string
		data []byte // nil and empty differ
		want auth.Condition
	}{
		0: {"", nil, ""},
		1: {"=", []byte{}, ""},
		2: {"YWI=", []byte("ab"), ""},
		3: {"YWI", nil, auth.IncorrectEncoding},
		4: {"YW J=", nil, auth.IncorrectEncoding},
		5: {"YW\nI=", nil, auth.IncorrectEncoding},
		6: {"YWJ=", nil, auth.IncorrectEncoding}, // spare bits
		7: {"YWI=YWI=", nil, auth.IncorrectEncoding},
		8: {"==", nil, auth.IncorrectEncoding},
		9: {"-_-_", nil, auth.IncorrectEncoding},
	} {
		got, err := auth.Decode(tc.text)
		if condition(t, err) != tc.want || string(got) != string(tc.data) || (got == nil) != (tc.data == nil) {
			t.Errorf("%d: Decode(%q) = %q, %v", i, tc.text, got, err)
		}
		if tc.want == "" && auth.Encode(tc.data) != tc.text {
			t.Errorf("%d: Encode(%q) = %q", i, tc.data, auth.Encode(tc.data))
		}
	}
	atBound := strings.Repeat("A", auth.MaxMessageBytes)
	if data, err := auth.Decode(atBound); err != nil || len(data) != auth.MaxMessageBytes/4*3 {
		t.Errorf("at the bound: %d bytes, %v", len(data), err)
	}
	if _, err := auth.Decode(atBound + "AAAA"); condition(t, err) != auth.MalformedRequest {
		t.Errorf("over the bound: %v", err)
	}
}
