package feature_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/wire"
)

// late binds ben's session after anna sent him messages.
func (w *world) late(bodies ...string) (anna, ben *person) {
	w.t.Helper()
	anna = w.online("anna@example.test/a")
	for _, body := range bodies {
		anna.say(chat("ben@example.test", body))
	}
	anna.sync()
	return anna, w.dial("ben@example.test/b")
}

// XEP-0160 §2 step 5, XEP-0203 §3: what came while a user was away is delivered in order, stamped by the server.
func TestOffline(t *testing.T) {
	w := newWorld(t)
	_, ben := w.late("one", "two")
	ben.say(`<presence/>`)
	got := ben.sync()
	if one, two := index(got, "<body>one</body>"), index(got, "<body>two</body>"); len(got) != 2 || one != 0 || two != 1 {
		t.Fatalf("%q", got)
	}
	w.want(got[0], `<delay xmlns="urn:xmpp:delay" from="example.test" stamp="20`, `<stanza-id xmlns="urn:xmpp:sid:0" by="ben@example.test"`)
	if n := w.waiting("ben@example.test"); n != 2 {
		t.Errorf("%d wait before they are acknowledged", n)
	}
	ben.ack()
	if n := w.waiting("ben@example.test"); n != 0 {
		t.Errorf("%d wait after they are acknowledged", n)
	}
}

// A message that was accepted once the session is available comes live, without a delay, and once, although its row is read
// with what waited; it comes behind that.
func TestOfflineAndLive(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.late("waited")
	w.behind = func() {
		anna.say(chat("ben@example.test", "live"))
		anna.sync()
	}
	ben.say(`<presence/>`)
	got := ben.sync()
	if len(got) != 2 || !has(got[:1], "waited", "<delay") || !has(got[1:], "live") || has(got[1:], "<delay") {
		t.Fatalf("%q", got)
	}
	ben.ack()
	if n := w.waiting("ben@example.test"); n != 0 {
		t.Errorf("%d wait", n)
	}
}

// XEP-0424 §6: what waits behind offline messages is retracted too.
func TestRetractWhatWaitsInMemory(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.late("waited")
	w.behind = func() {
		anna.say(secret("ben@example.test", "m1"))
		anna.say(retraction("ben@example.test", "r1", "m1"))
		anna.sync()
	}
	ben.say(`<presence/>`)
	got := ben.sync()
	if len(got) != 3 || has(got, "secret") || !has(got[1:2], `id="m1"`, "<retracted ", "<stanza-id") || !has(got[2:], `id='r1'`, "<retract ") {
		t.Errorf("%q", got)
	}
}

// More live messages than wait in memory come from the archive: none is lost, none comes twice.
func TestOfflineAndManyLive(t *testing.T) {
	w := newWorld(t)
	w.cfg.Limits.OfflineStanzas = 5000
	const waited, live = 60, 1050
	anna := w.online("anna@example.test/a")
	for i := range waited {
		anna.say(chat("ben@example.test", fmt.Sprint("m", i, "!")))
	}
	anna.sync()
	ben := w.dial("ben@example.test/b")
	ben.say(`<presence/>`)
	got := ben.sync() // the first window, not taken
	for i := range live {
		anna.say(chat("ben@example.test", fmt.Sprint("m", waited+i, "!")))
	}
	anna.sync()
	for len(got) < waited+live {
		ben.ack()
		got = append(got, ben.until(func(wire.Stanza) bool { return true })...)
	}
	for i, s := range got {
		if !strings.Contains(s, fmt.Sprint(">m", i, "!<")) {
			t.Fatalf("at %d: %s", i, s)
		}
	}
}

// XEP-0160 §2 step 5: a negative priority brings nothing; the first other one does.
func TestOfflineNegativePriority(t *testing.T) {
	w := newWorld(t)
	_, ben := w.late("one")
	ben.say(`<presence><priority>-1</priority></presence>`)
	if got := ben.sync(); len(got) != 0 {
		t.Fatalf("%q", got)
	}
	ben.say(`<presence/>`)
	if got := ben.sync(); !has(got, "<body>one</body>") {
		t.Errorf("%q", got)
	}
}

// A session that becomes available again gets what came meanwhile, not what it has.
func TestOfflineAgain(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	anna.say(chat("ben@example.test", "one"))
	anna.sync()
	ben.say(`<presence type='unavailable'/>`)
	ben.sync()
	anna.say(chat("ben@example.test", "two"))
	anna.sync()
	ben.say(`<presence/>`)
	if got := ben.sync(); len(got) != 1 || !has(got, "<body>two</body>") {
		t.Errorf("%q", got)
	}
}

// A message to the full address before the first presence does not hide what waits.
func TestOfflineAfterDirect(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.late("one")
	anna.say(chat("ben@example.test/b", "two"))
	anna.sync()
	ben.say(`<presence/>`)
	if got := ben.sync(); !has(got, "<body>one</body>") {
		t.Errorf("%q", got)
	}
}

// More than a window goes out as the client takes it, and live messages come last.
func TestOfflineWindows(t *testing.T) {
	w := newWorld(t)
	const n = 130
	anna := w.online("anna@example.test/a")
	for i := range n {
		anna.say(chat("ben@example.test", fmt.Sprint("m", i)))
	}
	anna.sync()
	ben := w.dial("ben@example.test/b")
	ben.say(`<presence/>`)
	got := ben.sync()
	if len(got) != 50 {
		t.Fatalf("%d in the first window", len(got))
	}
	anna.say(chat("ben@example.test", "live"))
	anna.sync()
	for _, last := range []string{"m99", "m129", "live"} {
		ben.ack()
		got = append(got, ben.until(func(st wire.Stanza) bool { return strings.Contains(string(st.Append(nil)), "<body>"+last+"<") })...)
	}
	for i := range n {
		if !strings.Contains(got[i], fmt.Sprintf("<body>m%d<", i)) {
			t.Fatalf("%d: %s", i, got[i])
		}
	}
	if len(got) != n+1 {
		t.Errorf("%d messages", len(got))
	}
}

// A session that goes away in the middle leaves the rest for the next.
func TestOfflineGone(t *testing.T) {
	w := newWorld(t)
	anna := w.online("anna@example.test/a")
	for i := range 60 {
		anna.say(chat("ben@example.test", fmt.Sprint("m", i)))
	}
	anna.sync()
	ben := w.dial("ben@example.test/b")
	ben.say(`<presence/>`)
	ben.sync()
	ben.leave()
	if n := w.waiting("ben@example.test"); n != 60 {
		t.Errorf("%d wait", n)
	}
	again := w.dial("ben@example.test/c")
	again.say(`<presence/>`)
	if got := again.sync(); len(got) != 50 || !has(got, ">m0<") {
		t.Errorf("%d messages", len(got))
	}
}

// Large messages make small windows: an outbox never has to take more than a part of its bytes.
func TestOfflineLarge(t *testing.T) {
	w := newWorld(t)
	anna := w.online("anna@example.test/a")
	for range 5 {
		anna.say(chat("ben@example.test", strings.Repeat("x", 100<<10)))
	}
	anna.sync()
	ben := w.dial("ben@example.test/b")
	ben.say(`<presence/>`)
	n := len(ben.sync())
	if n != 2 {
		t.Errorf("%d at once", n)
	}
	for n < 5 {
		ben.ack()
		n += len(ben.until(func(st wire.Stanza) bool { return st.Has("", "body") }))
	}
}

// XEP-0191 §3.2: what a contact sent who is blocked by now is not delivered, and takes up no room any more.
func TestOfflineBlocked(t *testing.T) {
	w := newWorld(t)
	anna, carl := w.online("anna@example.test/a"), w.online("carl@example.test/c")
	for range 60 {
		anna.say(chat("ben@example.test", "x"))
	}
	anna.sync()
	carl.say(chat("ben@example.test", "y"))
	carl.sync()
	ben := w.dial("ben@example.test/b")
	w.r.SetFilter(ben.addr.Bare(), func(st wire.Stanza) bool { return st.From() == anna.addr })
	ben.say(`<presence/>`)
	if got := ben.sync(); len(got) != 1 || !has(got, "<body>y</body>") {
		t.Errorf("%d: %q", len(got), got)
	}
	ben.ack()
	if n := w.waiting("ben@example.test"); n != 0 {
		t.Errorf("%d wait", n)
	}
}
