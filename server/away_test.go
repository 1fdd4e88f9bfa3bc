package server_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/wire"
)

const (
	garden = "garden@conference." + xmpptest.Host
	hall   = "hall@conference." + xmpptest.Host
	roster = `<query xmlns="jabber:iq:roster"/>`
)

// outage is one of a server under test: down begins it, up ends it.
type outage struct{ down, up func() }

// outages runs a test through each kind of outage that a store can pretend.
func outages(t *testing.T, test func(t *testing.T, s *xmpptest.Server, o outage), edit ...func(*config.Config)) {
	edit = append(edit, func(c *config.Config) {
		c.Listen.HTTP = "127.0.0.1:0"
		c.Rooms.ParkAfter = time.Millisecond
	})
	t.Run("fails", func(t *testing.T) {
		t.Parallel()
		s, store := faulty(t, edit...)
		test(t, s, outage{down: func() { store.SetAway(errors.New("no route to host")) }, up: func() { store.SetAway(nil) }})
	})
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		s, store := faulty(t, edit...)
		var release func()
		test(t, s, outage{down: func() { release = store.Hang() }, up: func() { release() }})
	})
}

// While the database is away everyone who needs it is told to try later, and no stream ends; then all goes on by itself.
func TestStorageAway(t *testing.T) { outages(t, testAway) }

func testAway(t *testing.T, s *xmpptest.Server, o outage) {
	alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), enter(s, "bob@"+xmpptest.Host, lobby)
	parked(s, bob, garden)
	made(s, alice, hall)
	carol := s.At("carol@"+xmpptest.Host+"/x", "secured")
	message(alice, "bob@"+xmpptest.Host, "before")
	until(bob, isMessage)
	turns(t, s, http.StatusOK)
	goroutines := runtime.NumGoroutine()

	o.down()
	for _, to := range recipients {
		message(alice, to, "away")
		if st := until(alice, isMessage); st.ID() != "away" || !has(st, "wait", "internal-server-error") {
			t.Errorf("a message to %s: %s", to, st.Append(nil))
		}
	}
	for _, request := range []string{
		`<iq type="get" id="x">` + roster + `</iq>`,
		`<iq type="set" id="x"><query xmlns="jabber:iq:roster"><item jid="dave@example.test"/></query></iq>`,
		`<iq type="get" id="x"><query xmlns="jabber:iq:private"><a xmlns="b"/></query></iq>`,
		`<iq type="set" id="x"><query xmlns="jabber:iq:private"><a xmlns="b"/></query></iq>`,
		`<iq type="get" id="x"><vCard xmlns="vcard-temp"/></iq>`,
		`<iq type="get" id="x" to="dave@example.test"><vCard xmlns="vcard-temp"/></iq>`,
		`<iq type="set" id="x"><block xmlns="urn:xmpp:blocking"><item jid="dave@example.test"/></block></iq>`,
		`<iq type="get" id="x" to="conference.example.test"><query xmlns="http://jabber.org/protocol/disco#items"/></iq>`,
		`<iq type="get" id="x" to="dave@example.test"><query xmlns="jabber:iq:last"/></iq>`,
		`<iq type="set" id="x"><query xmlns="urn:xmpp:mam:2"/></iq>`,
		`<iq type="set" id="x" to="` + hall + `"><query xmlns="urn:xmpp:mam:2"/></iq>`,
		`<iq type="set" id="x" to="` + hall + `"><query xmlns="http://jabber.org/protocol/muc#admin"><item jid="dave@example.test" affiliation="member"/></query></iq>`,
		`<iq type="set" id="x" to="` + hall + `"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"><field var="muc#roomconfig_roomname"><value>n</value></field></x></query></iq>`,
		`<iq type="set" id="x" to="` + hall + `"><query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query></iq>`,
		`<message type="groupchat" id="x" to="` + hall + `"><subject>s</subject></message>`,
		`<presence id="x" type="subscribe" to="dave@example.test"/>`,
		`<presence id="x" to="` + garden + `/a"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
	} {
		alice.Send(request)
		if st := until(alice, func(st wire.Stanza) bool { return st.ID() == "x" }); !has(st, "wait", "internal-server-error") {
			t.Errorf("%s\n%s", request, st.Append(nil))
		}
	}
	for range 6 { // twice as many as a stream may guess
		tryLogin(t, carol)
	}
	turns(t, s, http.StatusServiceUnavailable)
	alice.Barrier()
	bob.Barrier()

	o.up()
	turns(t, s, http.StatusOK)
	for _, to := range recipients {
		message(alice, to, "after")
		if st := until(bob, isMessage); st.ID() != "after" || isError(st) {
			t.Errorf("to %s: bob got %s", to, st.Append(nil))
		}
	}
	alice.Send(`<message type="groupchat" to="` + hall + `"><subject>we are back</subject></message>`)
	until(alice, func(st wire.Stanza) bool { return st.Has("", "subject") && !isError(st) })
	alice.Send(`<iq type="get" id="r">` + roster + `</iq>`)
	if st := until(alice, func(st wire.Stanza) bool { return st.ID() == "r" }); isError(st) {
		t.Errorf("the roster: %s", st.Append(nil))
	}
	alice.Send(`<presence to="` + garden + `/a"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	until(alice, func(st wire.Stanza) bool { return st.Has("", "subject") && st.From() == wire.MustAddr(garden) })
	carol.Login("SCRAM-SHA-256", xmpptest.Password(carol.Addr.Bare()))
	calm(t, goroutines)
}

// parked makes a room that is stored, and that the service holds no more in memory.
func parked(s *xmpptest.Server, c *xmpptest.Client, room string) {
	s.T.Helper()
	made(s, c, room)
	c.Send(`<presence type="unavailable" to="` + room + `/x"/>`)
	until(c, func(st wire.Stanza) bool { return st.Type() == "unavailable" })
	c.Barrier()
}

// made makes a room that is stored.
func made(s *xmpptest.Server, c *xmpptest.Client, room string) {
	s.T.Helper()
	c.Send(`<presence to="` + room + `/x"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	until(c, func(st wire.Stanza) bool { return st.Has("", "subject") })
	c.Send(`<iq type="set" id="c" to="` + room + `"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit">` +
		`<field var="muc#roomconfig_persistentroom"><value>1</value></field></x></query></iq>`)
	c.Barrier()
}

// tryLogin begins a login that the server cannot judge.
func tryLogin(t *testing.T, c *xmpptest.Client) {
	t.Helper()
	first := base64.StdEncoding.EncodeToString([]byte("n,,n=" + c.Addr.Local() + ",r=abcdef"))
	c.Send(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="SCRAM-SHA-256">` + first + `</auth>`)
	st := c.Recv()
	if _, ok := st.Kid("urn:ietf:params:xml:ns:xmpp-sasl", "temporary-auth-failure"); !ok {
		t.Errorf("login: %s", st.Append(nil))
	}
}

// turns waits until readiness has a status.
func turns(t *testing.T, s *xmpptest.Server, status int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); ready(t, s) != status; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("readiness does not turn to %d", status)
		}
	}
}

// calm waits until there are about as many goroutines as there were: other tests run beside this one.
func calm(t *testing.T, before int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+50; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// A block list that could not be read when a session began is in force once it can be read.
func TestBlockListReadLater(t *testing.T) {
	s, store := faulty(t)
	alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), s.Online("bob@"+xmpptest.Host)
	bob.Send(`<iq type="set" id="b"><block xmlns="urn:xmpp:blocking"><item jid="` + lobby + `/alice"/></block></iq>`)
	bob.Barrier()
	bob.Cut()
	if err := s.Gone(bob.Addr); err != nil {
		t.Fatal(err)
	}
	bob = s.At("bob@"+xmpptest.Host+"/later", "authenticated")
	store.SetAway(errors.New("no route to host"))
	bob.Bind("later")
	store.SetAway(nil)
	bob.Send(`<presence/><presence to="` + lobby + `/bob"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	until(bob, func(st wire.Stanza) bool { return st.Has("", "subject") })
	message(alice, lobby, "blocked")
	until(alice, isMessage)
	for _, st := range bob.Barrier() {
		if isMessage(st) {
			t.Errorf("bob got %s", st.Append(nil))
		}
	}
}

// What waited for a session that came while the archive could not be read is sent when it can be, before what came since.
func TestOfflineMessagesReadLater(t *testing.T) {
	s, store := faulty(t)
	alice, bob := s.Online("alice@"+xmpptest.Host), s.Dial("bob@"+xmpptest.Host)
	message(alice, "bob@"+xmpptest.Host, "m1")
	message(alice, "bob@"+xmpptest.Host, "m2")
	alice.Barrier()
	store.FailUndelivered(errors.New("no route to host"))
	bob.Send(`<presence/>`)
	until(bob, func(st wire.Stanza) bool { return st.Kind() == wire.KindPresence })
	bob.Barrier()
	message(alice, "bob@"+xmpptest.Host, "m3")
	alice.Barrier()
	store.FailUndelivered(nil)
	for _, id := range []string{"m1", "m2", "m3"} {
		if st := until(bob, isMessage); st.ID() != id {
			t.Errorf("%s instead of %s", st.Append(nil), id)
		}
	}
}
