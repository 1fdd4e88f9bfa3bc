package muc_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/muc"
)

// rate returns the activity that the room tells, or "" if it tells none.
func rate(p *person) string {
	p.w.t.Helper()
	_, after, ok := strings.Cut(p.info(), `{urn:xmpp:muc-activity}message-activity`)
	if !ok {
		return ""
	}
	_, after, _ = strings.Cut(after, "<value>")
	value, _, _ := strings.Cut(after, "</value>")
	return value
}

// XEP-0502 §3.1, §4, §7: messages an hour over whole hours that are known; nothing of a room that not anybody may find and
// enter; not what has no body, corrects, retracts or is private.
func TestActivity(t *testing.T) {
	var at atomic.Int64
	begin := time.Unix(1_800_000_000, 0).Truncate(time.Hour).Add(10 * time.Minute)
	at.Store(begin.UnixNano())
	w := newWorld(t, func(w *world) { w.now = func() time.Time { return time.Unix(0, at.Load()) } })
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	move := func(d time.Duration) { at.Add(int64(d)) }
	say := func(inside string) {
		anna.say(`<message type='groupchat' id='x' to='` + roomJID + `'>` + inside + `</message>`)
		anna.sync()
	}
	expect := func(what, want string) {
		t.Helper()
		if got := rate(anna); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	expect("new", "")
	move(time.Hour) // 1: the first whole hour runs
	expect("before one whole hour", "")
	for range 3 {
		say(`<body>m</body>`)
	}
	say(`<composing xmlns='http://jabber.org/protocol/chatstates'/>`)
	say(`<body>n</body><replace xmlns='urn:xmpp:message-correct:0' id='x'/>`)
	say(`<body>gone</body><retract xmlns='urn:xmpp:message-retract:1' id='none'/>`)
	anna.say(`<message type='chat' to='` + roomJID + `/A'><body>private</body></message>`)
	expect("in the first whole hour", "")
	move(time.Hour)
	expect("after it", "3.00")
	say(`<body>m</body>`)
	expect("the running hour", "3.00")
	move(time.Hour)
	expect("two hours", "2.00")
	for _, f := range []string{"publicroom=0", "membersonly=1", "persistentroom=0"} {
		name, on, _ := strings.Cut(f, "=")
		anna.configure(f)
		expect(f, "")
		back := "1"
		if on == "1" {
			back = "0"
		}
		anna.configure(name + "=" + back)
		expect("no longer "+f, "2.00")
	}
	anna.configure("passwordprotectedroom=1", "roomsecret=x")
	expect("password", "")
	anna.configure("passwordprotectedroom=0")
	move(22 * time.Hour)
	expect("24 hours", "0.17")
	move(2 * time.Hour)
	expect("both out of sight", "0.00")
}

// The rooms that are counted are bounded; at the bound nothing wrong is told.
func TestActivityBound(t *testing.T) {
	if n, known := muc.Activity(muc.MaxActive + 1); n != 1 || known {
		t.Errorf("%d rooms, known %v", n, known)
	}
	if n, known := muc.Activity(muc.MaxActive); n != muc.MaxActive || !known {
		t.Errorf("%d rooms, known %v", n, known)
	}
}
