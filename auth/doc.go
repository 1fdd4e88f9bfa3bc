// Package auth owns the server side of SASL: who is at the other end of a stream.
//
// It offers SCRAM-SHA-512, SCRAM-SHA-256 and SCRAM-SHA-1 (RFC 5802, RFC 7677), their -PLUS forms with the channel bindings
// tls-exporter (RFC 9266) and tls-server-end-point (RFC 5929 §4), and PLAIN (RFC 4616), as mellium.im/sasl Mechanism values.
// They work on stored keys ([Keys]); no password is kept, and what is kept does not let its thief log in.
// The lists that were advertised are protected against a downgrade (XEP-0474), and the binding types are listed (XEP-0440).
//
// A stream builds one [Exchange] from [Params], writes what [Offered] and [BindingTypes] say into its features, and feeds it
// what the client sends:
//
//	x := auth.NewExchange(params)
//	challenge, done, err := x.Start("SCRAM-SHA-256", initial)
//	for err == nil && !done {
//		challenge, done, err = x.Step(respond(challenge))
//	}
//
// Every error is a [*Failure] with a condition of RFC 6120 §6.5. No error text holds a key or a password.
//
// The package starts no goroutine. PLAIN costs one PBKDF2 a try; a [Pool] bounds how many run at once.
// An unknown user, and a known one with a wrong password, cost the same work and get the same answer.
package auth
