package muc

import (
	"context"
	"slices"
	"strconv"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// roomsPage is how many rooms a page has at most.
const roomsPage = 250

// countPage is how many rooms are read at a time to count them.
const countPage = 1000

// list notes a temporary room for the list, or takes the room off: stored ones are listed by the store. Searches find what the
// room says of itself now.
func (r *room) list() {
	s := r.s
	if r.state == open && r.set.Public {
		s.directory.put(r.addr, r.set.listing(), true)
	} else {
		s.directory.drop(r.addr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.state == open && !r.stored && r.set.Public {
		s.temporary[r.addr] = r.set.Name
	} else {
		delete(s.temporary, r.addr)
	}
}

// paging is what XEP-0059 §2 lets a request ask for.
type paging struct {
	max           int
	after, before wire.Addr
	backward      bool
}

// readPaging reads <set/>; without one a page is as long as it may be.
func readPaging(k wire.Kid) (paging, error) {
	p := paging{max: roomsPage}
	set, ok := k.Kid(nsRSM, "set")
	if !ok {
		return p, nil
	}
	if m, ok := set.Kid("", "max"); ok {
		n, err := strconv.Atoi(m.Text())
		if err != nil || n < 0 {
			return p, errMalformed
		}
		p.max = min(n, roomsPage)
	}
	if _, ok := set.Kid("", "index"); ok {
		return p, refusal(stanza.Cancel, stanza.FeatureNotImplemented, "") // §2.7
	}
	var err error
	if a, ok := set.Kid("", "after"); ok {
		if p.after, err = wire.ParseAddr(a.Text()); err != nil {
			return p, errNoNode // §2.2: an id that we never gave
		}
	}
	if b, ok := set.Kid("", "before"); ok {
		p.backward = true
		if b.Text() != "" {
			if p.before, err = wire.ParseAddr(b.Text()); err != nil {
				return p, errNoNode
			}
		}
	}
	return p, nil
}

// discoItems lists the public rooms, those that are stored and those of the moment, ordered by address (XEP-0045 §6.3).
func (s *Service) discoItems(ctx context.Context, k wire.Kid) (wire.Payload, error) {
	if k.Attr("node") != "" {
		return nil, errNoNode
	}
	p, err := readPaging(k)
	if err != nil {
		return nil, err
	}
	if p.max == 0 {
		return s.countRooms(ctx)
	}
	items, more, err := s.page(ctx, p)
	if err != nil {
		return nil, err
	}
	w := wire.NewWriter().Start(nsDiscoItems, "query")
	for _, it := range items {
		w.Start("", "item").Attr("jid", it.Addr.String()).AttrIf("name", it.Name).End()
	}
	if _, asked := k.Kid(nsRSM, "set"); asked || more {
		w.Start(nsRSM, "set")
		if len(items) > 0 {
			w.Elem("", "first", items[0].Addr.String()).Elem("", "last", items[len(items)-1].Addr.String())
		}
		w.End()
	}
	return w.Payload(), nil
}

// countRooms answers who wants no room but their number (XEP-0059 §2.7).
func (s *Service) countRooms(ctx context.Context) (wire.Payload, error) {
	n := 0
	for at := (wire.Addr{}); ; {
		items, err := s.roomsAfter(ctx, at, countPage)
		if err != nil {
			return nil, err
		}
		if n += len(items); len(items) < countPage {
			break
		}
		at = items[len(items)-1].Addr
	}
	w := wire.NewWriter().Start(nsDiscoItems, "query").Start(nsRSM, "set").Elem("", "count", strconv.Itoa(n))
	return w.Payload(), nil
}

// page reads one page. Backwards it reads all before the page, and keeps the end: the store pages forwards alone.
func (s *Service) page(ctx context.Context, p paging) (items []storage.RoomItem, more bool, err error) {
	if !p.backward {
		items, err = s.roomsAfter(ctx, p.after, p.max+1)
		if len(items) > p.max {
			return items[:p.max], true, err
		}
		return items, false, err
	}
	at := p.after
	for {
		next, err := s.roomsAfter(ctx, at, roomsPage)
		if err != nil {
			return nil, false, err
		}
		last := len(next) < roomsPage
		for _, it := range next {
			if at = it.Addr; !p.before.IsZero() && it.Addr.Compare(p.before) >= 0 {
				last = true
				break
			}
			items = append(items, it)
		}
		if n := len(items) - p.max; n > 0 {
			items, more = slices.Clone(items[n:]), true
		}
		if last {
			return items, more, nil
		}
	}
}

// roomsAfter returns up to n public rooms behind an address.
func (s *Service) roomsAfter(ctx context.Context, after wire.Addr, n int) ([]storage.RoomItem, error) {
	items, err := s.o.Rooms.ListRooms(ctx, s.addr.Domain(), after, n, false)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	for addr, name := range s.temporary {
		if addr.Compare(after) > 0 {
			items = append(items, storage.RoomItem{Addr: addr, Name: name, Public: true})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(items, func(a, b storage.RoomItem) int { return a.Addr.Compare(b.Addr) })
	items = slices.CompactFunc(items, func(a, b storage.RoomItem) bool { return a.Addr == b.Addr })
	return items[:min(n, len(items))], nil
}
