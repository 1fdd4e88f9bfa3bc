package muc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const searchForm = `<iq type='get' id='%s' to='` + service + `'><search xmlns='urn:xmpp:channel-search:0:search'><x xmlns='jabber:x:data' type='submit'>` +
	`<field var='FORM_TYPE'><value>urn:xmpp:channel-search:0:search-params</value></field><field var='all'><value>1</value></field></x></search></iq>`

// stuckRooms has a list that comes only when it is let go.
type stuckRooms struct {
	storage.Rooms
	asked, release chan struct{}
}

func (s *stuckRooms) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) ([]storage.RoomItem, error) {
	s.asked <- struct{}{}
	<-s.release
	return s.Rooms.ListRooms(ctx, service, after, limit, hidden)
}

// XEP-0433 §4.2.2.4: more searches than may run at a time are told to come back, and those that run are answered.
func TestSearchesBounded(t *testing.T) {
	stuck := &stuckRooms{asked: make(chan struct{}, 10), release: make(chan struct{})}
	w := newWorld(t, func(w *world) { stuck.Rooms, w.rooms = w.rooms, stuck })
	anna := w.dial("anna")
	for i := range muc.MaxSearches {
		anna.say(fmt.Sprintf(searchForm, fmt.Sprint("s", i)))
		<-stuck.asked
	}
	anna.say(fmt.Sprintf(searchForm, "more"))
	got := anna.waitFor(`id="more"`)
	for _, part := range []string{`type="wait"`, "resource-constraint", `<rate-limit xmlns="urn:xmpp:channel-search:0:error" retry-after="1"/>`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
	close(stuck.release)
	results := 0
	for range muc.MaxSearches {
		if strings.Contains(anna.waitFor("<iq"), `type="result"`) {
			results++
		}
	}
	if results != muc.MaxSearches {
		t.Errorf("%d searches were answered", results)
	}
}

// countedRooms counts how often a room is read.
type countedRooms struct {
	storage.Rooms
	reads int
}

func (c *countedRooms) Room(ctx context.Context, addr wire.Addr) (storage.Room, error) {
	c.reads++
	return c.Rooms.Room(ctx, addr)
}

// Rooms that nobody is in are found over pages of the store, and read once, however often they are searched.
func TestSearchReadsOnce(t *testing.T) {
	counted := &countedRooms{}
	w := newWorld(t, func(w *world) { counted.Rooms, w.rooms = w.rooms, counted })
	const n = 1100
	for i := range n {
		rec := storage.Room{Addr: wire.MustAddr(fmt.Sprintf("r%04d@%s", i, service)), Public: true, Config: []byte(`{"public":true,"persistent":true}`)}
		if err := w.store.PutRoom(w.ctx, rec, nil); err != nil {
			t.Fatal(err)
		}
	}
	anna := w.dial("anna")
	for i := range 2 {
		id := fmt.Sprint("s", i)
		anna.say(fmt.Sprintf(searchForm, id))
		if got := anna.waitFor(`id="` + id + `"`); !strings.Contains(got, "<count>1100</count>") || strings.Count(got, "<item ") != 100 {
			t.Errorf("%.300s", got)
		}
	}
	if counted.reads != n {
		t.Errorf("%d reads of %d rooms", counted.reads, n)
	}
}

// What is remembered to be searched is bounded, and the newest is there at the bound.
func TestDirectoryBound(t *testing.T) {
	if bytes, newest := muc.Directory(20_000, strings.Repeat("d", 4<<10)); bytes > muc.MaxDirectory || bytes == 0 || !newest {
		t.Errorf("%d bytes, the newest is there: %v", bytes, newest)
	}
}
