// Package c2s serves client streams: it listens, negotiates (STARTTLS or direct TLS, SASL, bind), reads stanzas into
// the session's flow, and resumes sessions (XEP-0198).
//
// A connection's negotiation runs on a goroutine that ends with it; the bound stream then gets a fresh reader goroutine
// with a small stack, the only one it has. Writing is package stream's.
//
// Negotiation is one state machine with one order (RFC 6120 §4.3.5): TLS, SASL, restart, then bind or resume. Before login
// the limits are those of config.Limits.*BeforeLogin, and the whole must end within LoginTime.
package c2s
