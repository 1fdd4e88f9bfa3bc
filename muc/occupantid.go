package muc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

const (
	// OccupantKeyBytes is the length of Options.OccupantKey.
	OccupantKeyBytes = 32
	// occupantIDBytes is how much of the HMAC an id shows: every presence and message carries it, and 128 bits do not collide.
	occupantIDBytes = 16
)

// OccupantID returns the id by which a room's occupants know an account, both bare, under any nick and for ever: 22 characters
// of base64url. Without the key nobody can tell the account from the id, nor that two ids of two rooms are one account's
// (XEP-0421 §4.1).
func OccupantID(key []byte, room, account wire.Addr) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(room.String()))
	m.Write([]byte{0}) // no address has one
	m.Write([]byte(account.String()))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:occupantIDBytes])
}

// occupantID is the id of an account, bare, in this room.
func (r *room) occupantID(account wire.Addr) string {
	return OccupantID(r.s.o.OccupantKey, r.addr, account)
}

// mark renders the id of an account, bare. An occupant is marked once, and not each of its stanzas.
func (r *room) mark(account wire.Addr) wire.Payload {
	return wire.NewWriter().Start(nsOccupantID, "occupant-id").Attr("id", r.occupantID(account)).Payload()
}

// says prepares what an occupant says: without what only a room may add, and with its one occupant-id (XEP-0421 §4).
func (o *occupant) says(st wire.Stanza) wire.Stanza {
	return archive.Identified(st).Edit().Cut(forged).Append(o.mark).Stanza().WithFrom(o.addr)
}
