package main_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	occupants = 500
	joiners   = 300
	joinBar   = 3 * time.Microsecond // for each presence
	pacedBar  = 5 * time.Microsecond // for each delivery
	floodBar  = time.Microsecond

	archivedBar = 12 // tenths of what it costs without the archive

	pace       = 100 // messages a second: 50,000 deliveries
	pacedFor   = 5 * time.Second
	floodSize  = 1500 // messages: 750,000 deliveries
	floodAhead = 64   // messages that somebody still misses
	senders    = 10
	rounds     = 3 // of which the best counts
)

func atOnce() {}

// TestSizeRoom holds the server's CPU for a delivery to a room of 500 over TLS, with the durable archive.
func TestSizeRoom(t *testing.T) {
	long(t)
	w := newTown(t, occupants, "")
	w.login(8, "SCRAM-SHA-256", rosterRequest+carbonsOn)
	h := newHall(w, w.guests)
	var join, flood []time.Duration
	for range rounds {
		join = append(join, w.per(joiners*joiners, func() { h.enter(w.guests[:joiners]) }))
		h.leave(w.guests[:joiners])
	}
	hold(t, "server CPU for each presence, 300 joining at once", joinBar, join...)
	h.enter(w.guests)
	atPace := func() time.Duration {
		n := int(pacedFor.Seconds()) * pace
		r := h.prepare(n, occupants, floodAhead)
		tick := time.NewTicker(time.Second / pace)
		defer tick.Stop()
		defer func() { t.Logf("paced: delays of %v at the median, %v at 99 %%", r.delay(0.5), r.delay(0.99)) }()
		return w.per(n*occupants, func() { h.send(r, w.guests[:senders], occupants, func() { <-tick.C }) })
	}
	archiving := func(on string) {
		salon(t, "", "room", "config", "lobby", "enablearchiving="+on, "--data", w.data).want(t, 0, "changed", "")
	}
	var paced, unarchived []time.Duration
	for range rounds { // in turns, since the machine is not always as fast
		paced = append(paced, atPace())
		archiving("0")
		unarchived = append(unarchived, atPace())
		archiving("1")
	}
	bare := bareWrite(t, occupants, pace)
	t.Logf("a bare write to one of as many sockets, paced: %v", bare)
	hold(t, "server CPU for each delivery, paced", max(pacedBar, 2*bare), paced...)
	hold(t, "the same, against 1.2 times what it costs without the archive", slices.Min(unarchived)*archivedBar/10, paced...)
	for range rounds {
		r := h.prepare(floodSize, occupants, floodAhead)
		began := time.Now()
		flood = append(flood, w.per(floodSize*occupants, func() { h.send(r, w.guests[:senders], occupants, atOnce) }))
		t.Logf("flood: %.0f deliveries a second, delays of %v at the median, %v at 99 %%",
			floodSize*occupants/time.Since(began).Seconds(), r.delay(0.5), r.delay(0.99))
	}
	hold(t, "server CPU for each delivery, flood", floodBar, flood...)
}

const (
	slowSize     = 4000 // messages: more than the outbox of one who does not read holds
	slowAhead    = 4    // a smaller window, for a smaller delay
	slowBar      = 50 * time.Millisecond
	slowMemory   = 64 << 20
	slowAttempts = 3 // a delay that comes from the test's machine does not come each time
)

// TestSizeSlowReader stops to read for one occupant of 500 while others flood the room: nobody else waits for it, the
// server's memory stays within its bound, and the session of who does not read ends.
func TestSizeSlowReader(t *testing.T) {
	long(t)
	w := newTown(t, occupants, "")
	w.login(8, "SCRAM-SHA-256", rosterRequest+carbonsOn)
	slow, rest := w.guests[0], w.guests[1:]
	if err := slow.NetConn().(interface{ SetReadBuffer(int) error }).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	h := newHall(w, rest)
	h.padding = strings.Repeat("hello ", 680)
	h.enter(rest)
	for attempt := 1; ; attempt++ {
		late := slowRound(w, h, slow, rest)
		if t.Failed() || late <= slowBar {
			return
		}
		if attempt == slowAttempts {
			t.Errorf("others are delayed by %v more, each time", late)
			return
		}
		if err := slow.login(w.direct, "SCRAM-SHA-256", ""); err != nil {
			t.Fatal(err)
		}
	}
}

// slowRound floods the room while one reads, and again while it does not, and returns by how much that delayed the others.
func slowRound(w *town, h *hall, slow *guest, rest []*guest) time.Duration {
	t := w.t
	t.Helper()
	here := h.presences.Load()
	if _, err := slow.ask(`<presence to="`+hallJID+`/slow"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`, "<subject"); err != nil {
		t.Fatal(err)
	}
	h.await("presences of one more", &h.presences, here+int64(len(rest)))
	var reading atomic.Bool
	reading.Store(true)
	var reader sync.WaitGroup
	reader.Go(func() {
		for buf := make([]byte, 16<<10); reading.Load(); {
			if _, err := slow.Read(buf); err != nil {
				t.Errorf("%s lost its connection: %v", slow.name, err)
				return
			}
		}
	})
	without := h.prepare(slowSize/2, len(rest), slowAhead)
	h.send(without, rest[:senders], len(rest), atOnce)

	reading.Store(false)
	before := w.rss()
	with := h.prepare(slowSize, len(rest), slowAhead)
	h.send(with, rest[:senders], len(rest), atOnce)
	after := w.rss()
	reader.Wait()
	t.Logf("delays without: %v at the median, %v at 99 %%, %v at most; with one who does not read: %v, %v, %v; memory %d MiB more",
		without.delay(0.5), without.delay(0.99), without.delay(1), with.delay(0.5), with.delay(0.99), with.delay(1), (after-before)>>20)
	if after-before > slowMemory {
		t.Errorf("the memory grew by %d MiB", (after-before)>>20)
	}
	h.await("presences of who does not read and is thrown out", &h.presences, here+2*int64(len(rest)))
	_ = slow.Close()
	return max(with.delay(0.5)-without.delay(0.5), with.delay(0.99)-without.delay(0.99))
}
