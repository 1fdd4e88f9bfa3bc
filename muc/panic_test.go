package muc_test

import (
	"context"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// brokenRooms panics when it lists rooms.
type brokenRooms struct{ storage.Rooms }

func (brokenRooms) ListRooms(context.Context, string, wire.Addr, int, bool) ([]storage.RoomItem, error) {
	panic("a mistake of ours")
}

// A request to the service that panics is answered with an error, and its slot is free again.
func TestPanickingRequest(t *testing.T) {
	w := newWorld(t, func(w *world) { w.rooms = brokenRooms{w.rooms} })
	anna := w.dial("anna")
	for range 100 { // more than there are slots
		w.want(anna.ask(service, `<query xmlns='http://jabber.org/protocol/disco#items'/>`), `type="error"`, `internal-server-error`)
	}
	if n := w.muc.Stats.Panics.Load(); n != 100 {
		t.Errorf("%d panics are counted", n)
	}
	anna.instant("A")
}
