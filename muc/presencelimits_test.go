package muc_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

func (p *person) show(nick, show string) {
	p.w.t.Helper()
	p.say(`<presence to='` + roomJID + `/` + nick + `'><show>` + show + `</show></presence>`)
	p.w.want(p.sync(), `<show>`+show, `code="110"`, `/`+nick+`"`)
}

// XEP-0045 §14.6: a change comes at once if the last one is long enough ago, else at the end of the interval, and then the last one
// alone. At the bound of the occupants all come at once, one more and they do not.
func TestPresenceInterval(t *testing.T) {
	w, ahead := clocked(t)
	w.reconfigure(func(c *config.Config) { c.Rooms.PresenceInterval, c.Rooms.PresenceIntervalOver = 10*time.Second, 2 })
	anna, ben, carl := w.dial("anna"), w.dial("ben"), w.dial("carl")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	for _, s := range []string{"away", "xa", "dnd"} {
		ben.show("B", s)
		w.want(anna.sync(), "<show>"+s)
	}
	carl.enter("C")
	anna.sync()
	ben.show("B", "away")
	ben.show("B", "xa")
	w.wantNot(anna.sync(), "<show>")
	ahead.Store(int64(10*time.Second - 1))
	w.wantNot(anna.sync(), "<show>")
	ahead.Store(int64(10 * time.Second))
	carl.sync() // any event will do
	got := anna.sync()
	w.want(got, "<show>xa", `/B"`)
	w.wantNot(got, "<show>away")
	ben.show("B", "dnd")
	w.wantNot(anna.sync(), "<show>")
	ahead.Store(int64(21 * time.Second))
	carl.sync()
	w.want(anna.sync(), "<show>dnd")
	ahead.Store(int64(31 * time.Second))
	ben.show("B", "chat") // ten seconds later to the moment
	w.want(anna.sync(), "<show>chat")
	ahead.Store(int64(time.Hour))
	carl.sync()
	w.wantNot(anna.sync(), "<show>")
}

// It is told when it is time, also where nothing else happens in the room and after it was parked.
func TestLatePresenceIsTold(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		w.cfg.Rooms.ParkAfter = time.Millisecond
		w.cfg.Rooms.PresenceInterval, w.cfg.Rooms.PresenceIntervalOver = time.Hour, 0
	})
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	ahead.Store(int64(time.Hour - 200*time.Millisecond))
	ben.show("B", "away")
	ben.show("B", "xa")
	anna.waitFor("<show>xa", `/B"`)
}

// Another device of the same account is no occupant who enters or leaves: it changes what the others see, and no more often.
func TestPresenceIntervalOfDevices(t *testing.T) {
	w, ahead := clocked(t)
	w.reconfigure(func(c *config.Config) { c.Rooms.PresenceInterval, c.Rooms.PresenceIntervalOver = 10*time.Second, 0 })
	anna, ben, pad := w.dial("anna"), w.dial("ben"), w.dial("ben/pad")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	for range 3 {
		pad.enter("B")
		pad.show("B", "xa")
		ben.enter("B")
		pad.leave("B")
	}
	pad.enter("B")
	w.wantNot(anna.sync(), `/B"`)
	ahead.Store(int64(10 * time.Second))
	ben.sync()
	w.want(anna.sync(), `/B"`, `jid="ben@example.test/pad"`)
}

// An owner has it told less often than the service does, not more.
func TestPresenceIntervalOfRoom(t *testing.T) {
	w, ahead := clocked(t)
	w.reconfigure(func(c *config.Config) { c.Rooms.PresenceInterval, c.Rooms.PresenceIntervalOver = 10*time.Second, 0 })
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	for i, c := range []struct {
		value string
		after time.Duration
	}{
		0: {"5", 10 * time.Second}, 1: {"60", time.Minute}, 2: {"86400", 24 * time.Hour}, 3: {"default", 10 * time.Second},
	} {
		w.want(anna.raid("presence_interval="+c.value), `type="result"`)
		ahead.Add(int64(48 * time.Hour))
		ben.show("B", "dnd")
		w.want(anna.sync(), "<show>dnd")
		ben.show("B", fmt.Sprint("s", i))
		ahead.Add(int64(c.after) - 1)
		ben.sync()
		w.wantNot(anna.sync(), "<show>")
		ahead.Add(1)
		ben.sync()
		w.want(anna.sync(), fmt.Sprint("<show>s", i))
	}
	for _, bad := range []string{"0", "86401", "-1", "", "1.5"} {
		w.want(anna.raid("presence_interval="+bad), `type="error"`, "not-acceptable")
	}
}

// Nothing is kept of who has left before the others were told.
func TestLatePresencesBound(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Rooms.PresenceChangesMax = 0 })
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	late := func() int {
		t.Helper()
		n, err := w.muc.Late(t.Context(), wire.MustAddr(roomJID))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 50 {
		ben.enter("B")
		ben.show("B", "away")
		if n := late(); n != 1 {
			t.Fatalf("%d: %d are late", i, n)
		}
		ben.leave("B")
	}
	if n := late(); n != 0 {
		t.Errorf("%d are late of who has left", n)
	}
}
