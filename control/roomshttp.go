package control

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"salon.im/salon/muc"
	"salon.im/salon/wire"
)

// maxRoomRequest bounds the body of a request about a room: a description and a reason fit.
const maxRoomRequest = 64 << 10

// roomRequest is the body of a request that changes a room; each has its own part of it.
type roomRequest struct {
	Room        string       `json:"room"`
	New         *NewRoom     `json:"new,omitempty"`
	Fields      []muc.Field  `json:"fields,omitempty"`
	Affiliation *Affiliation `json:"affiliation,omitempty"`
	Nick        string       `json:"nick,omitempty"`
	Reason      string       `json:"reason,omitempty"`
	Destruction *Destruction `json:"destruction,omitempty"`
}

// roomReply names the room that was changed.
type roomReply struct {
	Room wire.Addr `json:"room"`
}

// handleRooms adds the paths of Rooms.
func (h *handler) handleRooms(mux *http.ServeMux) {
	mux.HandleFunc("GET /rooms", h.listRooms)
	mux.HandleFunc("GET /rooms/show", func(w http.ResponseWriter, r *http.Request) {
		d, err := h.admin.ShowRoom(r.Context(), r.URL.Query().Get("room"))
		h.reply(w, r, d, err)
	})
	for what, do := range map[string]func(ctx context.Context, q roomRequest) (wire.Addr, error){
		"create": func(ctx context.Context, q roomRequest) (wire.Addr, error) {
			return h.admin.CreateRoom(ctx, q.Room, part(q.New))
		},
		"config": func(ctx context.Context, q roomRequest) (wire.Addr, error) {
			return h.admin.ConfigureRoom(ctx, q.Room, q.Fields)
		},
		"affiliate": func(ctx context.Context, q roomRequest) (wire.Addr, error) {
			return h.admin.AffiliateRoom(ctx, q.Room, part(q.Affiliation))
		},
		"kick": func(ctx context.Context, q roomRequest) (wire.Addr, error) {
			return h.admin.KickOccupant(ctx, q.Room, q.Nick, q.Reason)
		},
		"destroy": func(ctx context.Context, q roomRequest) (wire.Addr, error) {
			return h.admin.DestroyRoom(ctx, q.Room, part(q.Destruction))
		},
	} {
		mux.HandleFunc("POST /rooms/"+what, h.room(do))
	}
}

// part is what p points to, or nothing.
func part[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// room makes the handler of a request that changes a room. What is asked for stays out of the log: it may hold a password.
func (h *handler) room(do func(ctx context.Context, q roomRequest) (wire.Addr, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q roomRequest
		if !h.decode(w, r, &q, maxRoomRequest) {
			return
		}
		addr, err := do(r.Context(), q)
		if err == nil {
			h.log.InfoContext(r.Context(), "control request", "request", r.URL.Path, "room", addr.String())
		}
		h.reply(w, r, roomReply{addr}, err)
	}
}

func (h *handler) listRooms(w http.ResponseWriter, r *http.Request) {
	if host, after, limit, ok := h.paging(w, r); ok {
		page, err := h.admin.ListRooms(r.Context(), host, after, limit)
		h.reply(w, r, page, err)
	}
}

// ListRooms implements Rooms.
func (c *Client) ListRooms(ctx context.Context, host string, after wire.Addr, limit int) (page RoomPage, err error) {
	q := url.Values{"host": {host}, "after": {after.String()}, "limit": {strconv.Itoa(limit)}}
	err = c.do(ctx, http.MethodGet, "/rooms?"+q.Encode(), nil, &page)
	return page, err
}

// ShowRoom implements Rooms.
func (c *Client) ShowRoom(ctx context.Context, room string) (d muc.RoomDetails, err error) {
	err = c.do(ctx, http.MethodGet, "/rooms/show?"+url.Values{"room": {room}}.Encode(), nil, &d)
	return d, err
}

// CreateRoom implements Rooms.
func (c *Client) CreateRoom(ctx context.Context, room string, r NewRoom) (wire.Addr, error) {
	return c.room(ctx, "create", roomRequest{Room: room, New: &r})
}

// ConfigureRoom implements Rooms.
func (c *Client) ConfigureRoom(ctx context.Context, room string, fields []muc.Field) (wire.Addr, error) {
	return c.room(ctx, "config", roomRequest{Room: room, Fields: fields})
}

// AffiliateRoom implements Rooms.
func (c *Client) AffiliateRoom(ctx context.Context, room string, a Affiliation) (wire.Addr, error) {
	return c.room(ctx, "affiliate", roomRequest{Room: room, Affiliation: &a})
}

// KickOccupant implements Rooms.
func (c *Client) KickOccupant(ctx context.Context, room, nick, reason string) (wire.Addr, error) {
	return c.room(ctx, "kick", roomRequest{Room: room, Nick: nick, Reason: reason})
}

// DestroyRoom implements Rooms.
func (c *Client) DestroyRoom(ctx context.Context, room string, d Destruction) (wire.Addr, error) {
	return c.room(ctx, "destroy", roomRequest{Room: room, Destruction: &d})
}

func (c *Client) room(ctx context.Context, what string, q roomRequest) (wire.Addr, error) {
	var reply roomReply
	err := c.post(ctx, "/rooms/"+what, q, &reply)
	return reply.Room, err
}
