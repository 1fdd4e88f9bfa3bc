package muc

import (
	"strconv"
	"sync"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const (
	nsCorrect = "urn:xmpp:message-correct:0"

	// activityHours are the hours that the indicator looks back, the one that runs not counted: none may be older than 72 (XEP-0502 §4).
	activityHours = 24
	// maxActive bounds the rooms that are counted.
	maxActive = 50_000
)

// activityFacet tells how many messages an hour there are, of rooms that anybody may enter and find (XEP-0502 §3.1, §7).
var activityFacet = facet{
	info: func(f *wire.FormWriter, r *room) {
		if !r.set.Persistent || !r.set.Public || r.set.guarded() {
			return
		}
		if rate, known := r.s.activity.rate(r.addr, r.created, r.now()); known {
			f.TextSingle("{urn:xmpp:muc-activity}message-activity", "Messages per hour", strconv.FormatFloat(rate, 'f', 2, 64))
		}
	},
}

func advertiseActivity(r *router.Router) {
	r.Advertise(router.OnRoom, router.XEP{Num: 502, Version: "0.1.0", Status: "complete"})
}

// activity counts the messages of all rooms by the hour, so that a question costs no look at the archive, and a room that
// leaves memory loses nothing. It begins with the service: what was before is not known, and until an hour has passed nothing is said.
type activity struct {
	mu    sync.Mutex // a leaf; guards what follows
	since time.Time  // everything after it was counted
	rooms map[wire.Addr]*hours
}

// hours has the messages of the hour `last`, counted from 1970, and of those before it: hour h is at h modulo the length.
type hours struct {
	last int64
	n    [activityHours + 1]uint32
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// move makes `hour` the last one.
func (h *hours) move(hour int64) {
	if hour-h.last >= int64(len(h.n)) {
		clear(h.n[:])
		h.last = hour
	}
	for h.last < hour {
		h.last++
		h.n[h.last%int64(len(h.n))] = 0
	}
}

// add counts a message. At the bound the rooms go in which nothing was said for long; if that frees no place, all is counted anew.
func (a *activity) add(room wire.Addr, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hour := hourOf(now)
	h := a.rooms[room]
	if h == nil {
		if len(a.rooms) >= maxActive {
			a.trim(now)
		}
		if a.rooms == nil {
			a.rooms = map[wire.Addr]*hours{}
		}
		h = &hours{last: hour}
		a.rooms[room] = h
	}
	h.move(hour)
	h.n[hour%int64(len(h.n))]++
}

func (a *activity) trim(now time.Time) {
	for room, h := range a.rooms {
		if hourOf(now)-h.last > activityHours {
			delete(a.rooms, room)
		}
	}
	if len(a.rooms) >= maxActive {
		a.since = now
		clear(a.rooms)
	}
}

// rate returns the messages per hour over the whole hours, 24 at most, of which the room's are known, and false if there is none.
func (a *activity) rate(room wire.Addr, created, now time.Time) (float64, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	since := a.since
	if created.After(since) {
		since = created
	}
	hour := hourOf(now)
	n := min(activityHours, hour-hourOf(since)-1) // the hour in which it began is not whole
	if n < 1 {
		return 0, false
	}
	sum := uint64(0)
	if h := a.rooms[room]; h != nil {
		h.move(hour)
		for i := int64(1); i <= n; i++ {
			sum += uint64(h.n[(hour-i)%int64(len(h.n))])
		}
	}
	return float64(sum) / float64(n), true
}

// forget drops the count of a room that is over: whoever makes one of that name begins anew.
func (a *activity) forget(room wire.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.rooms, room)
}

// countActivity counts what people read: messages with a body that correct and retract none (XEP-0502 §4).
func (r *room) countActivity(m *message) {
	if !m.out.Has("", "body") || m.out.Has(nsCorrect, "replace") {
		return
	}
	if _, retracts := archive.Retracts(m.out); !retracts {
		r.s.activity.add(r.addr, r.now())
	}
}
