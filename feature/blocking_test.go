package feature_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func blockSet(verb string, jids ...string) string {
	var b strings.Builder
	for _, j := range jids {
		b.WriteString(`<item jid='` + j + `'/>`)
	}
	return `<iq type='set' id='b'><` + verb + ` xmlns='urn:xmpp:blocking'>` + b.String() + `</` + verb + `></iq>`
}

// blocks lets a session block addresses, and forgets what that brought.
func (g *guest) blocks(jids ...string) {
	g.h.t.Helper()
	g.say(blockSet("block", jids...))
	want(g.h.t, 1, g.take(), `id="b"`, `type="result"`)
}

const (
	blockGet  = `<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>`
	errorOfUs = `<not-acceptable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/><blocked xmlns="urn:xmpp:blocking:errors"/></error>`
)

// XEP-0191 §3.2-§3.5: the list, its changes, and who is told of them.
func TestBlockList(t *testing.T) {
	h := newHouse(t)
	home, phone, watch := h.enter("anna/home"), h.enter("anna/phone"), h.enter("anna/watch")
	for _, g := range []*guest{home, phone} {
		g.say(blockGet)
		want(t, 1, g.take(), `id="l" type="result"><blocklist xmlns="urn:xmpp:blocking"/>`)
	}
	watch.take()
	home.say(blockSet("block", "eve@far.test", "Spam.test", "eve@far.test/x"))
	push := `<block xmlns="urn:xmpp:blocking"><item jid="eve@far.test"/><item jid="spam.test"/><item jid="eve@far.test/x"/></block>`
	got := home.take()
	want(t, 1, got, `type="result"/>`)
	want(t, 1, got, `to="anna@here.test/home"`, `type="set"`, push)
	want(t, 1, phone.take(), `to="anna@here.test/phone"`, `type="set"`, push)
	want(t, 0, watch.take(), "")
	home.say(blockSet("unblock", "spam.test"))
	want(t, 1, phone.take(), `type="set"`, `<unblock xmlns="urn:xmpp:blocking"><item jid="spam.test"/></unblock>`)
	phone.say(blockGet)
	want(t, 1, phone.take(), `<blocklist xmlns="urn:xmpp:blocking"><item jid="eve@far.test"/><item jid="eve@far.test/x"/></blocklist>`)
	home.say(blockSet("unblock"))
	want(t, 1, phone.take(), `type="set"`, `<unblock xmlns="urn:xmpp:blocking"/>`)
	phone.say(blockGet)
	want(t, 1, phone.take(), `<blocklist xmlns="urn:xmpp:blocking"/>`)
}

// XEP-0191 §3.3: what a block is refused for.
func TestBlockErrors(t *testing.T) {
	h := newHouse(t, func(h *house) { h.cfg.Limits.BlocklistItems = 3 })
	anna := h.enter("anna/home")
	for _, c := range []struct{ stanza, condition string }{
		{blockSet("block"), "bad-request"},
		{blockSet("block", "@@"), "jid-malformed"},
		{blockSet("block", ""), "jid-malformed"},
		{blockSet("block", "anna@here.test"), "not-allowed"},
		{blockSet("block", "eve@far.test", "anna@here.test/phone"), "not-allowed"},
		{blockSet("block", "a@b", "c@d", "e@f", "g@h"), "resource-constraint"},
		{blockSet("unblock", "@@"), "jid-malformed"},
	} {
		anna.say(c.stanza)
		got := anna.take()
		want(t, 1, got, `type="error"`, c.condition)
		want(t, 1, got, "")
	}
	anna.blocks("a@b", "c@d", "e@f")
	anna.say(blockSet("block", "a@b"))
	want(t, 1, anna.take(), `type="result"`)
}

// XEP-0191 §5: which address covers which.
func TestBlockMatching(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	for _, c := range []struct{ entry, from string }{
		{"eve@far.test/x", "eve@far.test/x"}, {"eve@far.test", "eve@far.test/x"}, {"eve@far.test", "eve@far.test"},
		{"far.test/x", "far.test/x"}, {"far.test", "far.test"}, {"far.test", "eve@far.test/x"}, {"far.test", "far.test/x"},
	} {
		anna.blocks(c.entry)
		h.arrive(`<message from='` + c.from + `' to='anna@here.test'><body>x</body></message>`)
		if got := anna.take(); len(got) > 0 {
			t.Errorf("%s blocked, %s got through: %q", c.entry, c.from, got)
		}
		want(t, 1, h.remote.take(), `type="error"`, "service-unavailable", `to="`+c.from+`"`)
		anna.say(blockSet("unblock"))
		anna.take()
	}
	for _, c := range []struct{ entry, from string }{
		{"eve@far.test/x", "eve@far.test/y"}, {"eve@far.test/x", "eve@far.test"}, {"eve@far.test", "adam@far.test/x"},
		{"far.test/x", "eve@far.test/x"}, {"far.test", "eve@sub.far.test"},
	} {
		anna.blocks(c.entry)
		h.arrive(`<message from='` + c.from + `' to='anna@here.test'><body>x</body></message>`)
		want(t, 1, anna.take(), `from="`+c.from+`"`)
		anna.say(blockSet("unblock"))
		anna.take()
	}
}

// XEP-0191 §3.3: what a blocked contact sends, by kind; the user sees none of it.
func TestBlockedInbound(t *testing.T) {
	h := newHouse(t)
	h.setState("anna", "ben@here.test", "both")
	h.setState("ben", "anna@here.test", "both")
	anna, ben := h.enter("anna/home"), h.enter("ben/desk")
	anna.blocks("ben@here.test")
	ben.take()
	for _, c := range []struct{ stanza, answer string }{
		{`<message to='anna@here.test' type='chat' id='1'><body>x</body></message>`, "service-unavailable"},
		{`<message to='anna@here.test/home' type='chat' id='1'><body>x</body></message>`, "service-unavailable"},
		{`<message to='anna@here.test/home' type='error' id='1'/>`, ""},
		{`<iq to='anna@here.test/home' type='get' id='1'><x xmlns='y'/></iq>`, "service-unavailable"},
		{`<iq to='anna@here.test' type='get' id='1'><x xmlns='y'/></iq>`, "service-unavailable"},
		{`<iq to='anna@here.test/home' type='result' id='1'/>`, ""},
		{`<presence to='anna@here.test'/>`, ""},
		{`<presence to='anna@here.test/home'/>`, ""},
		{`<presence to='anna@here.test' type='subscribe'/>`, ""},
		{`<presence to='anna@here.test' type='unsubscribed'/>`, ""},
		{`<presence to='anna@here.test' type='probe'/>`, ""},
		{`<presence><show>away</show></presence>`, "away"}, // its own
	} {
		ben.say(c.stanza)
		got := ben.take()
		if c.answer == "" {
			want(t, 0, got, `from="anna`)
		} else {
			want(t, 1, got, c.answer)
		}
		if got := anna.take(); len(got) > 0 {
			t.Errorf("%s got through: %q", c.stanza, got)
		}
	}
	desk := h.bind("ben/tablet")
	desk.say(`<presence/>`)
	want(t, 0, desk.take(), `from="anna@here.test`) // §3.3: anna looks away
	anna.leave()
	ben.say(`<message to='anna@here.test' type='chat' id='1'><body>x</body></message>`)
	want(t, 1, ben.take(), "service-unavailable") // and is guarded while away
}

// XEP-0191 §3.3: nothing goes to whom the user blocks.
func TestBlockedOutbound(t *testing.T) {
	h := newHouse(t)
	svc := &rooms{}
	h.router.HandleService("rooms.here.test", svc)
	h.setState("anna", "eve@far.test", "both")
	anna := h.enter("anna/home")
	anna.blocks("eve@far.test", "ben@here.test", "hall@rooms.here.test")
	h.remote.take()
	for _, s := range []string{
		`<message to='eve@far.test' id='1'><body>x</body></message>`,
		`<message to='ben@here.test/desk' id='1'><body>x</body></message>`,
		`<message to='hall@rooms.here.test' type='groupchat' id='1'><body>x</body></message>`,
		`<iq to='eve@far.test/x' type='get' id='1'><x xmlns='y'/></iq>`,
		`<iq to='ben@here.test' type='get' id='1'><x xmlns='y'/></iq>`,
		`<presence to='eve@far.test/x' id='1'/>`,
		`<presence to='eve@far.test' type='subscribe' id='1'/>`,
		`<presence to='hall@rooms.here.test/a' id='1'/>`,
	} {
		anna.say(s)
		want(t, 1, anna.take(), `type="error"`, errorOfUs)
	}
	anna.say(`<iq to='eve@far.test/x' type='result' id='1'/>`, `<presence><show>away</show></presence>`)
	want(t, 0, append(h.remote.take(), svc.take()...), "")
	h.enter("anna/phone")
	want(t, 0, h.remote.take(), "eve@far.test") // neither presence nor probe
}

// XEP-0191 §3.3, §3.4: blocking hides the user from a contact, unblocking shows the user again.
func TestBlockedSeesUnavailable(t *testing.T) {
	h := newHouse(t)
	anna, ben, carl := h.enter("anna/home"), h.enter("ben/desk"), h.enter("carl/desk")
	h.befriend(anna, ben)
	anna.say(`<presence to='carl@here.test'/>`)
	carl.take()
	anna.take()
	anna.blocks("ben@here.test", "carl@here.test", "dora@here.test")
	want(t, 1, ben.take(), `<presence from="anna@here.test/home" to="ben@here.test" type="unavailable"`)
	want(t, 1, carl.take(), `<presence from="anna@here.test/home" to="carl@here.test" type="unavailable"`)
	anna.say(blockSet("block", "ben@here.test"))
	want(t, 0, ben.take(), "presence") // was blocked already
	anna.take()
	anna.say(blockSet("unblock"))
	want(t, 1, ben.take(), `<presence from="anna@here.test/home" to="ben@here.test"/>`)
	want(t, 0, carl.take(), "presence")
	want(t, 1, anna.take(), `<presence from="ben@here.test/desk"`)
	anna.blocks("ben@here.test/desk")
	want(t, 1, ben.take(), `<presence from="anna@here.test/home" to="ben@here.test/desk" type="unavailable"`)
}

// XEP-0191 §5: a block of the own server hides neither the server nor the user's own sessions.
func TestBlockOwnServer(t *testing.T) {
	h := newHouse(t)
	anna, phone, ben := h.enter("anna/home"), h.enter("anna/phone"), h.enter("ben/desk")
	anna.blocks("here.test")
	anna.say(`<message to='anna@here.test/phone'><body>x</body></message>`, `<iq to='here.test' type='get' id='1'><x xmlns='y'/></iq>`)
	want(t, 1, phone.take(), "<body>")
	want(t, 1, anna.take(), `from="here.test"`, `id="1"`)
	ben.say(`<message to='anna@here.test'><body>x</body></message>`)
	want(t, 1, ben.take(), "service-unavailable")
}

// Rooms send straight to sessions: what a blocked occupant says there is dropped by the filter, from the first moment on.
func TestBlockedOccupant(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.blocks("hall@rooms.here.test/eve")
	anna.leave()
	anna = h.bind("anna/home")
	send := func(nick string) {
		sink := h.router.Sink(at("anna/home"))
		sink.Send(parse(t, `<message type='groupchat' from='hall@rooms.here.test/`+nick+`' to='anna@here.test/home'><body>x</body></message>`))
	}
	send("eve")
	send("ben")
	got := anna.take()
	want(t, 1, got, "/ben")
	want(t, 1, got, "")
}

// A long block list costs a look-up, and each change is in force at once for all sessions.
func TestBlockMany(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("eve%d@far.test", i))
	}
	anna.blocks(all...)
	h.arrive(`<message from='eve999@far.test' to='anna@here.test'><body>x</body></message>`)
	want(t, 0, anna.take(), "")
}

// Whoever has the address of a deleted account later does not inherit what it blocked.
func TestBlockListOfDeletedAccount(t *testing.T) {
	h := newHouse(t)
	anna := h.enter("anna/home")
	anna.blocks("eve@far.test")
	if err := h.store.DeleteAccount(t.Context(), at("anna")); err != nil {
		t.Fatal(err)
	}
	anna.leave()
	h.create("anna")
	anna = h.enter("anna/home")
	h.arrive(`<message from='eve@far.test' to='anna@here.test'><body>x</body></message>`)
	want(t, 1, anna.take(), "eve@far.test")
}

// countingBlocks counts the addresses that a store is asked to write.
type countingBlocks struct {
	storage.Blocklists
	written atomic.Int64
}

func (c *countingBlocks) Block(ctx context.Context, owner wire.Addr, limit int, addrs []wire.Addr) error {
	c.written.Add(int64(len(addrs)))
	return c.Blocklists.Block(ctx, owner, limit, addrs)
}

func (c *countingBlocks) Unblock(ctx context.Context, owner wire.Addr, addrs []wire.Addr) ([]wire.Addr, error) {
	c.written.Add(int64(len(addrs)))
	return c.Blocklists.Unblock(ctx, owner, addrs)
}

// A request may name more addresses than the list holds: the storage, for which everybody waits, sees none that changes
// nothing.
func TestBlockCostsWhatItChanges(t *testing.T) {
	var store countingBlocks
	h := newHouse(t, func(h *house) {
		h.cfg.Limits.BlocklistItems = 3
		store.Blocklists = h.store
		h.blocks = &store
	})
	anna := h.enter("anna/home")
	for i, c := range []struct {
		stanza, answer string
		written        int64
	}{
		0: {blockSet("block", "a@b", "c@d", "e@f", "g@h"), "resource-constraint", 0},
		1: {blockSet("block", "a@b", "a@b", "a@b", "c@d"), `type="result"`, 2},
		2: {blockSet("block", "a@b", "c@d"), `type="result"`, 0},
		3: {blockSet("block", "a@b", "e@f"), `type="result"`, 1},
		4: {blockSet("unblock", "x@y", "a@b", "z@z"), `type="result"`, 1},
		5: {blockSet("unblock", "x@y"), `type="result"`, 0},
	} {
		anna.say(c.stanza)
		want(t, 1, anna.take(), c.answer)
		if n := store.written.Swap(0); n != c.written {
			t.Errorf("%d: %d addresses written, not %d", i, n, c.written)
		}
	}
	anna.say(blockGet)
	want(t, 1, anna.take(), `<blocklist xmlns="urn:xmpp:blocking"><item jid="c@d"/><item jid="e@f"/></blocklist>`)
}
