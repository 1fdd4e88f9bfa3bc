package auth_test

import (
	"crypto/tls"
	"fmt"
	"testing"

	"salon.im/salon/auth"
)

// security.md B17: an unknown user has a salt that looks real, and keeps it; B18 is below.
func TestFakeSalt(t *testing.T) {
	p := newParams(newAccounts(t))
	salt := func(p auth.Params, user string, h auth.Hash) (salt, iterations string) {
		c := client{hash: h, user: user}
		challenge, _, err := auth.NewExchange(p).Start(c.mechanism(), c.first())
		if err != nil {
			t.Fatal(err)
		}
		attrs := attributes(challenge)
		return attrs['s'], attrs['i']
	}
	realSalt, realIterations := salt(p, "alice", auth.SHA256)
	other, elsewhere, secretless := p, p, p
	other.Secret = []byte("another secret of enough bytes")
	elsewhere.Host = "other.test"
	secretless.Secret = nil

	fake, iterations := salt(p, "nobody", auth.SHA256)
	if again, _ := salt(p, "Nobody", auth.SHA256); again != fake {
		t.Errorf("the salt changes from %q to %q", fake, again)
	}
	if len(fake) != len(realSalt) || iterations != realIterations {
		t.Errorf("fake %q, %s; real %q, %s", fake, iterations, realSalt, realIterations)
	}
	seen := map[string]string{fake: "nobody"}
	for name, s := range map[string]func() (string, string){
		"another user":   func() (string, string) { return salt(p, "nobody2", auth.SHA256) },
		"another hash":   func() (string, string) { return salt(p, "nobody", auth.SHA512) },
		"another secret": func() (string, string) { return salt(other, "nobody", auth.SHA256) },
		"another host":   func() (string, string) { return salt(elsewhere, "nobody", auth.SHA256) },
		"no secret":      func() (string, string) { return salt(secretless, "nobody", auth.SHA256) },
	} {
		got, _ := s()
		if seen[got] != "" {
			t.Errorf("%s has the salt of %s", name, seen[got])
		}
		seen[got] = name
	}
	first, _ := salt(secretless, "nobody", auth.SHA256)
	if again, _ := salt(secretless, "nobody", auth.SHA256); again != first {
		t.Error("without a secret the salt changes within a process")
	}
}

// security.md B18: a known user with a wrong password and an unknown one go the same way: the same answer, as many lookups, as many
// PBKDF2, as many allocations. Time itself would make a test that fails by chance.
func TestEqualWork(t *testing.T) {
	a := newAccounts(t)
	p, _ := tlsParams(t, a, tls.VersionTLS13)
	p.Pool = auth.NewPool(1)
	type work struct {
		answer   string
		lookups  int64
		derived  uint64
		allocate float64
	}
	scram := func(h auth.Hash) func(user string) error {
		return func(user string) error {
			c := client{hash: h, user: user, salted: make([]byte, h.Size())}
			return c.login(auth.NewExchange(p))
		}
	}
	for name, login := range map[string]func(user string) error{
		"SCRAM-SHA-1": scram(auth.SHA1), "SCRAM-SHA-256": scram(auth.SHA256), "SCRAM-SHA-512": scram(auth.SHA512),
		"PLAIN": func(user string) error {
			_, _, err := auth.NewExchange(p).Start("PLAIN", []byte("\x00"+user+"\x00wrong"))
			return err
		},
	} {
		measure := func(user string) (w work) {
			lookups, derived := a.asked.Load(), p.Pool.Runs()
			w.answer = fmt.Sprintf("%v", login(user))
			w.lookups, w.derived = a.asked.Load()-lookups, p.Pool.Runs()-derived
			w.allocate = testing.AllocsPerRun(20, func() { _ = login(user) })
			return w
		}
		known, unknown := measure("alice"), measure("nobod") // names of one length
		if known != unknown || known.answer != "auth: not-authorized" {
			t.Errorf("%s: known %+v, unknown %+v", name, known, unknown)
		}
	}
}
