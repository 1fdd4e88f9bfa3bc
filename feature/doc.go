// Package feature holds what the server does for accounts and for itself: one file a feature, named by what it does.
//
// A file has one exported constructor. It registers the handlers, stages and hooks of its feature with the router and
// advertises it; deleting the file and its line in package server removes the whole feature.
//
//	feature.Ping(r)
//	disco := feature.Disco(r, feature.DiscoOptions{Config: cfg, Rosters: store})
//
// Features know each other only through the router's stages and the stores; Discovery is what others hang their nodes on,
// and Presence takes the outcomes of Roster and Blocking, since what one of them decides shows in the others.
// Goroutines: a handler runs on its stanza's flow; offline delivery of more than one window has a goroutine of its own,
// which ends with the session, with the router's context, or after a time, and presence has one while ends of sessions
// wait to be stored, which Presences.Close awaits.
package feature
