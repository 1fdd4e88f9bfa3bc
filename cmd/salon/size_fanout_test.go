package main_test

import (
	"slices"
	"testing"
	"time"
)

const (
	fanoutFew        = 500
	fanoutMany       = 5000
	fanoutDeliveries = 500_000 // in each round
	fanoutBar        = 1.2     // times what one costs among few, or as much more as a bare write does
)

// TestSizeFanout holds what a delivery to one of 5,000 costs the server against one of 500. One sends, and each message follows
// when all have the last one, so that no write carries two. Presence is not broadcast, as in rooms of that size.
// More sockets than the processor's caches hold make any write dearer, with or without a server: so a bare write is measured too.
func TestSizeFanout(t *testing.T) {
	long(t)
	w := newTown(t, fanoutMany, "  max_occupants: 10000\n")
	salon(t, "", "room", "config", hallJID, "presencebroadcast=moderator", "--data", w.data).want(t, 0, "changed", "")
	w.login(16, "SCRAM-SHA-256", rosterRequest+carbonsOn)
	h := newHall(w, w.guests)
	var best, bare []time.Duration
	inside := 0
	for _, n := range []int{fanoutFew, fanoutMany} {
		h.tell(w.guests[inside:n], int64(n-inside), `<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x>`, "")
		inside = n
		var own, system, both []time.Duration
		for range rounds + 1 { // the first fills caches
			r := h.prepare(fanoutDeliveries/n, n, 1)
			user, kernel := w.times()
			h.send(r, w.guests[:1], n, atOnce)
			u, k := w.times()
			own, system = append(own, (u-user)/fanoutDeliveries), append(system, (k-kernel)/fanoutDeliveries)
			both = append(both, (u-user+k-kernel)/fanoutDeliveries)
		}
		t.Logf("%d occupants: CPU for each delivery %v of the server's own, %v of the kernel", n, own, system)
		best, bare = append(best, slices.Min(both[1:])), append(bare, bareWrite(t, n, 0))
	}
	ratio, bareRatio := float64(best[1])/float64(best[0]), float64(bare[1])/float64(bare[0])
	t.Logf("a delivery to one of %d costs %v, to one of %d %v: %.2f times as much; a bare write costs %v and %v, %.2f times as much",
		fanoutMany, best[1], fanoutFew, best[0], ratio, bare[1], bare[0], bareRatio)
	if ratio > max(fanoutBar, bareRatio) {
		t.Errorf("a delivery to one of %d costs %.2f times what one of %d costs, a bare write %.2f times", fanoutMany, ratio, fanoutFew, bareRatio)
	}
}
