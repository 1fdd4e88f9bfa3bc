// Package killtest proves that acknowledged means durable: people talk to each other, to those who are away and in a room,
// and the built server is killed with SIGKILL at random moments and started again. Every message that was acknowledged
// (XEP-0198) or reflected by the room must be in its sender's, its recipient's and the room's archive, once and in order,
// and must reach its recipient under the archive's stanza-id. docs/durability.md says more.
//
// TestKillRooms does the same to owners who change their rooms: configuration, affiliations, subjects and the rest must be as they
// were last acknowledged, or as something says that was sent after that.
//
//	scripts/killtest/run                        20 kills and 60 on SQLite
//	scripts/killtest/run -kills 50 -rate 1000   others; -help names all
//
// It is a test, so that `go test ./...` has a short run of it.
package killtest
