package muc

import (
	"context"

	"salon.im/salon/wire"
)

// roomsPage is how many rooms a page has at most, and how many one without RSM asks for.
const roomsPage = 250

func (s *Service) discoItems(ctx context.Context, k wire.Kid) (wire.Payload, error) {
	items, err := s.o.Rooms.ListRooms(ctx, s.o.Domain, wire.Addr{}, roomsPage, false)
	if err != nil {
		return nil, err
	}
	w := wire.NewWriter().Start(nsDiscoItems, "query")
	for _, it := range items {
		w.Start("", "item").Attr("jid", it.Addr.String()).AttrIf("name", it.Name).End()
	}
	return w.Payload(), nil
}
