package auth_test

import (
	"crypto/pbkdf2"
	"crypto/tls"
	"testing"

	"salon.im/salon/auth"
)

// BenchmarkSCRAM is one whole exchange on stored keys, with the client's half but without its PBKDF2. The bar is 10 µs.
func BenchmarkSCRAM(b *testing.B) {
	for _, h := range auth.Hashes() {
		a := newAccounts(b)
		k := a.keys["alice"][h]
		salted, err := pbkdf2.Key(h.New(), "pencil", k.Salt, k.Iterations, h.Size())
		if err != nil {
			b.Fatal(err)
		}
		inClear := newParams(a)
		bound, _ := tlsParams(b, a, tls.VersionTLS13)
		plain := client{hash: h, user: "alice", salted: salted}
		plus := plain
		plus.plus, plus.gs2, plus.binding = true, "p=tls-exporter,,", exported(b, bound)
		for _, bc := range []struct {
			params auth.Params
			client client
		}{{inClear, plain}, {bound, plus}} {
			b.Run(bc.client.mechanism(), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := bc.client.login(auth.NewExchange(bc.params)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
