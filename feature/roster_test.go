package feature_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const rosterGet = `<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>`

func rosterSet(items string) string {
	return `<iq type='set' id='s'><query xmlns='jabber:iq:roster'>` + items + `</query></iq>`
}

// RFC 6121 §2.1.6, §2.3.2: a new contact is pushed to the sessions that asked for the roster, and to no other.
func TestRosterSet(t *testing.T) {
	h := newHouse(t)
	home, phone, watch := h.bind("anna/home"), h.bind("anna/phone"), h.bind("anna/watch")
	home.say(rosterGet)
	want(t, 1, home.take(), `<iq to="anna@here.test/home" id="g" type="result"><query xmlns="jabber:iq:roster" ver="0"/>`)
	phone.say(rosterGet)
	phone.take()
	home.say(rosterSet(`<item jid='Ben@here.test/desk' name='B&amp;B' subscription='both' ask='subscribe'><group>Friends</group></item>`))
	push := `<item jid="ben@here.test" name="B&amp;B" subscription="none"><group>Friends</group></item>`
	got := home.take()
	want(t, 1, got, `from="anna@here.test" to="anna@here.test/home"`, `type="set"`, push)
	want(t, 1, got, `id="s" type="result"/>`)
	want(t, 1, phone.take(), push)
	want(t, 0, watch.take(), "")
	watch.say(rosterGet)
	want(t, 1, watch.take(), `type="result"`, push)
}

// RFC 6121 §2.3.3: what a roster set is refused for.
func TestRosterSetErrors(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	long := strings.Repeat("x", 1024)
	for _, c := range []struct{ name, items, condition string }{
		{"no item", ``, "bad-request"},
		{"two items", `<item jid='a@b'/><item jid='c@d'/>`, "bad-request"},
		{"no address", `<item name='x'/>`, "bad-request"},
		{"no address at all", `<item jid='@@'/>`, "jid-malformed"},
		{"a group twice", `<item jid='a@b'><group>x</group><group>x</group></item>`, "bad-request"},
		{"an empty group", `<item jid='a@b'><group/></item>`, "not-acceptable"},
		{"a long group", `<item jid='a@b'><group>` + long + `</group></item>`, "not-acceptable"},
		{"a long name", `<item jid='a@b' name='` + long + `'/>`, "not-acceptable"},
		{"too many groups", `<item jid='a@b'>` + groups(101) + `</item>`, "not-acceptable"},
		{"too long groups", `<item jid='a@b'>` + longGroups(9) + `</item>`, "not-acceptable"},
		{"oneself", `<item jid='anna@here.test'/>`, "not-allowed"},
		{"removing nobody", `<item jid='a@b' subscription='remove'/>`, "item-not-found"},
	} {
		anna.say(rosterSet(c.items))
		t.Run(c.name, func(t *testing.T) {
			got := anna.take()
			want(t, 1, got, `type="error"`, c.condition)
			want(t, 1, got, "")
		})
	}
	anna.say(rosterSet(`<item jid='a@b'>` + groups(100) + `</item>`))
	want(t, 1, anna.take(), `type="result"`)
}

func longGroups(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<group>%d%s</group>", i, strings.Repeat("x", 1000))
	}
	return b.String()
}

func groups(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<group>%d</group>", i)
	}
	return b.String()
}

// RFC 6121 §2.2: nobody reads or writes another's roster.
func TestRosterOfOthers(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.say(`<iq type='get' id='1' to='ben@here.test'><query xmlns='jabber:iq:roster'/></iq>`,
		`<iq type='set' id='2' to='ben@here.test'><query xmlns='jabber:iq:roster'><item jid='a@b'/></query></iq>`)
	want(t, 2, anna.take(), `type="error"`, "service-unavailable")
}

// limits.roster_items bounds the contacts that a user adds, not the changes of those that are there.
func TestRosterQuota(t *testing.T) {
	h := newHouse(t, func(h *house) { h.cfg.Limits.RosterItems = 2 })
	anna := h.enter("anna/home")
	anna.say(rosterSet(`<item jid='a@b'/>`), rosterSet(`<item jid='c@d'/>`))
	want(t, 2, anna.take(), `type="result"`)
	anna.say(rosterSet(`<item jid='e@f'/>`), `<presence type='subscribe' to='e@f'/>`,
		`<presence type='subscribed' to='e@f'/>`)
	want(t, 3, anna.take(), `type="error"`, "resource-constraint")
	want(t, 0, h.remote.take(), "subscribe")
	anna.say(rosterSet(`<item jid='a@b' name='x'/>`), `<presence type='subscribe' to='c@d'/>`)
	want(t, 0, anna.take(), `type="error"`)
}

// RFC 6121 §2.5.2: a removal ends the subscriptions in both directions.
func TestRosterRemove(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	h.befriend(anna, ben)
	anna.say(rosterSet(`<item jid='ben@here.test' subscription='remove'/>`))
	got := anna.take()
	want(t, 1, got, `<item jid="ben@here.test" subscription="remove"/>`)
	want(t, 1, got, `<presence from="ben@here.test/desk" to="anna@here.test" type="unavailable"`)
	got = ben.take()
	want(t, 1, got, `type="unsubscribe"`)
	want(t, 1, got, `type="unsubscribed"`)
	want(t, 1, got, `<presence from="anna@here.test/home" to="ben@here.test" type="unavailable"`)
	if s := h.state("ben", "anna@here.test"); s != "none" {
		t.Error("ben has", s)
	}
}

var ver = regexp.MustCompile(`ver="(\d+)"`)

func version(t *testing.T, got []string) string {
	t.Helper()
	m := ver.FindStringSubmatch(strings.Join(got, ""))
	if m == nil {
		t.Fatalf("no version in %q", got)
	}
	return m[1]
}

// RFC 6121 §2.6: a client that knows the version gets nothing, one that knows an older gets the changes.
func TestRosterVersioning(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.say(rosterSet(`<item jid='a@b'/>`), rosterSet(`<item jid='c@d'/>`))
	anna.take()
	anna.say(rosterGet)
	old := version(t, anna.take())
	get := func(ver string) []string {
		phone := h.bind("anna/phone")
		defer phone.leave()
		phone.say(`<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='` + ver + `'/></iq>`)
		return phone.take()
	}
	got := get(old)
	want(t, 1, got, `id="g" type="result"/>`) // §2.6.3: unchanged
	want(t, 1, got, "")
	anna.say(rosterSet(`<item jid='a@b' subscription='remove'/>`), rosterSet(`<item jid='e@f'/>`))
	now := version(t, anna.take()[2:])
	got = get(old)
	want(t, 1, got[:1], `id="g" type="result"/>`)
	want(t, 1, got, `type="set"`, `ver="`+old+`"`, `<item jid="e@f" subscription="none"/>`)
	want(t, 1, got, `type="set"`, `ver="`+now+`"`, `<item jid="a@b" subscription="remove"/>`) // the last has the version
	for _, unknown := range []string{"", "1", "x", "-1", "99999999999999"} {
		got = get(unknown)
		want(t, 1, got, `type="result"><query`, `ver="`+now+`"`, `jid="c@d"`, `jid="e@f"`)
		want(t, 1, got, "")
	}
}

// Many changes come as a whole roster.
func TestRosterVersioningMany(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.say(rosterSet(`<item jid='a@b'/>`))
	old := version(t, anna.take())
	for i := range 51 {
		anna.say(rosterSet(fmt.Sprintf(`<item jid='a%d@b'/>`, i)))
	}
	anna.take()
	anna.say(`<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='` + old + `'/></iq>`)
	got := anna.take()
	want(t, 1, got, `<query`, `jid="a50@b"`)
	want(t, 1, got, "")
}

// counting counts the reads of rosters.
type counting struct {
	storage.Rosters
	reads int
}

func (c *counting) Roster(ctx context.Context, owner wire.Addr) ([]storage.RosterItem, int64, error) {
	c.reads++
	return c.Rosters.Roster(ctx, owner)
}

func (c *counting) RosterItem(ctx context.Context, owner, contact wire.Addr) (storage.RosterItem, error) {
	c.reads++
	return c.Rosters.RosterItem(ctx, owner, contact)
}

// A login and all that follows reads the roster once, however long it is.
func TestRosterReads(t *testing.T) {
	c := &counting{}
	h := newHouse(t, func(h *house) { c.Rosters, h.rosters = h.store, c })
	for i := range 100 {
		h.setState("anna", fmt.Sprintf("c%d@far.test", i), "both")
	}
	anna := h.bind("anna/home")
	anna.say(rosterGet, `<presence/>`, `<presence><show>away</show></presence>`, `<presence type='unavailable'/>`)
	if c.reads != 1 {
		t.Error(c.reads, "reads of the roster")
	}
	out := h.remote.take()
	want(t, 300, out, `from="anna@here.test/home"`)
	want(t, 100, out, `from="anna@here.test"`, `type="probe"`)
}
