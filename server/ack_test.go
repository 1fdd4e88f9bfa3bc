package server_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

const lobby = "lobby@conference." + xmpptest.Host

// faulty starts a server whose store fails on demand.
func faulty(t *testing.T, edit ...func(*config.Config)) (*xmpptest.Server, *storagetest.Faulty) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "salon.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	f := storagetest.NewFaulty(store)
	return xmpptest.StartWith(t, server.Options{Store: f}, nil, edit...), f
}

// enter logs a user in, turns XEP-0198 on and joins a room. What it got by then is read.
func enter(s *xmpptest.Server, user, room string) *xmpptest.Client {
	s.T.Helper()
	c := s.Online(user)
	c.Send(`<enable xmlns="urn:xmpp:sm:3"/>`)
	c.Send(`<presence to="` + room + `/` + c.Addr.Local() + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	until(c, func(st wire.Stanza) bool { return st.Has("", "subject") })
	return c
}

// until returns the next element that is wanted.
func until(c *xmpptest.Client, want func(wire.Stanza) bool) wire.Stanza {
	for {
		if st := c.Recv(); want(st) {
			return st
		}
	}
}

func isMessage(st wire.Stanza) bool { return st.Kind() == wire.KindMessage }
func isAck(st wire.Stanza) bool     { return st.Name().Local == "a" }
func isError(st wire.Stanza) bool   { return st.Type() == "error" }

// message sends a message, of type groupchat to a room.
func message(c *xmpptest.Client, to, id string) {
	typ := "chat"
	if wire.MustAddr(to).Domain() != xmpptest.Host {
		typ = "groupchat"
	}
	c.Send(`<message type="` + typ + `" to="` + to + `" id="` + id + `"><body>` + id + `</body></message>`)
}

// h asks what the server has handled.
func h(c *xmpptest.Client) int {
	c.Send(`<r xmlns="urn:xmpp:sm:3"/>`)
	n, _ := strconv.Atoi(until(c, isAck).Attr("h"))
	return n
}

// recipients are a room and a person, both with bob behind them.
var recipients = []string{lobby, "bob@" + xmpptest.Host}

// Nobody sees a message, and its sender no acknowledgement, before the commit; after it both come, in that order.
func TestNothingBeforeTheCommit(t *testing.T) {
	for _, to := range recipients {
		t.Run(to, func(t *testing.T) {
			s, store := faulty(t)
			alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), enter(s, "bob@"+xmpptest.Host, lobby)
			before := h(alice)
			waiting, release := store.HoldAppend()
			defer release()
			message(alice, to, "m1")
			<-waiting
			if n := h(alice); n != before {
				t.Errorf("h is %d before the commit, %d before the message", n, before)
			}
			for _, st := range bob.Barrier() {
				if isMessage(st) {
					t.Errorf("bob sees it before the commit: %s", st.Append(nil))
				}
			}
			release()
			reflected := to != lobby
			for st := alice.Recv(); ; st = alice.Recv() {
				reflected = reflected || isMessage(st) && st.ID() == "m1"
				if isAck(st) {
					break
				}
			}
			if !reflected {
				t.Error("acknowledged before the reflection")
			}
			if n := h(alice); n != before+1 {
				t.Errorf("h is %d after it, %d before", n, before)
			}
			if st := until(bob, isMessage); st.ID() != "m1" {
				t.Errorf("bob got %s", st.Append(nil))
			}
			owner := wire.MustAddr(to)
			if rows, err := store.Page(t.Context(), storage.Query{Owner: owner, Limit: 9}); len(rows) != 1 {
				t.Errorf("%d rows of %s: %v", len(rows), owner, err)
			}
		})
	}
}

// A commit that fails is an error to the sender; h moves on, and so does what follows.
func TestFailedCommit(t *testing.T) {
	for _, to := range recipients {
		t.Run(to, func(t *testing.T) {
			s, store := faulty(t)
			alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), enter(s, "bob@"+xmpptest.Host, lobby)
			before := h(alice)
			store.FailAppend(1, nil)
			message(alice, to, "m1")
			if st := until(alice, isError); st.ID() != "m1" || !has(st, "wait", "internal-server-error") {
				t.Errorf("%s", st.Append(nil))
			}
			message(alice, to, "m2")
			if st := until(bob, isMessage); st.ID() != "m2" {
				t.Errorf("bob got %s", st.Append(nil))
			}
			alice.Barrier()
			if n := h(alice); n != before+3 { // two messages and the barrier
				t.Errorf("h is %d, was %d", n, before)
			}
		})
	}
}

// has reports whether st carries an error.
func has(st wire.Stanza, typ, condition string) bool {
	e, _ := st.Kid("jabber:client", "error")
	if e.Attr("type") == "" {
		e, _ = st.Kid("", "error")
	}
	_, ok := e.Kid("urn:ietf:params:xml:ns:xmpp-stanzas", condition)
	return ok && e.Attr("type") == typ
}

// A room refuses what the archive's queue does not take.
func TestFullQueueRefusesInRooms(t *testing.T) {
	s, store := faulty(t, func(c *config.Config) { c.Archive.QueueRows = 2 })
	alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), enter(s, "bob@"+xmpptest.Host, "other@conference."+xmpptest.Host)
	bob.Send(`<iq type="set" id="c" to="other@conference.` + xmpptest.Host + `"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"/></query></iq>`)
	bob.Barrier()
	waiting, release := store.HoldAppend()
	defer release()
	message(alice, lobby, "m1")
	<-waiting
	message(alice, lobby, "m2")
	for s.Held() < 2 {
		runtime.Gosched() // until the room has queued it: then there is no place left
	}
	message(bob, "other@conference."+xmpptest.Host, "m3")
	if st := until(bob, isError); st.ID() != "m3" || !has(st, "wait", "resource-constraint") {
		t.Errorf("%s", st.Append(nil))
	}
	release()
	for i := range 2 {
		if st := until(alice, isMessage); st.ID() != fmt.Sprint("m", i+1) {
			t.Errorf("%s", st.Append(nil))
		}
	}
}

// A stream of one-to-one messages is not read beyond its bound while the archive is slow, and loses none.
func TestFullQueueStopsReading(t *testing.T) {
	const inFlight, sent = 4, 60
	s, store := faulty(t, func(c *config.Config) { c.Archive.QueueRows, c.Limits.InFlight = 2, inFlight })
	alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), enter(s, "bob@"+xmpptest.Host, lobby)
	before := h(alice)
	waiting, release := store.HoldAppend()
	defer release()
	for i := range sent {
		message(alice, "bob@"+xmpptest.Host, fmt.Sprint("m", i))
	}
	alice.Send(`<r xmlns="urn:xmpp:sm:3"/>`)
	<-waiting
	bob.Barrier()
	release()
	// Had the reader gone on, <r/> would have been answered with what was handled then: nothing.
	if n, _ := strconv.Atoi(until(alice, isAck).Attr("h")); n < before+sent-inFlight {
		t.Errorf("<r/> was read when %d of %d messages were handled", n-before, sent)
	}
	for i := range sent {
		if st := until(bob, isMessage); st.ID() != fmt.Sprint("m", i) {
			t.Fatalf("%s instead of message %d", st.Append(nil), i)
		}
	}
}

// A message waits for its recipient, online or not, until the recipient has it: by XEP-0198's <a/>, else by the socket.
func TestMarksAreCleared(t *testing.T) {
	for _, sm := range []bool{true, false} {
		t.Run(fmt.Sprint("acks ", sm), func(t *testing.T) {
			s, store := faulty(t)
			alice, bob := s.Online("alice@"+xmpptest.Host), s.Online("bob@"+xmpptest.Host)
			if sm {
				bob.Send(`<enable xmlns="urn:xmpp:sm:3"/>`)
				bob.Recv()
			}
			waiting := func() int {
				n, err := store.CountUndelivered(t.Context(), bob.Addr.Bare(), 9)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			message(alice, bob.Addr.Bare().String(), "m1")
			until(bob, isMessage)
			if n := waiting(); sm && n != 1 {
				t.Errorf("%d wait before the ack", n)
			}
			if sm {
				bob.Send(`<a xmlns="urn:xmpp:sm:3" h="1"/>`)
			}
			bob.Barrier()
			message(alice, "alice@"+xmpptest.Host, "m2") // its batch takes the mark along
			until(alice, isMessage)
			if n := waiting(); n != 0 {
				t.Errorf("%d wait after it", n)
			}
		})
	}
}
