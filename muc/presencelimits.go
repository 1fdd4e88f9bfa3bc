package muc

import (
	"strconv"
	"strings"
	"time"

	"salon.im/salon/wire"
)

// fieldPresenceInterval is our own field, named as XEP-0068 §3.4 asks of those that nobody registered.
const fieldPresenceInterval = "{https://salon.im/muc}presence_interval"

// What the field has beside seconds, and the most of those.
const (
	presenceDefault  = "default"
	presenceNever    = "never"
	maxPresenceEvery = 24 * 60 * 60
	presenceUntold   = maxPresenceEvery + 1 // never, as settings have it
)

// presenceLimitsFacet has others told less often that somebody is away or back: each change goes to everyone, which is most of what
// a large room sends. Entering, leaving, and changes of nick, role and affiliation are told at once, always, and so is an occupant's
// own presence. Who enters is shown everyone as they are now. An owner may have it told less often than the service does, not more.
var presenceLimitsFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		options := []wire.Option{{Label: "as the service does", Value: presenceDefault}}
		for _, n := range []string{"15", "60", "300", "900"} {
			options = append(options, wire.Option{Label: "every " + n + " seconds", Value: n})
		}
		options = append(options, wire.Option{Label: presenceNever, Value: presenceNever})
		value := r.set.presenceInterval()
		f.ListSingle(fieldPresenceInterval, "How often others are told that somebody is away or back (seconds)", value, withValue(options, value)...)
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		switch v := strings.TrimSpace(f.Value(fieldPresenceInterval)); {
		case !f.Has(fieldPresenceInterval):
		case v == presenceDefault:
			set.PresenceEvery = 0
		case v == presenceNever:
			set.PresenceEvery = presenceUntold
		default:
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > maxPresenceEvery {
				return badField(fieldPresenceInterval)
			}
			set.PresenceEvery = uint32(n)
		}
		return nil
	},
	after: func(r *room, _ *settings) { r.lateAt = time.Time{} },
}

func (s *settings) presenceInterval() string {
	switch s.PresenceEvery {
	case 0:
		return presenceDefault
	case presenceUntold:
		return presenceNever
	}
	return strconv.Itoa(int(s.PresenceEvery))
}

// presenceEvery is the least time between two presences of an occupant that tell others of no more than a change of it, and whether
// they are told of changes at all.
func (r *room) presenceEvery() (every time.Duration, told bool) {
	c, n := r.s.o.Config().Rooms, len(r.occupants)
	every = time.Duration(r.set.PresenceEvery) * time.Second
	if n > c.PresenceIntervalOver {
		every = max(every, c.PresenceInterval)
	}
	return every, r.set.PresenceEvery != presenceUntold && n <= c.PresenceChangesMax
}

// update tells of an occupant's changed presence: its own sessions now, but those that are told something else; the others when it
// is time, and then as it is by then. There are never more late ones than occupants.
func (r *room) update(o *occupant, besides ...*session) {
	o.changed()
	if every, told := r.presenceEvery(); told && r.s.o.Now().Sub(o.told) >= every {
		r.tell(o)
	} else {
		r.late[o] = struct{}{}
		if due := o.told.Add(every); told && (r.lateAt.IsZero() || due.Before(r.lateAt)) {
			r.lateAt = due
		}
	}
	r.tellOwn(o, besides...)
}

// seen notes that the others have an occupant's presence as it is.
func (r *room) seen(o *occupant) {
	o.told = r.s.o.Now()
	delete(r.late, o)
}

// tellLate tells the others of those whose time has come. lateAt is when the first of the others' comes, as far as that was looked
// for; zero is not at all.
func (r *room) tellLate() {
	every, told := r.presenceEvery()
	if len(r.late) == 0 || !told {
		r.lateAt = time.Time{}
		return
	}
	now := r.s.o.Now()
	if now.Before(r.lateAt) {
		return
	}
	r.lateAt = time.Time{}
	for o := range r.late {
		due := o.told.Add(every)
		if !now.Before(due) {
			r.tell(o)
		} else if r.lateAt.IsZero() || due.Before(r.lateAt) {
			r.lateAt = due
		}
	}
}
