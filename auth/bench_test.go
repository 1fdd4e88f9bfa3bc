package auth_test

import (
	"crypto/tls"
	"testing"

	"salon.im/salon/auth"
)

// BenchmarkSCRAM is the server's part of a login on stored keys, from the two messages of the client to the signature. The bar is
// 10 µs. The stream's own part, the offer with its channel bindings, is BenchmarkNewExchange.
func BenchmarkSCRAM(b *testing.B) {
	for _, h := range auth.Hashes() {
		a := newAccounts(b)
		p, _ := tlsParams(b, a, tls.VersionTLS13)
		p.SetNonce("3rfcNHYJY1ZVvWVs7j") // so that the client's messages stay right
		plain := client{hash: h, user: "alice", password: "pencil"}
		plus := plain
		plus.plus, plus.gs2, plus.binding = true, "p=tls-exporter,,", exported(b, p)
		for _, c := range []client{plain, plus} {
			b.Run(c.mechanism(), func(b *testing.B) {
				x := auth.NewExchange(p)
				first := c.first()
				challenge, _, _ := x.Start(c.mechanism(), first)
				final, _ := c.final(challenge)
				b.ReportAllocs()
				for b.Loop() {
					fresh := *x
					fresh.Abort()
					if _, _, err := fresh.Start(c.mechanism(), first); err != nil {
						b.Fatal(err)
					}
					if _, done, err := fresh.Step(final); !done || err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkNewExchange works out what a TLS 1.3 stream can offer, once a stream.
func BenchmarkNewExchange(b *testing.B) {
	p, _ := tlsParams(b, newAccounts(b), tls.VersionTLS13)
	b.ReportAllocs()
	for b.Loop() {
		auth.NewExchange(p)
	}
}
