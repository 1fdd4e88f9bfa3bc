package muc_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// A room in memory forgets who was erased: in its lists, in the subject, among those invited.
func TestEraseInMemory(t *testing.T) {
	for _, kind := range []string{"persistentroom=0", "persistentroom=1"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			anna, ben := w.dial("anna"), w.dial("ben")
			anna.instant("A")
			anna.configure(kind, "membersonly=1")
			anna.adminSet(`<item affiliation='owner' jid='ben@example.test'/>`)
			anna.adminSet(`<item affiliation='member' jid='carl@example.test' nick='C'/>`)
			ben.enter("B")
			anna.say(`<message type='groupchat' to='` + roomJID + `'><subject>Tea</subject></message>`)
			anna.sync()
			names, who := archive.NewPseudonyms(), wire.MustAddr("anna@"+host)
			room := wire.MustAddr(roomJID)
			if err := w.muc.Erase(t.Context(), who, names); err != nil {
				t.Fatal(err)
			}
			ben.sync()
			got := ben.adminGet(`<item affiliation='owner'/>`)
			w.want(got, `ben@example.test`)
			w.wantNot(got, `anna@example.test`)
			carl := w.dial("carl").enter("C")
			w.want(carl, `<subject>Tea</subject>`, `from="`+names.In(room).Occupant(room).String()+`"`)
			w.want(ben.adminGet(`<item affiliation='member'/>`), `carl@example.test`)
			if kind == "persistentroom=1" {
				rec, err := w.store.Room(t.Context(), room)
				if err != nil || rec.Subject.From != names.In(room).Occupant(room) || strings.Contains(string(rec.Subject.Stanza), "/A") {
					t.Errorf("stored is %+v, %v", rec.Subject, err)
				}
			}
		})
	}
}

// The room forgets whom they invited: a refusal that still comes goes nowhere.
func TestEraseInviter(t *testing.T) {
	w, _, ben, carl := three(t)
	dora := w.dial("dora")
	for _, p := range []*person{ben, dora} {
		w.makeAvailable(p)
	}
	ben.say(invitation)
	ben.say(`<presence type='unavailable' to='` + roomJID + `/B'/>`)
	dora.waitFor(`<invite`)
	if err := w.muc.Erase(t.Context(), ben.addr.Bare(), archive.NewPseudonyms()); err != nil {
		t.Fatal(err)
	}
	dora.say(`<message to='` + roomJID + `'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='ben@` + host + `'/></x></message>`)
	dora.sync()
	carl.say(strings.ReplaceAll(invitation, "dora", "ben"))
	w.wantNot(ben.upTo(`<invite`), `<decline`)
}

// It waits for each room, but not longer than it may.
func TestEraseGivesUp(t *testing.T) {
	f := &stuck{entered: make(chan struct{}), pass: make(chan struct{})}
	w := newWorld(t, func(w *world) { f.Rooms = w.rooms; w.rooms = f })
	w.dial("anna").say(`<presence to='` + roomJID + `/A'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
	<-f.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := w.muc.Erase(ctx, wire.MustAddr("anna@"+host), archive.NewPseudonyms())
	close(f.pass)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A room that archives nothing does not know whose its messages are: all go.
func TestEraseInUnarchivedRoom(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.configure("enablearchiving=0")
	anna.talk("unkept")
	anna.sync()
	if got := strings.Join(bodies(ben.enter("B")), " "); got != "unkept" {
		t.Fatalf("the room shows %q", got)
	}
	if err := w.muc.Erase(t.Context(), wire.MustAddr("anna@"+host), archive.NewPseudonyms()); err != nil {
		t.Fatal(err)
	}
	if got := bodies(w.dial("carl").enter("C")); len(got) > 0 {
		t.Errorf("the room shows %q", got)
	}
}

// stuck is a store in which reading a room takes until pass is closed.
type stuck struct {
	storage.Rooms
	once          sync.Once
	entered, pass chan struct{}
}

func (s *stuck) Room(ctx context.Context, addr wire.Addr) (storage.Room, error) {
	s.once.Do(func() { close(s.entered) })
	<-s.pass
	return s.Rooms.Room(ctx, addr)
}
