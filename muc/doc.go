// Package muc is the conference service: rooms where many people talk (XEP-0045 1.35.5).
//
// A Service answers for one conference domain. It is a router.Service: the router hands it every stanza to the domain,
// and it hands each stanza on to its room, or answers in place what is for the service itself. It starts rooms as their
// stanzas come, and forgets those that nobody is in.
//
//	s, err := muc.New(muc.Options{Router: r, Rooms: store, Archive: store, IDs: ids, Writer: w, Config: cfg, Key: key,
//		OccupantKey: occupants, Domain: "conference.example.org", Host: "example.org"})
//	r.HandleService("conference.example.org", s)
//
// A room is owned by one goroutine while it is active; nobody else touches its fields. What happens to it waits in its
// mailbox, which is bounded and never blocks who posts. A message is judged as it is taken out, waits for the archive's
// commit, and is broadcast after it; whatever comes behind it waits in the room's line (line.go), so that every occupant
// sees one order. The goroutine ends when the room has been quiet for rooms.park_after, and the next stanza starts it
// anew; without occupants the room's state is forgotten too, and read again from the store.
//
// Everything that a room can be is a facet: one file that holds its form field, its disco feature, its check and its
// notices (facet.go has the list).
//
// The operator's calls (operate.go) run on the room's goroutine in their turn, and take the paths of an owner's requests.
//
// Locks: Service.mu guards the map of rooms and the turns of those who query archives, mailbox.mu a mailbox, ledger.mu the rooms
// of each session, rates.mu how often accounts entered or asked for voice, graveyard.mu the destroyed ones, activity.mu what was counted,
// directory.mu what searches see. All are leaves: none is held during a call out or while another is taken.
package muc
