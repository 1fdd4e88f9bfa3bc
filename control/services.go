package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// ServicesOptions is what NewServices needs.
type ServicesOptions struct {
	// Open returns the conference services, the first host's first; it is called again and again.
	Open func() ([]*muc.Service, error)
	// Offline says that nobody can be in a room: no server runs.
	Offline bool
}

// Services is Rooms over conference services. Errors and bounds are as Admin says. Safe for any goroutine.
type Services struct{ o ServicesOptions }

var _ Rooms = (*Services)(nil)

// NewServices returns Rooms over services.
func NewServices(o ServicesOptions) *Services { return &Services{o} }

// ListRooms implements Rooms.
func (s *Services) ListRooms(ctx context.Context, host string, after wire.Addr, limit int) (RoomPage, error) {
	page := RoomPage{Rooms: []muc.RoomInfo{}}
	if limit < 1 || limit > MaxList {
		return page, invalid("limit is %d: choose 1 to %d", limit, MaxList)
	}
	open, err := s.o.Open()
	if err != nil {
		return page, err
	}
	services := slices.DeleteFunc(slices.Clone(open), func(m *muc.Service) bool {
		return host != "" && m.Host() != host && m.Domain() != host
	})
	if len(services) == 0 {
		return page, invalid("%s is no host here (see hosts in the settings)", host)
	}
	services = slices.DeleteFunc(services, func(m *muc.Service) bool { return m.Domain() < after.Domain() })
	slices.SortFunc(services, func(a, b *muc.Service) int { return strings.Compare(a.Domain(), b.Domain()) })
	for i, m := range services {
		from := wire.Addr{}
		if m.Domain() == after.Domain() {
			from = after
		}
		rooms, next, err := m.ListRooms(ctx, from, limit-len(page.Rooms))
		if err != nil {
			return page, fmt.Errorf("control: list rooms: %w", err)
		}
		page.Rooms = append(page.Rooms, rooms...)
		if !next.IsZero() {
			page.Next = next
			return page, nil
		}
		if len(page.Rooms) == limit && i < len(services)-1 {
			page.Next = page.Rooms[limit-1].Addr
			return page, nil
		}
	}
	return page, nil
}

// ShowRoom implements Rooms.
func (s *Services) ShowRoom(ctx context.Context, room string) (d muc.RoomDetails, err error) {
	_, err = s.at(room, func(m *muc.Service, addr wire.Addr) error {
		d, err = m.Describe(ctx, addr)
		return err
	})
	return d, err
}

// CreateRoom implements Rooms.
func (s *Services) CreateRoom(ctx context.Context, room string, r NewRoom) (wire.Addr, error) {
	return s.at(room, func(m *muc.Service, addr wire.Addr) error {
		var owners []wire.Addr
		for _, o := range r.Owners {
			owner, err := ParseUser(o)
			if err != nil {
				return err
			}
			owners = append(owners, owner)
		}
		return m.Create(ctx, addr, owners, r.Fields)
	})
}

// ConfigureRoom implements Rooms.
func (s *Services) ConfigureRoom(ctx context.Context, room string, fields []muc.Field) (wire.Addr, error) {
	return s.at(room, func(m *muc.Service, addr wire.Addr) error {
		if len(fields) == 0 {
			return invalid("there is nothing to change: write key=value, `room show %s` shows the keys", addr)
		}
		return m.Configure(ctx, addr, fields)
	})
}

// affiliations are those that can be given.
var affiliations = []string{"owner", "admin", "member", "none", "outcast"}

// AffiliateRoom implements Rooms.
func (s *Services) AffiliateRoom(ctx context.Context, room string, a Affiliation) (wire.Addr, error) {
	return s.at(room, func(m *muc.Service, addr wire.Addr) error {
		if !slices.Contains(affiliations, a.Value) {
			return invalid("%q is no affiliation: choose one of %s", a.Value, strings.Join(affiliations, ", "))
		}
		who, err := parseAddr(a.JID)
		if err != nil {
			return err
		}
		if who.IsHost() && a.Value != "outcast" && a.Value != "none" {
			return invalid("%s is a domain, which can be banned alone: write name@%s", who, who)
		}
		return m.Affiliate(ctx, addr, who.Bare(), a.Value, a.Reason)
	})
}

// KickOccupant implements Rooms.
func (s *Services) KickOccupant(ctx context.Context, room, nick, reason string) (wire.Addr, error) {
	return s.at(room, func(m *muc.Service, addr wire.Addr) error {
		switch {
		case s.o.Offline:
			return &Error{NotRunning, "no server is running on this data directory, so nobody is in its rooms: there is nobody to kick"}
		case nick == "":
			return invalid("the nickname is empty: `room show %s` shows who is inside", addr)
		}
		err := m.Kick(ctx, addr, nick, reason)
		if errors.Is(err, muc.ErrNoOccupant) {
			return &Error{Missing, fmt.Sprintf("nobody in %s is called %q: `room show %s` shows who is inside", addr, nick, addr)}
		}
		return err
	})
}

// DestroyRoom implements Rooms.
func (s *Services) DestroyRoom(ctx context.Context, room string, d Destruction) (wire.Addr, error) {
	return s.at(room, func(m *muc.Service, addr wire.Addr) error {
		var alternate wire.Addr
		if d.Alternate != "" {
			var err error
			if alternate, err = s.parseRoom(d.Alternate); err != nil {
				return err
			}
		}
		if d.Password != "" && d.Alternate == "" {
			return invalid("the password is for the room to go to instead: name that with --alternate")
		}
		return m.Destroy(ctx, addr, alternate, d.Password, d.Reason)
	})
}

// at finds a room's service, does something there and makes an answer of its error.
func (s *Services) at(room string, do func(m *muc.Service, addr wire.Addr) error) (wire.Addr, error) {
	addr, err := s.parseRoom(room)
	if err != nil {
		return addr, err
	}
	services, err := s.o.Open()
	if err != nil {
		return addr, err
	}
	i := slices.IndexFunc(services, func(m *muc.Service) bool { return m.Domain() == addr.Domain() })
	if i < 0 {
		var domains []string
		for _, m := range services {
			domains = append(domains, m.Domain())
		}
		return addr, invalid("%s has no rooms here: they are at %s (see hosts in the settings, or --host)", addr.Domain(), strings.Join(domains, ", "))
	}
	return addr, roomError(addr, do(services[i], addr))
}

// parseRoom reads a room's address, or its name at the first host's service, as a person typed it.
func (s *Services) parseRoom(room string) (wire.Addr, error) {
	text := room
	if !strings.Contains(room, "@") {
		services, err := s.o.Open()
		if err != nil {
			return wire.Addr{}, err
		}
		if room != "" && len(services) > 0 {
			text = room + "@" + services[0].Domain()
		}
	}
	addr, err := wire.ParseAddr(text)
	if err != nil || !addr.IsBare() {
		return wire.Addr{}, invalid("%q is no room: write its name, such as lobby, or name@service", room)
	}
	return addr, nil
}

// roomError makes an answer of what a service refused.
func roomError(addr wire.Addr, err error) error {
	var known *Error
	var refused stanza.Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, muc.ErrNoRoom):
		return &Error{Missing, fmt.Sprintf("there is no room %s: `room list` shows which there are", addr)}
	case errors.Is(err, muc.ErrRoomExists):
		return &Error{Exists, fmt.Sprintf("%s exists already: `room config %s` with key=value changes it", addr, addr)}
	case errors.Is(err, muc.ErrRoomHeld):
		return held(addr)
	case !errors.As(err, &refused), refused.Condition == stanza.InternalServerError, errors.Is(err, storage.ErrAway):
		return fmt.Errorf("%s: this could not be stored, the log says why: %w", addr, err)
	}
	text := strings.TrimSuffix(refused.Text["en"], ".")
	switch refused.Condition {
	case stanza.Conflict:
		text += fmt.Sprintf(": make somebody else an owner first (`room affiliate %s NAME@HOST owner`)", addr)
	case stanza.ResourceConstraint:
		text += ": see rooms.per_account_owned in the settings, or take entries off the room's lists"
	}
	if text == "" {
		text = string(refused.Condition)
	}
	return invalid("nothing was changed at %s: %s", addr, text)
}
