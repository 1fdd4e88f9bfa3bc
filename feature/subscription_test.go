package feature_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// states are the columns of the tables below, in the words of RFC 6121 appendix A.1: O is pending out, I pending in.
var states = strings.Fields("none none+O none+I none+OI to to+I from from+O both")

// The tables of RFC 6121 appendix A: + where the stanza is routed or delivered, - where it is not, then the new state,
// = for no change.
var tables = []struct{ section, way, typ, cells string }{
	{"A.2.1", "out", "subscribe", "+none+O += +none+OI += += += +from+O += +="},
	{"A.2.2", "out", "unsubscribe", "+= +none += +none+I +none +none+I += +from +from"},
	{"A.2.3", "out", "subscribed", "-= -= +from +from+O -= +both -= -= -="},
	{"A.2.4", "out", "unsubscribed", "-= -= +none +none+O -= +to +none +none+O +to"},
	{"A.3.1", "in", "subscribe", "+none+I +none+OI -= -= +to+I -= -= -= -="},
	{"A.3.2", "in", "unsubscribe", "-= -= +none +none+O -= +to +none +none+O +to"},
	{"A.3.3", "in", "subscribed", "-= +to -= +to+I -= -= -= +both -="},
	{"A.3.4", "in", "unsubscribed", "-= +none -= +none+I +none +none+I -= +from +from"},
}

// RFC 6121 appendix A: every cell of every table.
func TestSubscriptionTables(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	for _, tab := range tables {
		cells := strings.Fields(tab.cells)
		for i, state := range states {
			t.Run(tab.section+" "+tab.typ+" at "+state, func(t *testing.T) {
				contact := fmt.Sprintf("%s-%s-%d@far.test", tab.way, tab.typ, i)
				h.setState("anna", contact, state)
				anna.take()
				h.remote.take()
				var passed []string
				if tab.way == "out" {
					anna.say(`<presence type='` + tab.typ + `' to='` + contact + `'/>`)
					passed = h.remote.take()
				} else {
					h.arrive(`<presence type='` + tab.typ + `' from='` + contact + `/x' to='anna@here.test'/>`)
					passed = anna.take()
				}
				n, next := 0, cells[i][1:]
				if cells[i][0] == '+' {
					n = 1
				}
				if next == "=" {
					next = state
				}
				if tab.way == "out" {
					want(t, n, passed, `<presence from="anna@here.test" to="`+contact+`" type="`+tab.typ+`"`)
				} else {
					want(t, n, passed, `<presence from="`+contact+`" to="anna@here.test" type="`+tab.typ+`"`)
				}
				if got := h.state("anna", contact); got != next {
					t.Errorf("state %s, not %s", got, next)
				}
			})
		}
	}
}

// setState stores a contact in a state of the tables.
func (h *house) setState(owner, contact, state string) {
	h.t.Helper()
	sub, pending, _ := strings.Cut(state, "+")
	_, _, err := h.rosters.UpdateRosterItem(context.Background(), at(owner), wire.MustAddr(contact), 0, func(it *storage.RosterItem) error {
		*it = storage.RosterItem{Contact: it.Contact, Subscription: storage.Subscription(sub), Listed: true}
		it.Ask = strings.Contains(pending, "O")
		if strings.Contains(pending, "I") {
			it.Request = []byte(`<presence xmlns="jabber:client" from="` + contact + `" to="` + at(owner).String() + `" type="subscribe"/>`)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.presences.Forget(at(owner))
}

// state returns a contact's state in the words of the tables.
func (h *house) state(owner, contact string) string {
	it := h.item(owner, contact)
	s, pending := string(it.Subscription), ""
	if s == "" {
		s = "none"
	}
	if it.Ask {
		pending += "O"
	}
	if len(it.Request) > 0 {
		pending += "I"
	}
	if pending != "" {
		s += "+" + pending
	}
	return s
}

// RFC 6121 §3.1: a request between two local users, approved, from the first stanza to the presence.
func TestSubscribe(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	anna.say(`<presence type='subscribe' to='ben@here.test/desk' id='s1'><status>Hello</status></presence>`)
	want(t, 1, anna.take(), `<item jid="ben@here.test" subscription="none" ask="subscribe"/>`)
	got := ben.take()
	want(t, 1, got, `<presence from="anna@here.test" to="ben@here.test" type="subscribe" id="s1"><status>Hello</status>`)
	want(t, 0, got, "jabber:iq:roster") // §3.1.3: not in the roster before the approval
	ben.say(`<presence type='subscribed' to='anna@here.test'/>`)
	want(t, 1, ben.take(), `<item jid="anna@here.test" subscription="from"/>`)
	got = anna.take()
	subscribed, push := place(got, `type="subscribed"`), place(got, `<item jid="ben@here.test" subscription="to"/>`)
	presence := place(got, `<presence from="ben@here.test/desk"`)
	if subscribed < 0 || push < subscribed || presence < push { // §3.1.6, §3.1.5
		t.Errorf("subscribed at %d, push at %d, presence at %d in %q", subscribed, push, presence, got)
	}
}

// RFC 6121 §3.1.3: a request waits for its answer, and is told to every session that becomes available.
func TestRequestWaits(t *testing.T) {
	h := newHouse(t)
	h.arrive(`<presence type='subscribe' from='eve@far.test' to='anna@here.test'><status>Please</status></presence>`)
	for _, who := range []string{"anna/home", "anna/phone"} {
		g := h.bind(who)
		g.say(`<presence/>`)
		want(t, 1, g.take(), `from="eve@far.test"`, `type="subscribe"`, "Please")
		g.say(`<presence><show>away</show></presence>`)
		want(t, 0, g.take(), "subscribe")
	}
	anna := h.bind("anna/work")
	anna.say(`<presence type='unsubscribed' to='eve@far.test'/>`, `<presence/>`)
	want(t, 0, anna.take(), "subscribe")
	if it := h.item("anna", "eve@far.test"); it.Subscription != "" {
		t.Errorf("a refused stranger is kept: %+v", it)
	}
}

// RFC 6121 §3.1.3: who is approved already gets the answer again, and the user is not asked.
func TestSubscribeAgain(t *testing.T) {
	h := newHouse(t)
	h.setState("anna", "eve@far.test", "from")
	anna := h.enter("anna/home")
	h.remote.take()
	h.arrive(`<presence type='subscribe' from='eve@far.test' to='anna@here.test' id='7'/>`)
	want(t, 1, h.remote.take(), `<presence from="anna@here.test" to="eve@far.test" id="7" type="subscribed"/>`)
	want(t, 0, anna.take(), "subscribe")
}

// RFC 6121 §3.4: an approval in advance answers the request when it comes.
func TestPreApproval(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.say(`<presence type='subscribed' to='eve@far.test'/>`)
	want(t, 1, anna.take(), `<item jid="eve@far.test" subscription="none" approved="true"/>`)
	want(t, 0, h.remote.take(), "subscribed")
	h.arrive(`<presence type='subscribe' from='eve@far.test' to='anna@here.test'/>`)
	got := anna.take()
	want(t, 0, got, `type="subscribe"`)
	want(t, 1, got, `<item jid="eve@far.test" subscription="from" approved="true"/>`)
	out := h.remote.take()
	want(t, 1, out, `type="subscribed"`)
	want(t, 1, out, `<presence from="anna@here.test/home" to="eve@far.test"`)
}

// RFC 6121 §3.4.2: unsubscribed takes an approval in advance back.
func TestPreApprovalCancelled(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.say(`<presence type='subscribed' to='eve@far.test'/>`, `<presence type='unsubscribed' to='eve@far.test'/>`)
	anna.take()
	h.arrive(`<presence type='subscribe' from='eve@far.test' to='anna@here.test'/>`)
	want(t, 1, anna.take(), `type="subscribe"`)
}

// RFC 6121 §3.2: a cancelled subscription hides the user, and the contact's server hears it.
func TestCancel(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	h.befriend(anna, ben)
	anna.say(`<presence type='unsubscribed' to='ben@here.test'/>`)
	got := ben.take()
	away, told := place(got, `<presence from="anna@here.test/home" to="ben@here.test" type="unavailable"`), place(got, `type="unsubscribed"`)
	if away < 0 || told < away { // §3.2.2: while ben may still know
		t.Errorf("unavailable at %d, unsubscribed at %d in %q", away, told, got)
	}
	if a, b := h.state("anna", "ben@here.test"), h.state("ben", "anna@here.test"); a != "to" || b != "from" {
		t.Errorf("anna has %s, ben %s", a, b)
	}
}

// RFC 6121 §3.3: unsubscribe ends what the user sees.
func TestUnsubscribe(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	h.befriend(anna, ben)
	anna.say(`<presence type='unsubscribe' to='ben@here.test'/>`)
	want(t, 1, anna.take(), `<presence from="ben@here.test/desk" to="anna@here.test" type="unavailable"`)
	want(t, 1, ben.take(), `<presence from="anna@here.test" to="ben@here.test" type="unsubscribe"`)
	if a, b := h.state("anna", "ben@here.test"), h.state("ben", "anna@here.test"); a != "from" || b != "to" {
		t.Errorf("anna has %s, ben %s", a, b)
	}
}

// RFC 6121 §8.5.1: who does not exist does not answer.
func TestSubscribeToNobody(t *testing.T) {
	h := newHouse(t)
	h.arrive(`<presence type='subscribe' from='eve@far.test' to='nobody@here.test'/>`)
	want(t, 0, h.remote.take(), "presence")
	if h.item("nobody", "eve@far.test").Contact == wire.MustAddr("eve@far.test") {
		t.Error("a request to nobody is kept")
	}
}

// RFC 6121 §3.1.2: a request that cannot be delivered comes back.
func TestSubscribeFails(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.say(`<presence type='subscribe' to='nobody@here.test'/>`)
	want(t, 1, anna.take(), `type="error"`, "item-not-found")
	h.remote.away = true
	anna.say(`<presence type='subscribe' to='eve@far.test'/>`)
	want(t, 1, anna.take(), `from="eve@far.test"`, `type="error"`, "remote-server-not-found")
}

// A user cannot subscribe to the own account.
func TestSubscribeToSelf(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.say(`<presence type='subscribe' to='anna@here.test'/>`)
	want(t, 1, anna.take(), `type="error"`, "bad-request")
}

// Strangers cannot fill a roster: only so many requests wait.
func TestRequestsAreBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 203 {
		h.arrive(fmt.Sprintf(`<presence type='subscribe' from='eve%d@far.test' to='anna@here.test'/>`, i))
	}
	items, _, err := h.store.Roster(context.Background(), at("anna"))
	if err != nil || len(items) != 200 {
		t.Fatal(len(items), err)
	}
	anna := h.enter("anna/home")
	anna.say(`<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='ben@here.test'/></query></iq>`)
	want(t, 1, anna.take(), `type="result"`)
}

// A long request is stored without what it says.
func TestLongRequest(t *testing.T) {
	h := newHouse(t)
	h.arrive(`<presence type='subscribe' from='eve@far.test' to='anna@here.test'><status>` + strings.Repeat("x", 5000) + `</status></presence>`)
	if n := len(h.item("anna", "eve@far.test").Request); n == 0 || n > 4096 {
		t.Error(n, "bytes are stored")
	}
}

// An account that is about to be deleted leaves no subscription behind.
func TestEndSubscriptions(t *testing.T) {
	h := newHouse(t)
	h.setState("anna", "eve@far.test", "to")
	h.setState("anna", "gus@far.test", "from")
	h.setState("anna", "max@far.test", "none+O")
	h.setState("anna", "tom@far.test", "none+I")
	h.setState("anna", "zoe@far.test", "none")
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	h.befriend(anna, ben)
	h.remote.take()
	if err := h.presences.EndSubscriptions(t.Context(), at("anna")); err != nil {
		t.Fatal(err)
	}
	out := h.remote.take()
	want(t, 2, out, `type="unsubscribe"`)
	want(t, 1, out, `type="unsubscribe"`, "eve@")
	want(t, 1, out, `type="unsubscribed"`, "gus@")
	want(t, 1, out, `type="unavailable"`, "gus@")
	want(t, 1, out, `type="unsubscribed"`, "tom@")
	want(t, 0, out, "zoe@")
	if s := h.state("ben", "anna@here.test"); s != "none" {
		t.Error("ben has", s)
	}
	want(t, 1, ben.take(), `<presence from="anna@here.test/home"`, `type="unavailable"`)
}
