package muc_test

import (
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// afar is somebody of another domain.
type afar struct {
	w    *world
	say  func(xml string)
	sent *wan
}

// abroad makes a room with anna, and zoe of another domain.
func abroad(t *testing.T, w *world) (anna *person, zoe afar) {
	t.Helper()
	zoe = afar{w: w, sent: new(wan)}
	w.router.HandleRemote(zoe.sent)
	from := wire.MustAddr("zoe@elsewhere.test/x")
	flow := w.router.NewFlow(w.ctx, nil, nil)
	zoe.say = func(xml string) {
		flow.Accept(parse(t, xml).WithFrom(from))
		flow.Quiesce(w.ctx)
	}
	anna = w.dial("anna")
	anna.instant("A")
	zoe.say(`<presence to='` + roomJID + `/Z'>` + joinX + `</presence>`)
	anna.sync()
	zoe.sent.take()
	return anna, zoe
}

var requestID = regexp.MustCompile(`<iq [^>]*type="get"[^>]*id="([^"]*)"|<iq [^>]*id="([^"]*)"[^>]*type="get"`)

// asked returns the id of the one request that came with that payload, "" if there is none.
func (z afar) asked(payload string) (id string) {
	z.w.t.Helper()
	for _, st := range z.sent.take() {
		if m := requestID.FindStringSubmatch(st); m != nil && strings.Contains(st, payload) {
			if id != "" {
				z.w.t.Error("asked twice")
			}
			id = m[1] + m[2]
		}
	}
	return id
}

func (z afar) fails(id, condition string) {
	z.say(`<iq type='error' id='` + id + `' to='` + roomJID + `'><error type='cancel'><` + condition + ` xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`)
}

const pinged = `<ping xmlns="urn:xmpp:ping"`

// XEP-0045 §18.1.2: who says nothing for rooms.idle_ping is asked, to the moment, and who is there stays.
func TestIdlePing(t *testing.T) {
	w, ahead := clocked(t)
	anna, zoe := abroad(t, w)
	ben := w.dial("ben")
	ben.enter("B")
	after := func(d time.Duration) string {
		t.Helper()
		ahead.Add(int64(d))
		anna.sync()
		return zoe.asked(pinged)
	}
	if id := after(15*time.Minute - 1); id != "" {
		t.Error("asked too early")
	}
	id := after(1)
	if id == "" {
		t.Fatal("not asked")
	}
	zoe.say(`<iq type='result' id='` + id + `' to='` + roomJID + `'/>`)
	if after(10*time.Minute) != "" {
		t.Error("asked again too early")
	}
	zoe.say(groupchat("I am here"))
	if after(5*time.Minute) != "" {
		t.Error("asked who has just spoken")
	}
	for range 2 {
		if after(15*time.Minute) == "" {
			t.Error("not asked again where no answer came")
		}
	}
	w.wantNot(anna.sync(), `type="unavailable"`)
	w.wantNot(ben.sync(), pinged)
	w.reconfigure(func(c *config.Config) { c.Rooms.IdlePing = 0 })
	for range 2 {
		if after(24*time.Hour) != "" {
			t.Error("asked though it is off")
		}
	}
}

// What the error says decides; where it may be the client's, it is asked something else. What was not asked is not answered.
func TestIdlePingAnswers(t *testing.T) {
	const disco = `<query xmlns="http://jabber.org/protocol/disco#info"`
	for _, c := range []struct {
		first, second string
		out           bool
	}{
		{"remote-server-timeout", "", true},
		{"remote-server-not-found", "", true},
		{"item-not-found", "", true},
		{"recipient-unavailable", "", true},
		{"feature-not-implemented", "", false},
		{"forbidden", "", false},
		{"service-unavailable", "service-unavailable", true},
		{"service-unavailable", "feature-not-implemented", false},
		{"service-unavailable", "", false},
	} {
		w, ahead := clocked(t)
		anna, zoe := abroad(t, w)
		zoe.fails("guess", "gone")
		ahead.Add(int64(15 * time.Minute))
		anna.sync()
		id := zoe.asked(pinged)
		zoe.fails("guess", "gone")
		anna.say(`<iq type='error' id='` + id + `' to='` + roomJID + `'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`)
		w.wantNot(anna.sync(), `type="unavailable"`)
		zoe.fails(id, c.first)
		anna.sync()
		if c.second != "" {
			if id = zoe.asked(disco); id == "" {
				t.Errorf("%v: not asked a second time", c)
			}
			w.wantNot(anna.sync(), `type="unavailable"`)
			zoe.fails(id, c.second)
		}
		zoe.say(groupchat("am I in?"))
		zoe.fails(id, "gone") // it was answered
		if got := has(anna.sync(), "am I in?"); got == c.out {
			t.Errorf("%v: still inside: %v", c, got)
		}
	}
}

// They are asked when it is time, also where nothing else happens in the room.
func TestIdlePingComesByItself(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		w.cfg.Rooms.ParkAfter = time.Millisecond
	})
	anna, zoe := abroad(t, w)
	ahead.Store(int64(15*time.Minute - 200*time.Millisecond))
	anna.sync()
	for zoe.asked(pinged) == "" {
		runtime.Gosched()
	}
}
