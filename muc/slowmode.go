package muc

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const fieldSlowMode = "muc#roomconfig_slow_mode_duration"

// maxSlowMode is the longest wait that an owner may set, in seconds: a day (XEP-0500 §8: not too large to store).
const maxSlowMode = 24 * 60 * 60

// maxWaiting bounds the accounts of whom a room remembers when they spoke last.
const maxWaiting = 10_000

// slowModeFacet has everyone wait between two messages (XEP-0500).
var slowModeFacet = facet{
	form: func(f *wire.FormWriter, r *room) { // §5.1
		f.Integer(fieldSlowMode, "Seconds to wait between two messages (0: none)", int(r.set.SlowMode), 0, maxSlowMode)
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		n, err := strconv.ParseUint(strings.TrimSpace(f.Value(fieldSlowMode)), 10, 32)
		if err == nil && n <= maxSlowMode { // §8: an invalid value must be ignored
			set.SlowMode = uint32(n)
		}
		return nil
	},
	info: func(f *wire.FormWriter, r *room) { // §5.2
		f.TextSingle("muc#roominfo_slow_mode_duration", "Seconds to wait between two messages", strconv.Itoa(int(r.set.SlowMode)))
	},
	after: func(r *room, _ *settings) { r.slowed() },
}

func advertiseSlowMode(r *router.Router) {
	r.Advertise(router.OnRoom, router.XEP{Num: 500, Version: "0.1.1", Status: "complete"})
}

// slow remembers what accounts, bare, spoke last: all their sessions and nicks count as one (XEP-0500 §8), also after they left.
// The room stays in memory until nobody has to wait any more; a restart of the server forgets it.
type slow struct {
	last   map[wire.Addr]spoke
	newest time.Time // of them
}

// spoke is the last message of an account. origin is the digest by which the archive knows a resend, nil for none.
type spoke struct {
	at     time.Time
	origin []byte
}

// wait returns how much longer an account must wait; if that is nothing, it has spoken now. What the archive will know as sent
// again is no second message, and need not wait. At the bound those go who need not wait any more, and then any others.
func (s *slow) wait(bare wire.Addr, now time.Time, every time.Duration, origin []byte) time.Duration {
	was, known := s.last[bare]
	if left := every - now.Sub(was.at); left > 0 {
		if origin != nil && bytes.Equal(origin, was.origin) {
			return 0
		}
		return left
	}
	if s.last == nil {
		s.last = map[wire.Addr]spoke{}
	}
	if !known && len(s.last) >= maxWaiting {
		s.trim(now, every)
	}
	s.last[bare], s.newest = spoke{now, origin}, now
	return 0
}

func (s *slow) trim(now time.Time, every time.Duration) {
	for a, was := range s.last {
		if now.Sub(was.at) >= every {
			delete(s.last, a)
		}
	}
	for a := range s.last {
		if len(s.last) < maxWaiting {
			return
		}
		delete(s.last, a)
	}
}

// slowed forgets who spoke when nobody has to wait any more.
func (r *room) slowed() {
	if r.set.SlowMode == 0 && !r.raided() {
		r.slow = slow{}
	}
}

// slowLeft is how long somebody still has to wait for the next message: for so long the room is not forgotten.
func (r *room) slowLeft() time.Duration {
	if r.slow.newest.IsZero() {
		return 0
	}
	every := r.set.SlowMode
	if r.raided() {
		every = max(every, r.set.raidWait())
	}
	return time.Duration(every)*time.Second - r.s.o.Now().Sub(r.slow.newest)
}

// pace is how many seconds an account, bare, waits here between two messages: admins and owners none (XEP-0500 §6).
func (r *room) pace(bare wire.Addr) uint32 {
	if r.set.SlowMode == 0 && !r.raided() {
		return 0
	}
	switch rank := r.rank(bare); {
	case rank >= admin:
		return 0
	case rank >= member || !r.raided():
		return r.set.SlowMode
	}
	return max(r.set.SlowMode, r.set.raidWait())
}

// judgePace refuses a message that comes too early. Those without a body do not count (XEP-0500 §6). A resend goes on to the
// archive, which drops it: refused, its sender would take for lost what everyone has seen.
func (r *room) judgePace(s *session, st wire.Stanza, m *message) error {
	pace := r.pace(s.occ.bare)
	if pace == 0 || !st.Has("", "body") {
		return nil
	}
	var origin []byte
	if len(m.rows) > 0 { // what is not archived could be said again and again
		origin = m.rows[0].Origin
	}
	left := r.slow.wait(s.occ.bare, r.s.o.Now(), time.Duration(pace)*time.Second, origin)
	if left == 0 {
		return nil
	}
	return refusal(stanza.Wait, stanza.PolicyViolation, fmt.Sprintf(
		"Slow mode: wait %d seconds between two messages here. Try again in %d.", pace, (left+time.Second-1)/time.Second))
}
