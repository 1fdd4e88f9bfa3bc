package muc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var hall = wire.MustAddr(roomJID)

func setting(name string, values ...string) muc.Field { return muc.Field{Name: name, Values: values} }

// listed is the whole list, read by pages.
func (w *world) listed(limit int) (all []muc.RoomInfo) {
	w.t.Helper()
	for after := (wire.Addr{}); ; {
		page, next, err := w.muc.ListRooms(w.ctx, after, limit)
		if err != nil || len(page) > limit {
			w.t.Fatal(len(page), err)
		}
		all = append(all, page...)
		if after = next; after.IsZero() {
			return all
		}
	}
}

// Rooms that are stored stay out of memory when they are listed; those in memory say who is inside, and hidden and
// temporary ones are among them.
func TestOperatorLists(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		addr := wire.MustAddr(fmt.Sprintf("r%d@%s", i, service))
		if err := w.muc.Create(w.ctx, addr, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.restart()
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.configure("publicroom=0", "enablearchiving=0")
	ben.enter("B")
	for limit := 1; limit < 10; limit++ {
		all := w.listed(limit)
		if len(all) != 8 || all[0].Addr != hall || all[0].Occupants != 2 || all[0].Public || all[0].Persistent || all[0].Archive ||
			all[7].Addr.Local() != "r6" || all[7].Occupants != 0 || !all[7].Public || !all[7].Persistent || !all[7].Archive {
			t.Errorf("by %d: %+v", limit, all)
		}
	}
	if n := w.muc.Stats.Rooms.Load(); n != 1 {
		t.Errorf("%d rooms in memory", n)
	}
}

func TestOperatorSeesRealAddresses(t *testing.T) {
	w := newWorld(t)
	w.dial("anna/one").instant("A")
	w.dial("anna/two").enter("A")
	d, err := w.muc.Describe(w.ctx, hall)
	if err != nil || len(d.Inside) != 1 || fmt.Sprint(d.Inside[0]) != "{A moderator owner [anna@example.test/one anna@example.test/two]}" {
		t.Errorf("%+v %v", d.Inside, err)
	}
	if len(d.Affiliations) != 1 || d.Affiliations[0].By != "anna@example.test" {
		t.Errorf("%+v", d.Affiliations)
	}
}

// The room's password is told to nobody, and not even its length.
func TestOperatorSeesNoPassword(t *testing.T) {
	w := newWorld(t)
	if err := w.muc.Create(w.ctx, hall, nil, []muc.Field{setting("passwordprotectedroom", "1"), setting("roomsecret", "open sesame")}); err != nil {
		t.Fatal(err)
	}
	d, err := w.muc.Describe(w.ctx, hall)
	if text := fmt.Sprintf("%+v", d); err != nil || strings.Contains(text, "sesame") || !strings.Contains(text, "roomsecret") {
		t.Error(text, err)
	}
	anna := w.dial("anna")
	w.want(anna.enter("A"), `not-authorized`)
}

// A room that waits for its owner is opened by the operator's configuration (XEP-0045 §10.1.1).
func TestOperatorUnlocks(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.enter("A")
	w.want(ben.enter("B"), `item-not-found`)
	if d, err := w.muc.Describe(w.ctx, hall); err != nil || !d.Locked {
		t.Error(d.Locked, err)
	}
	if err := w.muc.Create(w.ctx, hall, nil, nil); !errors.Is(err, muc.ErrRoomExists) {
		t.Error(err)
	}
	if err := w.muc.Configure(w.ctx, hall, []muc.Field{setting("roomname", "Hall")}); err != nil {
		t.Fatal(err)
	}
	w.want(ben.enter("B"), `code="110"`)
}

// A number out of its range is refused to the operator, who is told the range, and nothing is changed.
func TestOperatorNumbers(t *testing.T) {
	w := newWorld(t)
	if err := w.muc.Create(w.ctx, hall, nil, nil); err != nil {
		t.Fatal(err)
	}
	for field, c := range map[string]struct{ good, bad []string }{
		"slow_mode_duration":  {[]string{"0", "86400", " 7 "}, []string{"-1", "86401", "", "1h", "99999999999999999999"}},
		"raid_wait":           {[]string{"1", "86400"}, []string{"0", "86401"}},
		"muc#maxhistoryfetch": {[]string{"0", "200"}, []string{"-1", "201", "abc"}},
	} {
		for _, v := range c.good {
			if err := w.muc.Configure(w.ctx, hall, []muc.Field{setting(field, v)}); err != nil {
				t.Errorf("%s=%s: %v", field, v, err)
			}
		}
		for _, v := range c.bad {
			var refused stanza.Error
			err := w.muc.Configure(w.ctx, hall, []muc.Field{setting("roomname", "No"), setting(field, v)})
			if !errors.As(err, &refused) || !strings.Contains(refused.Text["en"], field+" takes a number from ") {
				t.Errorf("%s=%s: %v", field, v, err)
			}
		}
	}
	if d, err := w.muc.Describe(w.ctx, hall); err != nil || len(d.Settings[0].Values) > 0 {
		t.Errorf("%+v %v", d.Settings[0], err)
	}
}

// A temporary room stays while somebody is inside, whatever the operator asks of it.
func TestOperatorMakesTemporary(t *testing.T) {
	w := newWorld(t)
	if err := w.muc.Create(w.ctx, hall, nil, nil); err != nil {
		t.Fatal(err)
	}
	off := []muc.Field{setting("persistentroom", "0")}
	var refused stanza.Error
	if err := w.muc.Configure(w.ctx, hall, off); !errors.As(err, &refused) || !strings.Contains(refused.Text["en"], "would end") {
		t.Error(err)
	}
	anna := w.dial("anna")
	anna.enter("A")
	if err := w.muc.Configure(w.ctx, hall, off); err != nil {
		t.Fatal(err)
	}
	w.want(anna.sync(), `code="104"`)
	if _, err := w.store.Room(w.ctx, hall); !errors.Is(err, storage.ErrNotFound) {
		t.Error("it is stored:", err)
	}
	if all := w.listed(10); len(all) != 1 || all[0].Occupants != 1 {
		t.Errorf("%+v", all)
	}
}

// The owners of a new room are held to rooms.per_account_owned; the operator is not.
func TestOperatorCreatesWithinBounds(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.cfg.Rooms.PerAccountOwned = 1
		w.cfg.Rooms.Create = config.CreateAdmins
	})
	anna := []wire.Addr{wire.MustAddr("anna@" + host)}
	if err := w.muc.Create(w.ctx, wire.MustAddr("one@"+service), anna, nil); err != nil {
		t.Fatal(err)
	}
	var refused stanza.Error
	if err := w.muc.Create(w.ctx, hall, anna, nil); !errors.As(err, &refused) || refused.Condition != stanza.ResourceConstraint {
		t.Error(err)
	}
	if _, err := w.muc.Describe(w.ctx, hall); !errors.Is(err, muc.ErrNoRoom) {
		t.Error("a refused room is there:", err)
	}
	if err := w.muc.Create(w.ctx, hall, nil, nil); err != nil {
		t.Error(err)
	}
}

// What an earlier room left in the archive is under hold, so no new one may take its place.
func TestOperatorAndHolds(t *testing.T) {
	held := false
	w := newWorld(t, func(w *world) { w.held = func(wire.Addr) bool { return held } })
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	anna.talk("hello")
	anna.waitFor(`<body>hello</body>`)
	held = true
	if err := w.muc.Destroy(w.ctx, hall, wire.Addr{}, "", ""); !errors.Is(err, muc.ErrRoomHeld) {
		t.Error(err)
	}
	w.wantNot(anna.sync(), `<destroy`)
	if err := w.store.ForgetRoom(w.ctx, hall); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if err := w.muc.Create(w.ctx, hall, nil, nil); !errors.Is(err, muc.ErrRoomHeld) {
		t.Error(err)
	}
}

// A change that cannot be stored is told to the operator, and to nobody else; a room that cannot be read is there still.
func TestOperatorAndTheStore(t *testing.T) {
	b := new(brittle)
	w := newWorld(t, func(w *world) { b.Rooms = w.rooms; w.rooms = b })
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	b.broken.Store(true)
	for what, err := range map[string]error{
		"configure": w.muc.Configure(w.ctx, hall, []muc.Field{setting("membersonly", "1")}),
		"affiliate": w.muc.Affiliate(w.ctx, hall, wire.MustAddr("ben@"+host), "member", ""),
		"destroy":   w.muc.Destroy(w.ctx, hall, wire.Addr{}, "", ""),
		"create":    w.muc.Create(w.ctx, wire.MustAddr("new@"+service), nil, nil),
	} {
		var refused stanza.Error
		if !errors.As(err, &refused) || refused.Condition != stanza.InternalServerError {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := anna.sync(); len(got) != 0 {
		t.Errorf("told of what was not stored: %q", got)
	}
	b.broken.Store(false)
	d, err := w.muc.Describe(w.ctx, hall)
	if err != nil || d.MembersOnly || len(d.Affiliations) != 1 {
		t.Errorf("%+v %v", d, err)
	}
}

// A call gives up with its context, and is refused once the service is closed.
func TestOperatorGivesUp(t *testing.T) {
	f := &stuck{entered: make(chan struct{}), pass: make(chan struct{})}
	w := newWorld(t, func(w *world) { f.Rooms = w.rooms; w.rooms = f })
	w.dial("anna").say(`<presence to='` + roomJID + `/A'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
	<-f.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := w.muc.Kick(ctx, hall, "A", "")
	_, _, listErr := w.muc.ListRooms(ctx, wire.Addr{}, 5)
	close(f.pass)
	if !errors.Is(err, context.Canceled) || !errors.Is(listErr, context.Canceled) {
		t.Error(err, listErr)
	}
	w.stop()
	if err := w.muc.Kick(t.Context(), hall, "A", ""); !errors.Is(err, muc.ErrClosed) {
		t.Error(err)
	}
}

// panicking is a store that our mistake lies behind.
type panicking struct{ storage.Rooms }

func (panicking) PutAffiliations(context.Context, wire.Addr, []storage.Affiliation) error {
	panic("a mistake of ours")
}

// A panic in a room ends the operator's call alone.
func TestOperatorMeetsAPanic(t *testing.T) {
	w := newWorld(t, func(w *world) { w.rooms = panicking{w.rooms} })
	if err := w.muc.Create(w.ctx, hall, nil, nil); err != nil {
		t.Fatal(err)
	}
	var refused stanza.Error
	if err := w.muc.Affiliate(w.ctx, hall, wire.MustAddr("ben@"+host), "member", ""); !errors.As(err, &refused) {
		t.Error(err)
	}
	if _, err := w.muc.Describe(w.ctx, hall); err != nil {
		t.Error(err)
	}
}

// A new member of a members-only room is invited (XEP-0045 §9.5), by the service.
func TestOperatorInvites(t *testing.T) {
	w := newWorld(t)
	if err := w.muc.Create(w.ctx, hall, nil, []muc.Field{setting("membersonly", "1")}); err != nil {
		t.Fatal(err)
	}
	ben := w.dial("ben")
	w.makeAvailable(ben)
	if err := w.muc.Affiliate(w.ctx, hall, wire.MustAddr("ben@"+host), "member", ""); err != nil {
		t.Fatal(err)
	}
	ben.waitFor(`<invite from="`+service+`"`, `from="`+roomJID+`"`)
}

// An erasure forgets what the operator did for a person as well.
func TestOperatorsListsAreErased(t *testing.T) {
	w := newWorld(t)
	anna := wire.MustAddr("anna@" + host)
	if err := w.muc.Create(w.ctx, hall, []wire.Addr{anna}, nil); err != nil {
		t.Fatal(err)
	}
	w.dial("ben").enter("B")
	if err := w.muc.Erase(w.ctx, anna, archive.NewPseudonyms()); err != nil {
		t.Fatal(err)
	}
	if d, err := w.muc.Describe(w.ctx, hall); err != nil || len(d.Affiliations) != 0 {
		t.Errorf("%+v %v", d.Affiliations, err)
	}
}
