package muc

import (
	"context"
	"errors"
	"sync"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxDirectory bounds the bytes of what is remembered of public rooms, to be searched.
const maxDirectory = 32 << 20

// listing is what a search sees of a public room.
type listing struct {
	name, description, lang string
	open                    bool // neither password nor membership is needed
	named                   bool // real addresses are seen by everyone
}

func (s *settings) listing() listing {
	return listing{name: s.Name, description: s.Description, lang: s.Lang, open: !s.guarded(), named: s.Whois == whoisAnyone}
}

func (l listing) size() int { return 200 + len(l.name) + len(l.description) + len(l.lang) }

// directory remembers what public rooms say of themselves, so that a search reads each room from the store once. Rooms keep
// theirs up to date (room.list).
type directory struct {
	mu    sync.Mutex // a leaf; guards what follows
	rooms map[wire.Addr]listing
	bytes int
}

func (d *directory) get(room wire.Addr) (listing, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, ok := d.rooms[room]
	return l, ok
}

// put remembers a listing; over is false where one that is there is newer. At the bound all others are forgotten.
func (d *directory) put(room wire.Addr, l listing, over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old, known := d.rooms[room]
	if known && !over {
		return
	}
	if known {
		d.bytes -= old.size()
	}
	if d.bytes+l.size() > maxDirectory || d.rooms == nil {
		d.rooms, d.bytes = map[wire.Addr]listing{}, 0
	}
	d.rooms[room] = l
	d.bytes += l.size()
}

func (d *directory) drop(room wire.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, known := d.rooms[room]; known {
		d.bytes -= old.size()
		delete(d.rooms, room)
	}
}

// listed is a public room as a search finds it.
type listed struct {
	listing
	addr  wire.Addr
	users int
}

// eachListed calls f for every public room, ordered by address. It ends with the store's error or ctx's.
func (s *Service) eachListed(ctx context.Context, f func(listed)) error {
	users := s.headcount()
	for at := (wire.Addr{}); ; {
		items, err := s.roomsAfter(ctx, at, countPage)
		if err != nil {
			return err
		}
		for _, it := range items {
			l, ok, err := s.listingOf(ctx, it.Addr)
			if err != nil {
				return err
			}
			if ok {
				f(listed{listing: l, addr: it.Addr, users: users[it.Addr]})
			}
		}
		if len(items) < countPage {
			return nil
		}
		at = items[len(items)-1].Addr
	}
}

// listingOf returns the listing of a public room, out of the store if need be; false if it has ended or is public no more.
func (s *Service) listingOf(ctx context.Context, room wire.Addr) (listing, bool, error) {
	if l, ok := s.directory.get(room); ok {
		return l, true, nil
	}
	rec, err := s.o.Rooms.Room(ctx, room)
	if errors.Is(err, storage.ErrNotFound) {
		return listing{}, false, nil
	}
	if err != nil {
		return listing{}, false, err
	}
	set, err := parseSettings(rec.Config)
	if err != nil || !set.Public {
		return listing{}, false, err
	}
	s.directory.put(room, set.listing(), false)
	return set.listing(), true, nil
}

// headcount returns how many are in each room that is not empty.
func (s *Service) headcount() map[wire.Addr]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[wire.Addr]int{}
	for a, r := range s.rooms {
		if n := int(r.users.Load()); n > 0 {
			out[a] = n
		}
	}
	return out
}
