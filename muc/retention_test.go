package muc_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

const keepField = "{https://salon.im/muc}keep"

// keepFor submits the owner's choice.
func (p *person) keepFor(v string) []string {
	p.w.t.Helper()
	p.say(`<iq type='set' id='cfg' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>` +
		`<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>` +
		`<field var='` + keepField + `'><value>` + v + `</value></field></x></query></iq>`)
	return p.sync()
}

func hours(n string) string {
	return `<field var="data_retention" type="text-single"><value>` + n + `</value>`
}

// An owner chooses how long the room keeps its messages, the service how long that may be.
func TestKeepField(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.cfg.Archive.KeepRooms = config.Keep(30 * 24 * time.Hour)
		w.cfg.Archive.NeverMoreThan = config.Keep(90 * 24 * time.Hour)
	})
	room := wire.MustAddr(roomJID)
	kept := func(want string) {
		t.Helper()
		if k, err := w.muc.Keep(t.Context(), room); err != nil || k.String() != want {
			t.Errorf("kept for %v (%v), want %s", k, err, want)
		}
	}
	kept("30d")
	anna := w.dial("anna")
	anna.instant("A")
	w.want(anna.ask(roomJID, info), `urn:xmpp:data-policy:0`, hours("720"))
	anna.say(`<iq type='get' id='f' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>`)
	form := anna.sync()
	w.want(form, keepField, `<value>default</value>`, `<value>90d</value>`)
	w.wantNot(form, `<value>1y</value>`) // it is over the ceiling

	w.want(anna.keepFor("1w"), `type="result"`)
	w.want(anna.ask(roomJID, info), hours("168"))
	kept("1w") // while it is temporary, only the room itself knows
	for _, bad := range []string{"0d", "1m", "soon", "-1d", "91d", "forever"} {
		w.want(anna.keepFor(bad), `type="error"`, `not-acceptable`)
	}
	w.want(anna.keepFor("90d"), `type="result"`) // more than keep_rooms, which is a default
	w.want(anna.configure("persistentroom=1"), `type="result"`)
	w.restart()
	kept("90d") // from the store
	w.reconfigure(func(c *config.Config) { c.Archive.NeverMoreThan = config.Keep(24 * time.Hour) })
	kept("1d") // a ceiling that was lowered holds for what was chosen before

	anna = w.dial("anna")
	anna.enter("A")
	kept("1d")
	w.want(anna.keepFor("90d"), `type="result"`) // a form that is sent back as it came is no fault
	w.want(anna.keepFor("default"), `type="result"`)
	kept("1d")
	w.reconfigure(func(c *config.Config) { c.Archive.NeverMoreThan = config.Forever })
	kept("30d")
}

// What is older than the room keeps is not shown to who enters, before the keeper has come by.
func TestHistoryBoundByKeep(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	w.want(anna.keepFor("2d"), `type="result"`)
	anna.talk("early")
	anna.sync()
	history := func(max string) string {
		t.Helper()
		ben.say(`<presence to='` + roomJID + `/B'><x xmlns='http://jabber.org/protocol/muc'>` + max + `</x></presence>`)
		got := strings.Join(bodies(ben.sync()), " ")
		ben.say(`<presence type='unavailable' to='` + roomJID + `/B'/>`)
		ben.sync()
		return got
	}
	ahead.Store(int64(47 * time.Hour))
	if got := history(""); got != "early" {
		t.Errorf("within the time: %q", got)
	}
	ahead.Store(int64(49 * time.Hour))
	for _, ask := range []string{"", `<history maxstanzas='10'/>`, `<history since='2025-01-01T00:00:00Z'/>`, `<history seconds='99999999'/>`} {
		if got := history(ask); got != "" {
			t.Errorf("%s: %q is shown", ask, got)
		}
	}
}
