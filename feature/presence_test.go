package feature_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"salon.im/salon/router"
)

// RFC 6121 §4.2.2: contacts and the user's own sessions hear the initial presence, strangers do not.
func TestInitialPresence(t *testing.T) {
	h := newHouse(t)
	anna, ben, carl := h.enter("anna/home"), h.enter("ben/desk"), h.enter("carl/desk")
	h.befriend(anna, ben)
	phone := h.bind("anna/phone")
	phone.say(`<presence><show>away</show><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/></presence>`)
	want(t, 1, ben.take(), `<presence from="anna@here.test/phone" to="ben@here.test"`, `<show>away</show><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="n" ver="v"/>`)
	want(t, 1, anna.take(), `from="anna@here.test/phone"`)
	want(t, 0, carl.take(), "presence")
	got := phone.take()
	want(t, 1, got, `<presence from="anna@here.test/phone" to="anna@here.test/phone"`)
	want(t, 1, got, `<presence from="anna@here.test/home" to="anna@here.test/phone"`)
	want(t, 1, got, `<presence from="ben@here.test/desk" to="anna@here.test/phone"`) // §4.3.2: the probe's answer
	want(t, 3, got, "")
}

// RFC 6121 §4.5.2, §4.6.3: a session that ends without a word leaves contacts and whoever saw it.
func TestGone(t *testing.T) {
	h := newHouse(t)
	anna, ben, carl := h.enter("anna/home"), h.enter("ben/desk"), h.enter("carl/desk")
	h.befriend(anna, ben)
	anna.say(`<presence to='carl@here.test'/>`, `<presence to='ben@here.test/desk'/>`, `<presence to='eve@far.test/x'/>`)
	want(t, 1, carl.take(), `from="anna@here.test/home"`)
	ben.take()
	h.remote.take()
	anna.leave()
	want(t, 1, ben.take(), `type="unavailable"`, `from="anna@here.test/home"`)
	want(t, 1, carl.take(), `type="unavailable"`, `from="anna@here.test/home"`)
	want(t, 1, h.remote.take(), `type="unavailable"`, `to="eve@far.test/x"`)
}

// RFC 6121 §4.4.2: what changes is told, without another probe.
func TestLaterPresence(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	h.befriend(anna, ben)
	anna.say(`<presence><show>dnd</show></presence>`)
	want(t, 1, ben.take(), `<presence from="anna@here.test/home"`, `<show>dnd</show>`)
	got := anna.take()
	want(t, 1, got, `<show>dnd</show>`)
	want(t, 1, got, "")
}

// RFC 6121 §4.5.2: unavailable presence goes to contacts with its status, and to the user's other sessions.
func TestUnavailable(t *testing.T) {
	h := newHouse(t)
	anna, phone, ben := h.enter("anna/home"), h.enter("anna/phone"), h.enter("ben/desk")
	h.befriend(anna, ben)
	phone.take()
	anna.say(`<presence type='unavailable'><status>bye</status></presence>`)
	for _, g := range []*guest{anna, phone, ben} {
		want(t, 1, g.take(), `<presence from="anna@here.test/home"`, `type="unavailable"`, `<status>bye</status>`)
	}
	ben.say(`<presence><show>away</show></presence>`)
	want(t, 0, anna.take(), "presence") // it is not available any more
	want(t, 1, phone.take(), `<show>away</show>`)
	ben.take()
	anna.leave()
	want(t, 0, ben.take(), "presence") // it was told already
	if err := h.presences.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if acc, err := h.store.Account(t.Context(), at("anna")); err != nil || acc.Status != "bye" || acc.LastSeen.IsZero() {
		t.Errorf("last seen %v with %q: %v", acc.LastSeen, acc.Status, err)
	}
}

// RFC 6121 §4.3.2: a contact without permission learns that it has none, and nothing else.
func TestProbe(t *testing.T) {
	h := newHouse(t)
	h.setState("anna", "eve@far.test", "from")
	h.setState("anna", "mallory@far.test", "to")
	h.setState("ben", "eve@far.test", "both")
	h.enter("anna/home")
	anna := h.enter("anna/phone")
	anna.say(`<presence><show>away</show></presence>`)
	h.remote.take()
	probe := func(from, to string) []string {
		h.arrive(`<presence type='probe' from='` + from + `' to='` + to + `'/>`)
		return h.remote.take()
	}
	got := probe("eve@far.test/x", "anna@here.test")
	want(t, 1, got, `<presence from="anna@here.test/home" to="eve@far.test/x"`)
	want(t, 1, got, `<presence from="anna@here.test/phone" to="eve@far.test/x"`, "away")
	want(t, 2, got, "")
	want(t, 1, probe("eve@far.test", "anna@here.test/home"), "")
	for _, who := range []string{"anna@here.test", "nobody@here.test"} {
		got = probe("mallory@far.test/x", who)
		want(t, 1, got, `<presence from="`+who+`" to="mallory@far.test"`, `type="unsubscribed"`)
		want(t, 1, got, "")
	}
	want(t, 1, probe("eve@far.test/x", "ben@here.test"), `<presence from="ben@here.test" to="eve@far.test/x"`, `type="unavailable"`)
	anna.take()
}

// RFC 6121 §4.3.1: contacts elsewhere are probed once for each session; local ones that are away need no answer.
func TestProbesAreSent(t *testing.T) {
	h := newHouse(t)
	h.setState("anna", "eve@far.test", "to")
	h.setState("anna", "gus@far.test", "from")
	h.setState("anna", "ben@here.test", "both")
	anna := h.bind("anna/home")
	anna.say(`<presence/>`, `<presence/>`)
	out := h.remote.take()
	want(t, 1, out, `<presence from="anna@here.test" to="eve@far.test"`, `type="probe"`)
	want(t, 2, out, `<presence from="anna@here.test/home" to="gus@far.test"/>`)
	want(t, 3, out, "")
	want(t, 2, anna.take(), "") // its own, twice
}

// RFC 6121 §4.3.2: a contact whose account forgot the subscription says so, and both sides agree again.
func TestProbeMendsState(t *testing.T) {
	h := newHouse(t)
	h.setState("anna", "ben@here.test", "both")
	h.enter("ben/desk")
	h.enter("anna/home")
	if s := h.state("anna", "ben@here.test"); s != "from" {
		t.Error("anna has", s)
	}
}

// RFC 6121 §4.6: directed presence is passed on as it is, and taken back when the session goes.
func TestDirected(t *testing.T) {
	h := newHouse(t)
	anna, ben, carl := h.enter("anna/home"), h.enter("ben/desk"), h.enter("carl/desk")
	h.befriend(anna, ben)
	anna.say(`<presence to='carl@here.test'><status>hi</status></presence>`, `<presence to='dora@here.test'/>`,
		`<presence to='ben@here.test'/>`, `<presence to='dora@here.test' type='unavailable'/>`)
	want(t, 1, carl.take(), `<presence from="anna@here.test/home" to="carl@here.test"`, "hi")
	ben.take()
	dora := h.enter("dora/desk")
	anna.say(`<presence type='unavailable'/>`)
	want(t, 1, carl.take(), `<presence from="anna@here.test/home" to="carl@here.test" type="unavailable"`) // §4.6.3
	want(t, 1, ben.take(), `type="unavailable"`)                                                           // once, as a contact
	want(t, 0, dora.take(), "presence")                                                                    // told before
	anna.leave()
	want(t, 0, carl.take(), "")
}

// RFC 6121 §4.6.6: who was sent presence may ask for it.
func TestDirectedProbe(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	h.enter("anna/phone")
	anna.say(`<presence to='eve@far.test/x'/>`)
	h.remote.take()
	h.arrive(`<presence type='probe' from='eve@far.test/x' to='anna@here.test'/>`)
	got := h.remote.take()
	want(t, 1, got, `<presence from="anna@here.test/home" to="eve@far.test/x"/>`)
	want(t, 1, got, "")
}

// RFC 6121 §4.6.3: a room that the session is in hears of a goodbye, under the last nick.
func TestDirectedToRoom(t *testing.T) {
	h := newHouse(t)
	svc := &rooms{}
	h.router.HandleService("rooms.here.test", svc)
	anna := h.enter("anna/home")
	anna.say(`<presence to='hall@rooms.here.test/a'/>`, `<presence to='hall@rooms.here.test/b'/>`, `<presence to='attic@rooms.here.test/a'/>`,
		`<presence to='attic@rooms.here.test/a' type='unavailable'/>`)
	svc.take()
	anna.say(`<presence type='unavailable'/>`)
	got := svc.take()
	want(t, 1, got, `to="hall@rooms.here.test/b"`, `type="unavailable"`)
	want(t, 1, got, "")
}

// A session cannot send presence to any number of addresses.
func TestDirectedIsBounded(t *testing.T) {
	h := newHouse(t)
	anna := h.bind("anna/home")
	for i := range router.MaxDirected {
		anna.say(fmt.Sprintf(`<presence to='eve%d@far.test'/>`, i))
	}
	want(t, 0, anna.take(), "")
	anna.say(`<presence to='eve@far.test'/>`, `<presence to='eve0@far.test'/>`)
	got := anna.take()
	want(t, 1, got, `type="error"`, "resource-constraint", `from="eve@far.test"`)
	want(t, 1, got, "")
}

// RFC 6121 §4.7: what a presence must not say.
func TestPresenceErrors(t *testing.T) {
	h := newHouse(t)
	anna := h.bind("anna/home")
	for _, bad := range []string{
		`<presence><priority>128</priority></presence>`,
		`<presence><priority>-129</priority></presence>`,
		`<presence><priority>x</priority></presence>`,
		`<presence><priority/></presence>`,
		`<presence><priority>1</priority><priority>2</priority></presence>`,
		`<presence to='ben@here.test'><priority>x</priority></presence>`,
		`<presence type='available'/>`,
		`<presence type='available' to='ben@here.test'/>`,
		`<presence type='probe'/>`,
		`<presence type='subscribe'/>`,
	} {
		anna.say(bad)
		got := anna.take()
		want(t, 1, got, `type="error"`, "bad-request")
		want(t, 1, got, "")
	}
	anna.say(`<presence><status>` + strings.Repeat("x", 17<<10) + `</status></presence>`)
	want(t, 1, anna.take(), `type="error"`, "policy-violation")
	if anna.res.Presence() != nil {
		t.Error("it is available")
	}
	for text, prio := range map[string]int8{"-128": -128, " 127 ": 127, "+5": 5} {
		anna.say(`<presence><priority>` + text + `</priority></presence>`)
		if p := anna.res.Presence(); p == nil || p.Priority != prio {
			t.Errorf("priority %q: %+v", text, p)
		}
	}
}

// RFC 6121 §4.7.2.3: a session gets waiting messages when its priority becomes 0 or more, once.
func TestAvailableHook(t *testing.T) {
	h := newHouse(t)
	var calls []string
	h.router.OnAvailable(func(_ context.Context, res *router.Resource) {
		calls = append(calls, res.Addr().Resource())
		res.Release(0)
	})
	anna := h.bind("anna/home")
	anna.say(`<presence><priority>-1</priority></presence>`)
	if len(calls) != 0 {
		t.Error("called for a negative priority")
	}
	anna.say(`<presence><priority>0</priority></presence>`, `<presence><priority>5</priority></presence>`)
	if len(calls) != 1 {
		t.Error(calls)
	}
	anna.say(`<presence type='unavailable'/>`, `<presence/>`)
	if len(calls) != 2 {
		t.Error(calls)
	}
}

// Without a feature that sends waiting messages, live ones do not wait.
func TestNothingHolds(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	ben.say(`<message to='anna@here.test' type='chat'><body>hi</body></message>`)
	want(t, 1, anna.take(), "hi")
}

// RFC 6121 §8.5.2.1.2, §8.5.3.1: presence to the account reaches the available sessions, to a session that one.
func TestInboundPresence(t *testing.T) {
	h := newHouse(t)
	home, bound := h.enter("anna/home"), h.bind("anna/phone")
	h.arrive(`<presence from='eve@far.test/x' to='anna@here.test'/>`)
	want(t, 1, home.take(), `from="eve@far.test/x"`)
	want(t, 0, bound.take(), "")
	h.arrive(`<presence from='eve@far.test/x' to='anna@here.test/phone' type='error'/>`)
	want(t, 1, bound.take(), `type="error"`)
	h.arrive(`<presence from='eve@far.test/x' to='anna@here.test/nowhere'/>`)
	want(t, 0, append(home.take(), h.remote.take()...), "")
}

// A presence on its way while its session ends leaves nobody available.
func TestGoneMeanwhile(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	h.befriend(anna, ben)
	for i := range 50 {
		g := h.bind("anna/phone")
		done := make(chan struct{})
		go func() {
			defer close(done)
			g.say(`<presence/>`)
		}()
		g.leave()
		<-done
		got := ben.take()
		if came, went := place(got, `anna@here.test/phone`), place(got, `anna@here.test/phone`, "unavailable"); came >= 0 && went < 0 {
			t.Fatalf("round %d: %q", i, got)
		}
	}
}

// Sessions of friends that come at the same time see each other.
func TestAllAtOnce(t *testing.T) {
	h := newHouse(t)
	names := []string{"anna", "ben", "carl", "dora"}
	for _, a := range names {
		for _, b := range names {
			if a != b {
				h.setState(a, b+"@here.test", "both")
			}
		}
	}
	var guests []*guest
	var wg sync.WaitGroup
	for _, n := range names {
		g := h.bind(n + "/x")
		guests = append(guests, g)
		wg.Go(func() { g.say(`<presence/>`, `<presence><show>dnd</show></presence>`) })
	}
	wg.Wait()
	for _, g := range guests {
		got := g.take()
		for _, n := range names {
			last := ""
			for _, st := range got {
				if in(st, `from="`+n+`@here.test/x"`) {
					last = st
				}
			}
			if !in(last, "dnd") {
				t.Errorf("%s saw of %s last: %q", g.addr, n, last)
			}
		}
	}
}

// Two sessions that answer one request at once leave one answer in force, and both see it.
func TestTwoAnswersAtOnce(t *testing.T) {
	h := newHouse(t)
	a, b := h.enter("anna/a"), h.enter("anna/b")
	for i := range 20 {
		eve := fmt.Sprintf("eve%d@far.test", i)
		h.setState("anna", eve, "none+I")
		var wg sync.WaitGroup
		wg.Go(func() { a.say(`<presence type='subscribed' to='` + eve + `'/>`) })
		wg.Go(func() { b.say(`<presence type='unsubscribed' to='` + eve + `'/>`) })
		wg.Wait()
		state := h.state("anna", eve)
		last := func(got []string) (st string) {
			for _, s := range got {
				if in(s, `<item jid="`+eve+`"`) {
					st = s
				}
			}
			return st
		}
		la, lb := last(a.take()), last(b.take())
		if state == "from" && (!in(la, `subscription="from"`) || !in(lb, `subscription="from"`)) || in(la, `"from"/>`) != in(lb, `"from"/>`) {
			t.Errorf("state %s, a saw %q, b %q", state, la, lb)
		}
	}
}
