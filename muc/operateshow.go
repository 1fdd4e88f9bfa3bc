package muc

import (
	"context"
	"errors"
	"slices"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// RoomInfo is a room at a glance.
type RoomInfo struct {
	Addr        wire.Addr `json:"jid"`
	Name        string    `json:"name"`
	Occupants   int       `json:"occupants"` // inside now
	Public      bool      `json:"public"`
	Persistent  bool      `json:"persistent"`
	MembersOnly bool      `json:"members_only"`
	Archive     bool      `json:"archive"` // what is said is kept
}

// RoomDetails is all that the operator may know of a room.
type RoomDetails struct {
	RoomInfo
	Created time.Time `json:"created"`
	// Locked says that it waits for its owner's configuration (XEP-0045 §10.1.1).
	Locked       bool              `json:"locked"`
	Subject      string            `json:"subject"`
	Settings     []Setting         `json:"settings"`
	Affiliations []AffiliationInfo `json:"affiliations"` // ordered by address
	Inside       []OccupantInfo    `json:"inside"`       // ordered by nick
}

// AffiliationInfo is one entry of a room's lists.
type AffiliationInfo struct {
	Addr   wire.Addr `json:"jid"` // bare, or a host for a ban
	Value  string    `json:"affiliation"`
	Nick   string    `json:"nick,omitempty"` // that is kept for it
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by,omitempty"` // bare; the service for the operator
	At     time.Time `json:"at,omitzero"`
}

// OccupantInfo is somebody inside, with the real addresses.
type OccupantInfo struct {
	Nick        string      `json:"nick"`
	Role        string      `json:"role"`
	Affiliation string      `json:"affiliation"`
	Sessions    []wire.Addr `json:"jids"`
}

// Describe returns all of a room, or ErrNoRoom.
func (s *Service) Describe(ctx context.Context, addr wire.Addr) (d RoomDetails, err error) {
	answer := make(chan RoomDetails, 1)
	err = s.operateExisting(ctx, addr, func(r *room) error {
		answer <- r.details()
		return nil
	})
	if err == nil {
		d = <-answer
	}
	return d, err
}

func (r *room) details() RoomDetails {
	d := RoomDetails{RoomInfo: r.set.info(r.addr, len(r.occupants)), Created: r.created, Locked: r.state == locked,
		Subject: r.subject.Text, Settings: r.settingsShown(true), Affiliations: []AffiliationInfo{}, Inside: []OccupantInfo{}}
	for _, a := range r.affiliations {
		d.Affiliations = append(d.Affiliations, AffiliationInfo{a.Addr, a.Value, a.Nick, a.Reason, a.By.String(), a.At})
	}
	slices.SortFunc(d.Affiliations, func(a, b AffiliationInfo) int { return a.Addr.Compare(b.Addr) })
	for _, o := range r.everyone() {
		i := OccupantInfo{Nick: o.nick, Role: o.role.String(), Affiliation: o.affiliation.String()}
		for _, s := range o.sessions {
			i.Sessions = append(i.Sessions, s.full)
		}
		d.Inside = append(d.Inside, i)
	}
	return d
}

func (s *settings) info(addr wire.Addr, occupants int) RoomInfo {
	return RoomInfo{addr, s.Name, occupants, s.Public, s.Persistent, s.MembersOnly, !s.NoArchive}
}

// ListRooms returns up to limit rooms behind an address, zero for the start, ordered by address: public, hidden and
// temporary ones. next is where to go on, zero at the end; a page may have fewer although there are more. A room that is
// not in memory is not brought there for it.
func (s *Service) ListRooms(ctx context.Context, after wire.Addr, limit int) (page []RoomInfo, next wire.Addr, err error) {
	addrs, err := s.addrsAfter(ctx, after, limit+1)
	if err != nil {
		return nil, next, err
	}
	if len(addrs) > limit {
		addrs = addrs[:limit]
		next = addrs[limit-1]
	}
	infos := make([]*RoomInfo, len(addrs))
	waits := make([]func() error, len(addrs))
	for i, addr := range addrs { // all are asked before the first is waited for
		waits[i] = s.summary(ctx, addr, &infos[i])
	}
	for i, wait := range waits {
		if err := wait(); err != nil {
			return nil, next, err
		}
		if infos[i] != nil {
			page = append(page, *infos[i])
		}
	}
	return page, next, nil
}

// addrsAfter returns up to n addresses of rooms that are stored or in memory.
func (s *Service) addrsAfter(ctx context.Context, after wire.Addr, n int) ([]wire.Addr, error) {
	items, err := s.o.Rooms.ListRooms(ctx, s.Domain(), after, n, true)
	if err != nil {
		return nil, err
	}
	var addrs []wire.Addr
	for _, it := range items {
		addrs = append(addrs, it.Addr)
	}
	s.mu.Lock()
	for addr := range s.rooms {
		if addr.Compare(after) > 0 {
			addrs = append(addrs, addr)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(addrs, wire.Addr.Compare)
	addrs = slices.Compact(addrs)
	return addrs[:min(n, len(addrs))], nil
}

// summary asks a room in memory, or reads one that is not. What it returns waits until *into is set; nil is no room.
func (s *Service) summary(ctx context.Context, addr wire.Addr, into **RoomInfo) (wait func() error) {
	s.mu.Lock()
	r := s.rooms[addr]
	s.mu.Unlock()
	e, answer := calling(func(r *room) error {
		if r.state != absent {
			info := r.set.info(r.addr, len(r.occupants))
			*into = &info
		}
		return nil
	})
	if r == nil || s.post(r, e, true) != taken {
		return func() error { return s.stored(ctx, addr, into) }
	}
	return func() error { return answer(ctx) }
}

// stored reads a room's record alone.
func (s *Service) stored(ctx context.Context, addr wire.Addr, into **RoomInfo) error {
	rec, err := s.o.Rooms.Room(ctx, addr)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	set, err := parseSettings(rec.Config)
	if err != nil {
		return err
	}
	info := set.info(addr, 0)
	*into = &info
	return nil
}
