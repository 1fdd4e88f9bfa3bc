// Package stream owns one XML stream: framing and limits on what is read, TLS, stream errors, and the way out.
//
// Reading is one goroutine's: Conn.Next. Between stanzas an idle Conn owns 256 bytes; a pooled buffer is taken only while
// part of a stanza waits for the rest.
//
// Writing is nobody's: an Outbox takes references to stanzas from any goroutine and never blocks. The Flusher's few
// workers render whatever an outbox holds into a buffer of their own and hand it to the socket in one write that never
// waits. What the kernel does not take at once stays with the connection, and a goroutine of that connection alone waits
// for it, so a peer that stops reading holds up nobody (docs/adr/0002-writes-never-wait.md).
//
// The counters and queues of XEP-0198 live in the Outbox, because it outlives its connections.
package stream
