package muc_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// brittle is a store of rooms that fails on demand.
type brittle struct {
	storage.Rooms
	broken atomic.Bool
}

var errBroken = errors.New("broken")

func (b *brittle) PutRoom(ctx context.Context, r storage.Room, a []storage.Affiliation) error {
	if b.broken.Load() {
		return errBroken
	}
	return b.Rooms.PutRoom(ctx, r, a)
}

func (b *brittle) PutAffiliations(ctx context.Context, r wire.Addr, a []storage.Affiliation) error {
	if b.broken.Load() {
		return errBroken
	}
	return b.Rooms.PutAffiliations(ctx, r, a)
}

func (b *brittle) PutSubject(ctx context.Context, r wire.Addr, s storage.Subject) error {
	if b.broken.Load() {
		return errBroken
	}
	return b.Rooms.PutSubject(ctx, r, s)
}

func (b *brittle) DeleteRoom(ctx context.Context, r wire.Addr) error {
	if b.broken.Load() {
		return errBroken
	}
	return b.Rooms.DeleteRoom(ctx, r)
}

func (b *brittle) ForgetRoom(ctx context.Context, r wire.Addr) error {
	if b.broken.Load() {
		return errBroken
	}
	return b.Rooms.ForgetRoom(ctx, r)
}

func (b *brittle) Room(ctx context.Context, r wire.Addr) (storage.Room, error) {
	if b.broken.Load() {
		return storage.Room{}, errBroken
	}
	return b.Rooms.Room(ctx, r)
}

// A change that cannot be stored is refused, and nobody is told of it.
func TestStoreFails(t *testing.T) {
	b := new(brittle)
	w, anna, ben, _ := three(t, func(w *world) { b.Rooms = w.rooms; w.rooms = b })
	anna.configure("persistentroom=1")
	anna.sync()
	ben.sync()
	b.broken.Store(true)
	w.want(anna.configure("membersonly=1"), `internal-server-error`)
	w.want(anna.configure("persistentroom=0"), `internal-server-error`)
	w.want(anna.affiliate("ben@"+host, "outcast"), `internal-server-error`)
	anna.say(`<message type='groupchat' to='` + roomJID + `'><subject>Tea</subject></message>`)
	w.want(anna.sync(), `internal-server-error`)
	w.want(anna.destroy(``), `internal-server-error`)
	if got := ben.sync(); len(got) > 0 {
		t.Errorf("told of what did not happen: %q", got)
	}
	dora := w.dial("dora")
	dora.say(`<presence to='cold@` + service + `/D'>` + joinX + `</presence>`)
	w.want(dora.syncAt("cold@"+service), `internal-server-error`)
	b.broken.Store(false)
	w.want(dora.enter("D"), `code="110"`)
	dora.say(`<presence to='cold@` + service + `/D'>` + joinX + `</presence>`)
	w.want(dora.syncAt("cold@"+service), `code="201"`)
}

func (p *person) destroy(inside string) []string {
	p.w.t.Helper()
	p.say(`<iq type='set' id='del' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy` + inside + `/></query></iq>`)
	return p.sync()
}

// XEP-0045 §10.9.
func TestDestroy(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.configure("persistentroom=1")
	w.want(ben.destroy(``), `forbidden`)
	anna.say(`<iq type='set' id='del' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'>` +
		`<destroy jid='new@` + service + `'><reason>moved</reason></destroy></query></iq>`)
	anna.waitFor(`id="del"`, `type="result"`)
	got := ben.sync()
	w.want(got, `type="unavailable"`, `/B"`, `affiliation="none"`, `role="none"`, `<destroy`, `jid="new@rooms.example.test"><reason>moved</reason>`)
	w.wantNot(got, `/A"`) // one presence for each, not one of each
	if _, err := w.store.Room(w.ctx, wire.MustAddr(roomJID)); err != storage.ErrNotFound {
		t.Error(err)
	}
	w.want(ben.enter("B"), `<gone`, `moved`) // a bookmark does not bring it back
	w.want(anna.enter("A"), `code="201"`)    // its owner does
}

// §10.1.3: who cancels the first configuration, or leaves before it, ends the room.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.enter("A")
	anna.say(`<iq type='set' id='c' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query></iq>`)
	got := anna.sync()
	w.want(got, `type="unavailable"`, `<destroy`)
	w.want(got, `id="c"`, `type="result"`)
	w.want(w.dial("ben").enter("B"), `code="201"`)
}

// §10.2: cancelling a later configuration changes nothing.
func TestCancelLater(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.say(`<iq type='set' id='c' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query></iq>`)
	w.want(anna.sync(), `id="c"`, `type="result"`)
	if got := ben.sync(); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// §10.2.1: any other change is told with 104.
func TestConfigNotice(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.configure("roomname=New")
	w.want(ben.sync(), `<message`, `type="groupchat"`, `from="`+roomJID+`"`, `<status code="104"/>`)
	w.want(ben.configure("roomname=Mine"), `forbidden`)
}

// A room that is no longer persistent goes with its last occupant.
func TestNoLongerPersistent(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	anna.configure("persistentroom=0")
	anna.say(`<presence type='unavailable' to='` + roomJID + `/A'/>`)
	anna.waitFor(`type="unavailable"`)
	w.want(w.dial("ben").enter("B"), `code="201"`)
}

func TestPerAccountOwned(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Rooms.PerAccountOwned = 1 })
	anna := w.dial("anna")
	anna.instant("A")
	w.want(anna.configure("persistentroom=1"), `type="result"`)
	const second = "second@" + service
	anna.say(`<presence to='` + second + `/A'>` + joinX + `</presence>`)
	anna.say(`<iq type='set' id='s' to='` + second + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>` +
		`<field var='muc#roomconfig_persistentroom'><value>1</value></field></x></query></iq>`)
	w.want(anna.syncAt(second), `id="s"`, `resource-constraint`)
	w.want(anna.configure("roomname=Still mine"), `type="result"`)
}

// The lobby is there from the start, open to all, and survives.
func TestLobby(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Admins = []string{"root@" + host} })
	for range 2 {
		if err := w.muc.EnsureRoom(w.ctx, "hall", "The lobby"); err != nil {
			t.Fatal(err)
		}
	}
	ben, root := w.dial("ben"), w.dial("root")
	w.want(ben.enter("B"), `code="110"`, `affiliation="none"`, `role="participant"`)
	w.want(root.enter("R"), `affiliation="owner"`)
	ben.talk("hello")
	w.want(ben.sync(), `<body>hello</body>`)
	w.restart()
	w.want(w.dial("ben").enter("B"), `<body>hello</body>`)
}

// rooms.park_after: a quiet room is forgotten, and the next stanza brings it back as it was.
func TestPark(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Rooms.ParkAfter = time.Millisecond })
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1", "roomname=Quiet")
	for i := range 50 {
		anna.say(`<presence type='unavailable' to='` + roomJID + `/A'/>`)
		if i%2 == 0 {
			for w.muc.Stats.Rooms.Load() > 0 {
				runtime.Gosched() // the room's own timer runs out
			}
		}
		got := anna.enter("A")
		w.want(got, `code="110"`, `affiliation="owner"`)
		w.wantNot(got, `code="201"`)
	}
	w.reconfigure(func(c *config.Config) { c.Rooms.ParkAfter = time.Hour })
}

// XEP-0045 §11.2: status 332, and no goroutine left.
func TestClose(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.talk("last words")
	w.stop()
	anna.waitFor(`last words`)
	ben.waitFor(`type="unavailable"`, `code="332"`, `code="110"`)
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() { // Done is a goroutine's last word, not its end
		buf := make([]byte, 1<<20)
		stacks := string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "muc.(*room).run") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a goroutine is left:", stacks)
		}
	}
	anna.talk("anybody?")
	anna.waitFor(`type="error"`, `service-unavailable`)
}

func TestKey(t *testing.T) {
	for i, key := range [][]byte{0: nil, 1: make([]byte, 5)} {
		if _, err := muc.New(muc.Options{Domain: service, Key: key}); err == nil {
			t.Error(i, "taken")
		}
	}
	for _, n := range []int{0, muc.OccupantKeyBytes - 1} {
		if _, err := muc.New(muc.Options{Domain: service, Key: make([]byte, 32), OccupantKey: make([]byte, n)}); err == nil || !strings.Contains(err.Error(), "it needs 32") {
			t.Errorf("a key of %d bytes for the occupants' ids: %v", n, err)
		}
	}
	_, err := muc.New(muc.Options{Domain: service, Key: make([]byte, 32), OccupantKey: make([]byte, muc.OccupantKeyBytes)})
	if err == nil || !strings.Contains(err.Error(), "archive.NewIDs") {
		t.Errorf("without ids: %v", err)
	}
}

// Who takes the name of a deleted account inherits nothing.
func TestForget(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.affiliate("ben@"+host, "owner")
	anna.affiliate("dora@"+host+"' nick='Dora", "admin")
	ben.sync()
	w.muc.Forget(wire.MustAddr("ben@" + host))
	w.muc.Forget(wire.MustAddr("dora@" + host))
	w.want(ben.sync(), `affiliation="none"`, `role="participant"`, `code="110"`)
	w.want(ben.configure("roomname=x"), `forbidden`)
	w.want(w.dial("eve").enter("Dora"), `code="110"`)
	w.want(anna.adminGet(`<item affiliation='admin'/>`), `<query xmlns="http://jabber.org/protocol/muc#admin"/>`)
}

// Who leaves a room that is not in memory does not wake it.
func TestLeaveSleepingRoom(t *testing.T) {
	b := new(brittle)
	w := newWorld(t, func(w *world) { b.Rooms = w.rooms; w.rooms = b })
	b.broken.Store(true) // reading it would fail, and be told
	anna := w.dial("anna")
	anna.say(`<presence type='unavailable' to='` + roomJID + `/A'/>`)
	anna.say(`<iq type='result' id='x' to='` + roomJID + `/A'/>`)
	if err := anna.flow.Quiesce(w.ctx); err != nil {
		t.Fatal(err)
	}
	if n := w.muc.Stats.Rooms.Load(); n != 0 {
		t.Error("rooms in memory:", n)
	}
}

// XEP-0045 §10.2.1: the form as it was sent, submitted, changes nothing, whatever the settings are.
func TestFormAsItIsChangesNothing(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	for i, fields := range [][]string{
		0: nil,
		1: {"persistentroom=1", "roomname=N", "roomdesc=D", "lang=de", "maxusers=50", "passwordprotectedroom=1", "roomsecret=x", "publicroom=0",
			"moderatedroom=1", "whois=anyone", "presencebroadcast=moderator", "changesubject=1", "allowinvites=1", "allowpm=none",
			"enablearchiving=0", "slow_mode_duration=7"},
	} {
		anna.configure(fields...)
		ben.enterWith("B", "x")
		anna.sync()
		anna.say(`<iq type='get' id='form' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>`)
		form := anna.waitFor(`id="form"`)
		_, form, _ = strings.Cut(form, `type="form">`)
		form, _, _ = strings.Cut(form, `</query>`)
		anna.say(`<iq type='set' id='same' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>` +
			form + `</query></iq>`)
		w.want(anna.sync(), `type="result"`, `id="same"`)
		if got := ben.sync(); has(got, `<message`, `<status`) {
			t.Errorf("%d: %q", i, got)
		}
	}
	w.want(anna.configure("roomname=Other"), `<status code="104"/>`)
}
