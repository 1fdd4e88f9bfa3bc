package storage

import (
	"context"
	"time"

	"salon.im/salon/wire"
)

// Room is a persistent room's record.
type Room struct {
	Addr    wire.Addr // bare
	Created time.Time
	// Config is package muc's own JSON: every form field, the password encrypted. Storage does not look inside.
	Config []byte
	// Public and Name are copied out of Config for the room list.
	Public  bool
	Name    string
	Subject Subject
	// Affiliations is filled by Room, ordered by address; PutRoom ignores it: PutAffiliations writes it.
	Affiliations []Affiliation
}

// Subject is a room's subject and who set it when (XEP-0045 §7.2.15). The zero value is a room without one.
type Subject struct {
	Text string
	From wire.Addr // the occupant's address, room@service/nick
	At   time.Time
	// Stanza is the whole subject message as broadcast, so that languages survive. nil is none.
	Stanza []byte
}

// Affiliation is one long-lived relation to a room (XEP-0045 §5.2).
type Affiliation struct {
	Addr  wire.Addr // bare, or a host for a ban by domain
	Value string    // owner, admin, member, outcast; none removes it
	Nick  string    // reserved nick, "" is none
	// Reason, By and At say why, who and when; By is bare and may be zero.
	Reason string
	By     wire.Addr
	At     time.Time
}

// RoomItem is a row of the room list.
type RoomItem struct {
	Addr   wire.Addr
	Name   string
	Public bool
}

// Rooms keeps persistent rooms.
type Rooms interface {
	// Room returns a room with its affiliations, or ErrNotFound.
	Room(ctx context.Context, addr wire.Addr) (Room, error)
	// PutRoom stores a room's record and the affiliations given, in one transaction; Value none deletes, other affiliations stay.
	PutRoom(ctx context.Context, room Room, affiliations []Affiliation) error
	// PutAffiliations changes affiliations of a stored room in one transaction; Value none deletes. ErrNotFound if the room is not stored.
	PutAffiliations(ctx context.Context, room wire.Addr, affiliations []Affiliation) error
	// PutSubject replaces the subject of a stored room. ErrNotFound.
	PutSubject(ctx context.Context, room wire.Addr, s Subject) error
	// DeleteRoom removes a room, its affiliations and its archive, whose rows go as an account's do. It returns ErrNotFound.
	DeleteRoom(ctx context.Context, addr wire.Addr) error
	// ForgetRoom removes a room's record and its affiliations, and leaves its archive: the room lives on, but is persistent
	// no more. It returns ErrNotFound.
	ForgetRoom(ctx context.Context, addr wire.Addr) error
	// ListRooms returns up to limit rooms of a service ordered by address, those after `after` (exclusive; zero is the start).
	// hidden includes rooms that are not public.
	ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) ([]RoomItem, error)
	// FindRooms returns up to limit rooms of a service whose Config has these bytes somewhere, ordered by address, those after
	// `after` (exclusive; zero is the start). It reads the records of all rooms of the service: it is for what is seldom done.
	FindRooms(ctx context.Context, service string, part []byte, after wire.Addr, limit int) ([]wire.Addr, error)
	// CountOwned counts the stored rooms that an account owns.
	CountOwned(ctx context.Context, addr wire.Addr) (int, error)
}
