package muc_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// raid sets raid mode by the form, which has other values as they are.
func (p *person) raid(fields ...string) []string {
	p.w.t.Helper()
	var b strings.Builder
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		b.WriteString(`<field var='{https://salon.im/muc}` + name + `'><value>` + value + `</value></field>`)
	}
	p.say(`<iq type='set' id='raid' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>` +
		b.String() + `</x></query></iq>`)
	return p.sync()
}

// raidCommand turns raid mode on as the command does of a form without fields.
func (p *person) raidCommand() []string {
	p.w.t.Helper()
	p.say(`<iq type='set' id='raid' to='` + roomJID + `'><command xmlns='http://jabber.org/protocol/commands' node='https://salon.im/muc#raid'>` +
		`<x xmlns='jabber:x:data' type='submit'/></command></iq>`)
	return p.sync()
}

func (p *person) leave(nick string) []string {
	p.w.t.Helper()
	p.say(`<presence type='unavailable' to='` + roomJID + `/` + nick + `'/>`)
	return p.sync()
}

const tooEarly, noNewcomers, changed = "policy-violation", "registration-required", `code="104"`

// clocked is a world whose clock stands, until a test moves it.
func clocked(t *testing.T) (*world, *atomic.Int64) {
	ahead := new(atomic.Int64)
	return newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Unix(1_800_000_000, ahead.Load()) }
	}), ahead
}

// Raid mode lasts for half an hour where nothing is said, and not a moment longer; everyone is told of its end before anything
// that comes after it.
func TestRaidEnds(t *testing.T) {
	w, ahead := clocked(t)
	anna, bert, carl := w.dial("anna"), w.dial("bert"), w.dial("carl")
	anna.instant("A")
	bert.enter("B")
	w.want(anna.raidCommand(), changed)
	w.want(bert.sync(), changed)
	if got := carl.info(); !strings.Contains(got, "2027-01-15T08:30:00Z") {
		t.Error(got)
	}
	ahead.Store(int64(30*time.Minute - time.Second))
	w.want(carl.enter("C"), noNewcomers, "2027-01-15 08:30 UTC")
	bert.talk("one")
	bert.talk("two")
	w.want(bert.sync(), tooEarly)
	ahead.Store(int64(30 * time.Minute))
	bert.talk("three")
	bert.talk("four")
	got := bert.sync()
	if end, three := index(got, changed), index(got, "three"); end < 0 || three < end || !has(got, "four") {
		t.Errorf("%q", got)
	}
	w.want(carl.enter("C"), `code="110"`)
	if got := carl.info(); strings.Contains(got, "raid_until") {
		t.Error(got)
	}
}

// The end is told when it comes, also where nothing happens in the room and after it was parked.
func TestRaidEndIsTold(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		w.cfg.Rooms.ParkAfter = time.Millisecond
	})
	anna := w.dial("anna")
	anna.instant("A")
	w.want(anna.raid("raid=1m"), changed)
	ahead.Store(int64(time.Minute - 200*time.Millisecond))
	if !has(anna.sync(), changed) {
		anna.waitFor(changed)
	}
}

// It holds over a restart until the time that it was given, and one that ends while nobody is in is told to nobody.
func TestRaidOutlastsRestart(t *testing.T) {
	w, ahead := clocked(t)
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	anna.member("bert")
	w.want(anna.raid("raid=1d", "raid_wait=60"), changed)
	ahead.Store(int64(24*time.Hour - time.Minute))
	w.restart()
	w.want(w.dial("carl").enter("C"), noNewcomers)
	w.want(w.dial("bert").enter("B"), `code="110"`)
	ahead.Store(int64(24 * time.Hour))
	w.restart()
	carl := w.dial("carl")
	got := carl.enter("C")
	carl.talk("one")
	carl.talk("two")
	got = append(got, carl.sync()...)
	w.want(got, `code="110"`)
	w.want(got, "two")
	w.wantNot(got, changed)
}

// Who is in stays in, also with another session under the nick and when its client has lost track; who left is a newcomer, and an
// admin of the host is none.
func TestRaidLeavesThoseInside(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Admins = []string{"dora@" + host} })
	anna, bert := w.dial("anna"), w.dial("bert")
	anna.instant("A")
	bert.enter("B")
	w.want(anna.raid("raid=10m"), changed)
	w.want(bert.enter("B"), `code="110"`)
	pad := w.dial("bert/pad")
	w.want(pad.enter("B"), `code="110"`)
	w.want(w.dial("carl").enter("B"), noNewcomers)
	w.want(w.dial("dora").enter("D"), `code="110"`)
	pad.leave("B")
	bert.leave("B")
	w.want(bert.enter("B"), noNewcomers)
	w.want(anna.raid("raid=off"), changed)
	w.want(bert.enter("B"), `code="110"`)
}

// Those without an affiliation wait for the longer of the two, members as slow mode says, admins not at all.
func TestRaidPace(t *testing.T) {
	w, ahead := clocked(t)
	anna, bert, carl := w.dial("anna"), w.dial("bert"), w.dial("carl")
	anna.instant("A")
	anna.member("carl")
	bert.enter("B")
	carl.enter("C")
	anna.configure("slow_mode_duration=5")
	anna.raid("raid=1h", "raid_wait=20")
	for _, p := range []*person{anna, bert, carl} {
		p.talk("first")
		p.sync()
	}
	for i, c := range []struct {
		at               time.Duration
		anna, bert, carl bool // refused
	}{
		0: {5*time.Second - 1, false, true, true},
		1: {5 * time.Second, false, true, false},
		2: {20*time.Second - 1, false, true, false},
		3: {20 * time.Second, false, false, true},
	} {
		ahead.Store(int64(c.at))
		for _, p := range []struct {
			*person
			refused bool
		}{{anna, c.anna}, {bert, c.bert}, {carl, c.carl}} {
			p.talk("next")
			if got := has(p.sync(), tooEarly); got != p.refused {
				t.Errorf("%d: %s: refused %v", i, p.addr, got)
			}
		}
	}
	anna.configure("slow_mode_duration=60")
	ahead.Store(int64(80*time.Second - 1))
	bert.talk("next")
	w.want(bert.sync(), tooEarly)
}

// What says nothing new of raid mode is told to nobody, and a form of before leaves its end as it is.
func TestRaidUnchanged(t *testing.T) {
	w, ahead := clocked(t)
	anna := w.dial("anna")
	anna.instant("A")
	w.want(anna.raid("raid=1h"), changed)
	ahead.Store(int64(time.Minute))
	anna.raid("raid=2027-01-15T09:00:00Z")
	anna.configure("roomname=Hall")
	if got := anna.info(); !strings.Contains(got, "2027-01-15T09:00:00Z") {
		t.Error(got)
	}
	w.want(anna.raid("raid=off"), changed)
	anna.raid("raid=2027-01-15T09:00:00Z")
	w.want(w.dial("bert").enter("B"), `code="110"`)
}
