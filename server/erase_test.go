package server_test

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/internal/xmpptest"
	rooms "salon.im/salon/muc"
	"salon.im/salon/server"
	"salon.im/salon/wire"
)

// history enters a room and returns the messages that it shows, by `who: what`.
func history(c *xmpptest.Client, room string) (out []string) {
	c.Send(`<presence to="` + room + `/` + c.Addr.Local() + `"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="50"/></x></presence>`)
	for {
		st := c.Recv()
		switch {
		case st.Has("", "subject"):
			return out
		case isMessage(st):
			k, _ := st.Kid("", "body")
			out = append(out, st.From().Resource()+": "+k.Text())
		}
	}
}

// occupantID returns the id of an occupant's stanza (XEP-0421).
func occupantID(t *testing.T, st wire.Stanza) string {
	t.Helper()
	k, ok := st.Kid("urn:xmpp:occupant-id:0", "occupant-id")
	if !ok || k.Attr("id") == "" {
		t.Fatal("there is no occupant-id")
	}
	return k.Attr("id")
}

var erasedNick = regexp.MustCompile(`erased-[0-9a-f]{8}`)

// masked puts one word in the place of a pseudonym.
func masked(s string) string { return erasedNick.ReplaceAllString(s, "SOMEBODY") }

// A person who is erased leaves the rooms, whose history keeps what was said and not who said it: live, in the archive, and
// after a restart.
func TestEraseInLiveRooms(t *testing.T) {
	s := xmpptest.Start(t)
	temporary := "talk@conference." + xmpptest.Host
	bob := enter(s, "bob@"+xmpptest.Host+"/b", lobby)
	alice := s.Online("alice@" + xmpptest.Host + "/phone")
	for _, room := range []string{lobby, temporary} {
		history(alice, room)
	}
	alice.Send(`<iq type="set" id="c" to="` + temporary + `"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"/></query></iq>`)
	until(alice, func(st wire.Stanza) bool { return st.ID() == "c" })
	history(bob, temporary)
	message(alice, lobby, "first")
	ids := []string{occupantID(t, until(bob, isMessage))}
	message(bob, lobby, "second")
	bob.Barrier()
	message(alice, temporary, "third")
	ids = append(ids, occupantID(t, until(bob, func(st wire.Stanza) bool { return st.Has("", "body") && st.From().Bare().String() == temporary })))
	message(alice, lobby, "last")
	alice.Barrier()

	report, err := s.Admin().EraseUser(t.Context(), alice.Addr.Bare(), false)
	if want := (control.EraseReport{Account: true, Rooms: 2, Messages: 3}); err != nil || report != want {
		t.Errorf("got %+v, %v", report, err)
	}
	until(alice, func(st wire.Stanza) bool { return st.Name().Local == "error" })
	check := func(when string, who *xmpptest.Client, room, want string) {
		t.Helper()
		who.Send(`<presence type="unavailable" to="` + room + `/` + who.Addr.Local() + `"/>`)
		who.Barrier()
		if got := masked(strings.Join(history(who, room), "|")); got != want {
			t.Errorf("%s: %s shows %q, want %q", when, room, got, want)
		}
		archived := asks(who, room, "")
		if got := bodies(archived); got != regexp.MustCompile(`\w+: `).ReplaceAllString(want, "") {
			t.Errorf("%s: the archive of %s has %q", when, room, got)
		}
		for _, st := range archived {
			if strings.Contains(st, "alice") || strings.Contains(st, ids[0]) || strings.Contains(st, ids[1]) {
				t.Errorf("%s: %s", when, st)
			}
		}
	}
	const said = "SOMEBODY: first|bob: second|SOMEBODY: last"
	check("live", s.Online("carol@"+xmpptest.Host+"/c"), lobby, said)
	check("live", s.Online("dora@"+xmpptest.Host+"/d"), temporary, "SOMEBODY: third")
	message(bob, lobby, "later")
	bob.Barrier()
	check("with what came later", bob, lobby, said+"|bob: later")
	s.Restart()
	check("after a restart", s.Online("carol@"+xmpptest.Host+"/c"), lobby, said+"|bob: later")
	if err := s.Admin().AddUser(t.Context(), alice.Addr.Bare(), "another alice"); err != nil {
		t.Errorf("the name is not free: %v", err)
	}
}

// What is said while the erasure runs is erased too.
func TestEraseOfWhoGoesOnTalking(t *testing.T) {
	s, store := faulty(t)
	bob, alice := enter(s, "bob@"+xmpptest.Host+"/b", lobby), enter(s, "alice@"+xmpptest.Host+"/a", lobby)
	message(alice, lobby, "m0")
	until(bob, isMessage)
	waiting, release := store.HoldAppend()
	defer release()
	message(alice, lobby, "m1") // its commit comes after the erasure has begun
	<-waiting
	ended := make(chan error, 1)
	go func() {
		_, err := s.Admin().EraseUser(t.Context(), alice.Addr.Bare(), false)
		ended <- err
	}()
	release()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := masked(strings.Join(history(s.Online("carol@"+xmpptest.Host+"/c"), lobby), "|")); got != "SOMEBODY: m0|SOMEBODY: m1" {
		t.Errorf("the room shows %q", got)
	}
}

// What works on the store without a server finds the ids that a server gave out; where none has been it makes no secret.
func TestOccupantKey(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	if key, err := server.OccupantKey(cfg); key != nil || err != nil {
		t.Errorf("before the first start: %x, %v", key, err)
	}
	if _, err := os.Stat(cfg.SecretKeyPath()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a secret was made: %v", err)
	}
	s := xmpptest.Start(t)
	alice := s.Online("alice@" + xmpptest.Host + "/phone")
	alice.Send(`<presence to="` + lobby + `/A"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	got := occupantID(t, until(alice, func(st wire.Stanza) bool { return st.From().Bare().String() == lobby }))
	key, err := server.OccupantKey(s.Cfg)
	if want := rooms.OccupantID(key, wire.MustAddr(lobby), alice.Addr.Bare()); err != nil || got != want {
		t.Errorf("the room says %s, not %s: %v", got, want, err)
	}
	if err := os.WriteFile(s.Cfg.SecretKeyPath(), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := server.OccupantKey(s.Cfg); key != nil || err == nil {
		t.Errorf("with a damaged secret: %x", key)
	}
}

// Rooms forget who removes the account in band (XEP-0077 §3.2), also those that are not in memory.
func TestRemovedInBand(t *testing.T) {
	s := xmpptest.Start(t)
	room := "team@conference." + xmpptest.Host
	alice := wire.MustAddr("alice@" + xmpptest.Host)
	contact := []rooms.Field{{Name: "contact", Values: []string{alice.String()}}}
	if _, err := s.Admin().CreateRoom(t.Context(), room, control.NewRoom{Fields: contact}); err != nil {
		t.Fatal(err)
	}
	named := func() bool {
		t.Helper()
		shown, err := s.Admin().ShowRoom(t.Context(), room)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(shown.Settings, func(f rooms.Setting) bool { return slices.Contains(f.Values, alice.String()) })
	}
	if !named() {
		t.Fatal("there is no contact")
	}
	s.Restart()
	c := s.Online(alice.String() + "/x")
	c.Send(`<iq type="set" id="x"><query xmlns="jabber:iq:register"><remove/></query></iq>`)
	until(c, func(st wire.Stanza) bool { return st.ID() == "x" })
	if named() {
		t.Error("the room names who is gone")
	}
}
