// Package router knows who is here and where a stanza goes. It holds no socket and no SQL.
//
// A stanza enters through a Flow (one for each incoming stream, which keeps its order up to and past the archive's
// commit) or through Route (from a service or a feature). It then walks four named stages, in this order:
//
//	Check    may refuse: blocking, limits, roles
//	Amend    makes a new value and the rows to archive
//	Deliver  one handler consumes it: RFC 6120 §10.3-10.5 and the table of RFC 6121 §8.5
//	Observe  carbons, metrics: cannot refuse
//
// Features register their handlers, stages and hooks before Serve; the order within a stage is the order of
// registration, and package server holds that one list. After that the tables are read without locks.
//
//	r := router.New(router.Options{Hosts: []router.Host{{Name: "example.org"}}})
//	r.HandleIQ(router.ToServer|router.ToAccount, "get", xml.Name{Space: nsPing, Local: "ping"}, ping)
//
// Goroutines: a Flow runs its stanzas on the caller's goroutine or on one of its own while something is ready, never
// two at a time. Locks: the session table's shards are leaves; a
// Resource's is held while its session's outbox takes a stanza (docs/architecture.md, Locks).
package router
