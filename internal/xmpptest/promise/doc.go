// Package promise holds what a server promised against what it keeps: acknowledged means durable.
//
// A Ledger knows every message that was sent, and whether it was acknowledged (XEP-0198's <a/>, or a room's reflection) or
// refused. A Talker is a client that fills it. Check reads an archive and says what is lost, there twice, or out of order:
//
//	l := promise.New()
//	alice := promise.NewTalker(l, client, lanes...)
//	alice.Say(10)
//	err := l.Check(ctx, owner, rows)
//
// A message that was not acknowledged may be there or not, but not twice: clients send it again with its origin-id
// (XEP-0359 §3), after a refusal too.
//
// Values are the same for what is set again and again, such as a room's configuration: the last value that was acknowledged must
// be there, or one that was sent after it.
package promise
