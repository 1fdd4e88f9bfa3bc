package muc_test

import (
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func private(nick, body string) string {
	return `<message type='chat' id='pm' to='` + roomJID + `/` + nick + `'><body>` + body + `</body></message>`
}

// XEP-0045 §7.5: to every session of the recipient, marked, and kept in both users' archives alone.
func TestPrivateMessage(t *testing.T) {
	w, anna, ben, carl := three(t)
	phone := w.dial("ben/phone")
	phone.enter("B")
	anna.sync()
	anna.say(private("B", "psst"))
	anna.sync()
	for _, p := range []*person{ben, phone} {
		w.want(p.sync(), `from="`+roomJID+`/A"`, `to="`+p.addr.String()+`"`, `type="chat"`, `<body>psst</body>`,
			`<x xmlns="http://jabber.org/protocol/muc#user"/>`, `<stanza-id`, `by="ben@example.test"`)
	}
	w.wantNot(carl.sync(), `psst`)
	for i, c := range []struct {
		owner, peer string
		outgoing    bool
		n           int
	}{
		0: {"ben@" + host, roomJID + "/A", false, 1},
		1: {"anna@" + host, roomJID + "/B", true, 1},
		2: {roomJID, "", false, 0},
		3: {"carl@" + host, "", false, 0},
	} {
		rows, err := w.store.Page(w.ctx, storage.Query{Owner: wire.MustAddr(c.owner), Limit: 10})
		if err != nil || len(rows) != c.n {
			t.Fatalf("%d: %d rows, %v", i, len(rows), err)
		}
		if c.n > 0 && (rows[0].Peer.String() != c.peer || rows[0].Outgoing != c.outgoing || rows[0].Kind != storage.RowPrivate) {
			t.Errorf("%d: %+v", i, rows[0])
		}
	}
}

// XEP-0045 §7.5: refusals.
func TestPrivateRefused(t *testing.T) {
	w, anna, ben, _ := three(t)
	for i, c := range []struct {
		from        *person
		xml, answer string
	}{
		0: {ben, private("Nobody", "x"), `item-not-found`},
		1: {w.dial("eve"), private("A", "x"), `not-acceptable`},
		2: {ben, `<message type='groupchat' to='` + roomJID + `/A'><body>x</body></message>`, `bad-request`},
		3: {ben, `<message to='` + roomJID + `'><body>x</body></message>`, `bad-request`},
	} {
		c.from.say(c.xml)
		if got := c.from.sync(); !has(got, `type="error"`, c.answer) {
			t.Errorf("%d: %q", i, got)
		}
	}
	if got := anna.sync(); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// muc#roomconfig_allowpm.
func TestPrivatePolicy(t *testing.T) {
	w, anna, ben, carl := three(t)
	for _, c := range []struct {
		rule               string
		toPeer, toMod, mod bool
	}{
		{"anyone", true, true, true},
		{"participants", true, true, true},
		{"moderators", false, true, true},
		{"none", false, false, false},
	} {
		anna.configure("allowpm=" + c.rule)
		ben.sync()
		ben.say(private("C", "peer"))
		ben.say(private("A", "up"))
		ben.sync()
		anna.say(private("B", "down"))
		if got := carl.sync(); has(got, `<body>peer`) != c.toPeer {
			t.Errorf("%s: %q", c.rule, got)
		}
		if got := anna.sync(); has(got, `<body>up`) != c.toMod {
			t.Errorf("%s: %q", c.rule, got)
		}
		if got := ben.sync(); has(got, `<body>down`) != c.mod {
			t.Errorf("%s: %q", c.rule, got)
		}
	}
	_ = w
}

// What comes back marks the session as gone (333); what its client merely refuses does not.
func TestBounce(t *testing.T) {
	w, anna, ben, _ := three(t)
	ben.say(`<message type='error' to='` + roomJID + `/A'><error type='cancel'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`)
	if got := anna.sync(); len(got) > 0 {
		t.Errorf("%q", got)
	}
	ben.say(`<message type='error' to='` + roomJID + `'><error type='cancel'><recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`)
	ben.sync()
	w.want(anna.sync(), `/B"`, `type="unavailable"`, `code="333"`, `role="none"`)
}
