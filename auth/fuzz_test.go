package auth_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"testing"

	"salon.im/salon/auth"
)

// FuzzExchange throws two messages at each mechanism. In the second, "%r" stands for the nonce of the challenge, so that what lies
// behind its check is reached. Nobody knows the password, so nothing may succeed, and nothing may panic or give a foreign error.
func FuzzExchange(f *testing.F) {
	password := rand.Text()
	a := &accounts{keys: map[string]map[auth.Hash]auth.Keys{"alice": {}}}
	for _, h := range auth.Hashes() {
		k, err := auth.Derive(password, h, auth.MinIterations)
		if err != nil {
			f.Fatal(err)
		}
		a.keys["alice"][h] = k
	}
	p, _ := tlsParams(f, a, tls.VersionTLS13)
	names := auth.DefaultMechanisms()
	for i := range names {
		f.Add(byte(i), []byte("n,,n=alice,r=abc"), []byte("c=biws,r=%r,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="))
		f.Add(byte(i), []byte("p=tls-exporter,a=alice@example.test,n=alice,r=abc,x=y"), []byte("c=cD10bHM=,r=%r,z=1,p=AAAA"))
		f.Add(byte(i), []byte("y,a=Bob=2C,n==3D,r=!"), []byte("c=,r=,p="))
		f.Add(byte(i), []byte("\x00alice\x00pencil"), []byte{})
		f.Add(byte(i), []byte("\xc3\x85@example.test\x00\xe2\x84\xab\x00\xd8\xa7"), []byte("m=x"))
	}
	f.Fuzz(func(t *testing.T, which byte, first, second []byte) {
		x := auth.NewExchange(p)
		challenge, done, err := x.Start(names[int(which)%len(names)], first)
		if err == nil && !done {
			second = bytes.ReplaceAll(second, []byte("%r"), []byte(attributes(challenge)['r']))
			_, done, err = x.Step(second)
		}
		var failure *auth.Failure
		if done || x.User() != "" || !errors.As(err, &failure) || failure.Condition == auth.TemporaryAuthFailure {
			t.Errorf("done: %v, user %q, error %v", done, x.User(), err)
		}
		if _, done, err := x.Step(second); done || err == nil {
			t.Error("a Step after the end succeeds")
		}
	})
}

// FuzzDecode holds the texts of SASL elements to what we would write ourselves.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "=", "YWI=", "YW\nI=", "YWJ="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data, err := auth.Decode(text)
		if err == nil && auth.Encode(data) != text {
			t.Errorf("%q becomes %q", text, auth.Encode(data))
		}
	})
}

// FuzzPassword: what is prepared is prepared for good, and fits.
func FuzzPassword(f *testing.F) {
	for _, s := range []string{"pencil", "I\u00adX", "\u2168", "\u0627\u0031", "e\u0301\ufb01 🐴"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, password string) {
		got, err := auth.PreparePassword(password)
		if err != nil || len(got) > auth.MaxPasswordBytes {
			return
		}
		if again, err := auth.PreparePassword(got); again != got || err != nil {
			t.Errorf("%q becomes %q, then %q, %v", password, got, again, err)
		}
	})
}
