// Package wire owns the bytes of XMPP: what a peer may send, and what we write.
//
// A [Scanner] validates each byte of a stream once: UTF-8, XML 1.0 and XML namespaces, the restrictions of
// RFC 6120 §11 and our limits. What passes becomes a [Stanza]: an immutable value that shares its canonical bytes and
// an index of its first level of children. From then on nothing is parsed or encoded again: a room writes the same
// bytes to each occupant with another `to` spliced in. Everything else that we write comes from a [Writer], which cannot
// write anything that is not well-formed. So we emit only bytes that the one strict scanner validated whole.
//
//	sc := wire.NewScanner(wire.LoginLimits)
//	tok, n, err := sc.Next(buf)       // n bytes are consumed
//	if tok.Type == wire.TokenStanza {
//		st := tok.Stanza()            // immutable from here
//		out = st.WithTo(occupant).WithFrom(nick).Append(out)
//	}
//
// [Addr] is a canonical address (RFC 7622), comparable and a map key; jid.JID of mellium appears only at the edge.
// mellium's types decode from a stanza or a child through [Stanza.Decode] and [Kid.Decode], and become a [Payload]
// through [Marshal].
//
// The package starts no goroutine and imports nothing of Salon. Specifications: RFC 6120 §4 and §11, XML 1.0,
// Namespaces in XML 1.0, RFC 3629, RFC 7622, XEP-0106, XEP-0004 (2.13).
package wire
