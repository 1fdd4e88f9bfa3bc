package muc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// traces has the room name ben wherever its settings can: as who wears a hat, who issued a token, who is a contact, whose voice was
// taken, and in the log of versions. Unless ben stays an admin, the lists have nothing of ben any more in the end.
func traces(t *testing.T, w *world, stays bool) {
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.configure("persistentroom=1", "membersonly=0")
	anna.say(`<iq type='set' id='contact' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>` +
		`<field var='{https://salon.im/muc}contact'><value>ben@` + host + `</value><value>big-ben@` + host + `</value></field></x></query></iq>`)
	anna.follow("A", "")
	ben.enter("B")
	anna.affiliate("ben@"+host+"' nick='Benny", "admin")
	anna.hatCommand("create", "title=Teacher", "uri=urn:x:t")
	w.want(anna.hatCommand("assign", "jid=ben@"+host, "uri=urn:x:t"), `status="completed"`)
	if ben.token("") == "" {
		t.Fatal("no token")
	}
	if stays {
		return
	}
	anna.affiliate("ben@"+host, "none")
	anna.role("B", "visitor")
	anna.affiliate("dora@"+host, "member")

}

func (w *world) config() string {
	w.t.Helper()
	rec, err := w.store.Room(w.ctx, wire.MustAddr(roomJID))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(rec.Config)
}

// What a room keeps of an account that is deleted goes from the store, whether the room is in memory or not; what it keeps of others
// stays.
func TestForgetStored(t *testing.T) {
	ben := wire.MustAddr("ben@" + host)
	for i := range 4 {
		parked, stays := i&1 != 0, i&2 != 0
		w := newWorld(t)
		traces(t, w, stays)
		parts := []string{`"contact":["ben@`, `"log":[`, `"voices":[{"a":"ben@`}
		if stays {
			parts = []string{`"worn":{"ben@`, `"by":"ben@`}
		}
		for _, part := range parts {
			if before := w.config(); !strings.Contains(before, part) {
				t.Fatalf("there is no %s in %s", part, before)
			}
		}
		if parked {
			w.stop()
		}
		none := []storage.Affiliation{{Addr: ben, Value: "none"}} // as the end of the account does
		if err := w.store.PutAffiliations(w.ctx, wire.MustAddr(roomJID), none); err != nil {
			t.Fatal(err)
		}
		if parked {
			w.start()
		} else {
			w.muc.Forget(ben)
		}
		if err := w.muc.ForgetStored(t.Context(), ben); err != nil {
			t.Fatal(err)
		}
		if got := w.config(); strings.Contains(got, `"ben@`) || !strings.Contains(got, `"big-ben@`) || !strings.Contains(got, "Teacher") {
			t.Errorf("parked %v, an admin %v: %s", parked, stays, got)
		}
		w.want(w.dial("ben/new").enter("Bob"), `role="participant"`, `affiliation="none"`, `/Bob"`)
	}
}

// It is not said to be done while the store does not take it, and can be tried again.
func TestForgetStoredFails(t *testing.T) {
	b := new(brittle)
	w := newWorld(t, func(w *world) { b.Rooms = w.rooms; w.rooms = b })
	traces(t, w, false)
	w.restart()
	b.broken.Store(true)
	ben := wire.MustAddr("ben@" + host)
	if err := w.muc.ForgetStored(t.Context(), ben); err == nil {
		t.Error("no error")
	}
	b.broken.Store(false)
	if err := w.muc.ForgetStored(t.Context(), ben); err != nil || strings.Contains(w.config(), `"ben@`) {
		t.Errorf("%v: %s", err, w.config())
	}
	w.stop()
	if err := w.muc.ForgetStored(t.Context(), wire.MustAddr("big-ben@"+host)); err == nil {
		t.Error("no error after the end")
	}
	w.start()
}

// All pages of rooms are gone through.
func TestForgetStoredInMany(t *testing.T) {
	w := newWorld(t)
	ben := wire.MustAddr("ben@" + host)
	for i := range 201 {
		addr := wire.MustAddr(fmt.Sprintf("r%d@%s", i, service))
		err := w.store.PutRoom(w.ctx, storage.Room{Addr: addr, Created: time.Now(), Config: []byte(`{"contact":["ben@` + host + `"]}`)}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.muc.ForgetStored(t.Context(), ben); err != nil {
		t.Fatal(err)
	}
	left, err := w.store.FindRooms(w.ctx, service, []byte("ben@"), wire.Addr{}, 999)
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}
