package muc_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
)

// Everyone sees one order, it keeps each sender's own, and nothing is lost: archived messages, chat states, presences and
// subjects from many at once.
func TestOneOrder(t *testing.T) {
	const people, each = 8, 60
	w := newWorld(t)
	var all []*person
	for i := range people {
		p := w.dial(fmt.Sprint("p", i))
		if i == 0 {
			p.instant("P0")
			p.configure("changesubject=1")
		} else {
			p.enter(fmt.Sprint("P", i))
		}
		all = append(all, p)
	}
	for _, p := range all {
		p.sync()
	}
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() {
			for j := range each {
				switch tag := fmt.Sprintf("%d.%d.", i, j); j % 4 {
				case 0, 1:
					p.say(`<message type='groupchat' id="` + tag + `" to='` + roomJID + `'><body>x</body></message>`)
				case 2:
					p.say(`<message type='groupchat' id="` + tag + `" to='` + roomJID + `'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`)
				case 3:
					p.say(`<message type='groupchat' id="` + tag + `" to='` + roomJID + `'><subject>x</subject></message>`)
				}
			}
		})
	}
	wg.Wait()
	got := make([][]string, people)
	for range 2 { // after the first round all are through, after the second everyone has seen all
		for i, p := range all {
			got[i] = append(got[i], p.sync()...)
		}
	}
	var first string
	for i := range all {
		var seen []string
		next := make([]int, people)
		for _, s := range got[i] {
			_, id, ok := strings.Cut(s, ` id="`)
			if !ok || !strings.HasPrefix(s, "<message") {
				continue
			}
			var from, n int
			if _, err := fmt.Sscanf(id, "%d.%d.", &from, &n); err != nil {
				continue
			}
			if n != next[from] {
				t.Fatalf("%d sees %d.%d, awaits %d", i, from, n, next[from])
			}
			next[from]++
			seen = append(seen, fmt.Sprint(from, ".", n))
		}
		if len(seen) != people*each {
			t.Fatalf("%d sees %d", i, len(seen))
		}
		if order := strings.Join(seen, " "); first == "" {
			first = order
		} else if order != first {
			t.Fatalf("%d sees another order", i)
		}
	}
}

// held is an archive whose commits wait until they are let go.
type held struct {
	muc.Writer
	mu      sync.Mutex
	holding bool
	waiting []func()
}

func (h *held) TryAppend(rows []storage.Row, done func(archive.Result), rewrites ...storage.Rewrite) error {
	return h.Writer.TryAppend(rows, func(r archive.Result) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.holding {
			h.waiting = append(h.waiting, func() { done(r) })
			return
		}
		done(r)
	}, rewrites...)
}

// held counts the commits that wait.
func (h *held) held() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.waiting)
}

// wait returns once n commits wait. Sessions speak on goroutines of their own: without it another's stanza may come first.
func (h *held) wait(n int) {
	for h.held() < n {
		runtime.Gosched()
	}
}

func (h *held) letGo() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holding = false
	for _, f := range h.waiting {
		f()
	}
	h.waiting = nil
}

// What happens after a message waits for its commit: a kick, a join, a leave; nobody sees them overtake it.
func TestEventsWaitBehindMessages(t *testing.T) {
	h := new(held)
	_, anna, ben, carl := three(t, func(w *world) { h.Writer = w.queue; w.queue = h })
	h.mu.Lock()
	h.holding = true
	h.mu.Unlock()
	ben.talk("before")
	barrier := func(p *person) {
		p.say(`<iq type='get' id='b' to='` + roomJID + `'><ping xmlns='urn:xmpp:ping'/></iq>`)
	}
	h.wait(1)
	barrier(ben)
	anna.say(`<iq type='set' id='k' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='B' role='none'/></query></iq>`)
	carl.say(`<message type='groupchat' to='` + roomJID + `'><active xmlns='http://jabber.org/protocol/chatstates'/></message>`)
	for range 10_000 {
		runtime.Gosched() // time to overtake
	}
	h.letGo()
	anna.waitFor(`id="k"`)
	got := carl.sync()
	message, kick, state := index(got, `before`), index(got, `code="307"`), index(got, `<active`)
	if message < 0 || kick < message || state < 0 || state < message {
		t.Errorf("%q", got)
	}
}

// Rooms that park all the time lose nothing, whoever comes when.
func TestParkRace(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Rooms.ParkAfter = time.Microsecond })
	if err := w.muc.EnsureRoom(w.ctx, "hall", "Hall"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		p := w.dial(fmt.Sprint("p", i))
		wg.Go(func() {
			nick := fmt.Sprint("P", i)
			for j := range 100 {
				got := p.enter(nick)
				if !has(got, `code="110"`) || has(got, `code="201"`) {
					t.Errorf("%d.%d: %q", i, j, got)
					return
				}
				p.say(`<presence type='unavailable' to='` + roomJID + `/` + nick + `'/>`)
				p.sync()
			}
		})
	}
	wg.Wait()
	if n := w.muc.Stats.Occupants.Load(); n != 0 {
		t.Error("left behind:", n)
	}
}

// A room that cannot keep up refuses what may be refused, and takes every departure.
func TestMailboxBound(t *testing.T) {
	h := new(held)
	w, anna, ben, carl := three(t, func(w *world) { h.Writer = w.queue; w.queue = h })
	h.mu.Lock()
	h.holding = true
	h.mu.Unlock()
	ben.talk("blocks the line")
	h.wait(1)
	for range muc.MailboxEvents {
		w.router.Send(w.ctx, parse(t, `<iq type='get' id='q' to='`+roomJID+`'><ping xmlns='urn:xmpp:ping'/></iq>`).WithFrom(anna.addr))
	}
	anna.waitFor(`type="error"`, `resource-constraint`, `type="wait"`)
	if w.muc.Stats.Busy.Load() == 0 {
		t.Error("nothing was refused")
	}
	w.router.Unbind(w.ctx, carl.res)
	h.letGo()
	anna.waitFor(`/C"`, `type="unavailable"`)
}

// rooms.stanzas_per_second holds for each session.
func TestRate(t *testing.T) {
	w, _, ben, _ := three(t)
	w.reconfigure(func(c *config.Config) { c.Rooms.StanzasBurst, c.Rooms.StanzasPerSecond = 5, 1 })
	dora := w.dial("dora")
	dora.enter("D")
	for range 7 {
		dora.talk("spam")
	}
	w.want(dora.sync(), `policy-violation`, `type="wait"`)
	if n := strings.Count(strings.Join(ben.sync(), ""), "<body>spam"); n < 5 || n > 6 {
		t.Error("heard", n)
	}
}

// Leaving and entering again does not refill what a session may say.
func TestRateOverRejoin(t *testing.T) {
	w, _, ben, _ := three(t)
	w.reconfigure(func(c *config.Config) { c.Rooms.StanzasBurst, c.Rooms.StanzasPerSecond = 5, 1 })
	dora := w.dial("dora")
	for range 4 {
		dora.enter("D")
		for range 5 {
			dora.talk("spam")
		}
		dora.say(`<presence type='unavailable' to='` + roomJID + `/D'/>`)
	}
	dora.sync()
	if n := strings.Count(strings.Join(ben.sync(), ""), "<body>spam"); n < 5 || n > 7 {
		t.Error("heard", n)
	}
}

// What is remembered of those who left is bounded.
func TestSpentBound(t *testing.T) {
	if n := muc.SpentAfter(5000); n > 1000 {
		t.Error(n, "remembered")
	}
}
