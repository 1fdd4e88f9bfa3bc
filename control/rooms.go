package control

import (
	"context"

	"salon.im/salon/muc"
	"salon.im/salon/wire"
)

// Rooms is the part of Admin that is about rooms. A room is given as its address or, for the first host's service, by its
// name alone; what changes one returns its address. A change is made as if an owner had made it, and who is inside sees
// what XEP-0045 says.
type Rooms interface {
	// ListRooms returns rooms ordered by service and address, those after `after` (exclusive, zero is the start), up to
	// limit (1 to MaxList). host is a host, or its domain of rooms, that must be there; "" is every host. It may be fewer although there are more: see RoomPage.
	ListRooms(ctx context.Context, host string, after wire.Addr, limit int) (RoomPage, error)
	ShowRoom(ctx context.Context, room string) (muc.RoomDetails, error)
	CreateRoom(ctx context.Context, room string, r NewRoom) (wire.Addr, error)
	// ConfigureRoom sets fields of the form that owners have, all or none.
	ConfigureRoom(ctx context.Context, room string, fields []muc.Field) (wire.Addr, error)
	AffiliateRoom(ctx context.Context, room string, a Affiliation) (wire.Addr, error)
	// KickOccupant takes a running server.
	KickOccupant(ctx context.Context, room, nick, reason string) (wire.Addr, error)
	DestroyRoom(ctx context.Context, room string, d Destruction) (wire.Addr, error)
}

// RoomPage is a part of the list. Next is where to go on, zero at the end.
type RoomPage struct {
	Rooms []muc.RoomInfo `json:"rooms"`
	Next  wire.Addr      `json:"next,omitzero"`
}

// NewRoom says what a room shall be.
type NewRoom struct {
	Owners []string    `json:"owners,omitempty"` // bare addresses
	Fields []muc.Field `json:"fields,omitempty"`
}

// Affiliation is a change in a room's lists.
type Affiliation struct {
	JID    string `json:"jid"`         // bare, or a domain for a ban
	Value  string `json:"affiliation"` // owner, admin, member, none or outcast
	Reason string `json:"reason,omitempty"`
}

// Destruction says what those inside are told.
type Destruction struct {
	Reason string `json:"reason,omitempty"`
	// Alternate is a room to go to instead, Password what is asked for there.
	Alternate string `json:"alternate,omitempty"`
	Password  string `json:"password,omitempty"`
}
