package muc_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// bodies returns the bodies of the messages of the history among got.
func bodies(got []string) []string {
	var out []string
	for _, s := range got {
		if _, b, ok := strings.Cut(s, "<body>"); ok && strings.Contains(s, "<delay") {
			b, _, _ = strings.Cut(b, "</body>")
			out = append(out, b)
		}
	}
	return out
}

// XEP-0045 §7.2.14: the limits, alone and together.
func TestHistoryLimits(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	for i := range 30 {
		anna.talk(fmt.Sprint("m", i))
	}
	first := anna.sync()
	size := len([]rune(first[len(first)-1])) // the last message as anna had it
	for i, c := range []struct {
		history string
		n       int
	}{
		0: {``, 20},
		1: {`<history/>`, 30},
		2: {`<history maxstanzas='0'/>`, 0},
		3: {`<history maxchars='0'/>`, 0},
		4: {`<history maxstanzas='3'/>`, 3},
		5: {`<history maxstanzas='1000'/>`, 30},
		6: {`<history seconds='600' maxstanzas='4'/>`, 4},
		7: {`<history since='` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `'/>`, 0},
		8: {`<history since='1970-01-01T00:00:00Z'/>`, 30},
		9: {fmt.Sprintf(`<history maxchars='%d'/>`, 3*(size+150)), 3},
	} {
		p := w.dial(fmt.Sprint("p", i))
		p.say(fmt.Sprintf(`<presence to='%s/P%d'><x xmlns='http://jabber.org/protocol/muc'>%s</x></presence>`, roomJID, i, c.history))
		got := bodies(p.sync())
		if len(got) != c.n || c.n > 0 && got[c.n-1] != "m29" {
			t.Errorf("%d: %s: %q", i, c.history, got)
		}
	}
}

// §7.2.14: seconds count from now.
func TestHistorySeconds(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.talk("old")
	anna.sync()
	ahead.Store(int64(time.Hour))
	ben.say(`<presence to='` + roomJID + `/B'><x xmlns='http://jabber.org/protocol/muc'><history seconds='60'/></x></presence>`)
	if got := bodies(ben.sync()); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

// A persistent room has its history, its subject and every setting after a restart.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	fields := []string{"roomname=The hall", "roomdesc=All of us", "lang=en", "publicroom=0", "persistentroom=1",
		"passwordprotectedroom=1", "roomsecret=sesame", "membersonly=1", "moderatedroom=1", "maxusers=50", "whois=anyone",
		"changesubject=1", "allowinvites=1", "allowpm=participants"}
	w.want(anna.configure(fields...), `type="result"`)
	anna.affiliate("ben@"+host, "member")
	anna.affiliate("eve@"+host, "outcast")
	anna.say(`<message type='groupchat' to='` + roomJID + `'><subject>Tea</subject></message>`)
	anna.talk("remember")
	live := anna.waitFor(`<body>remember</body>`)
	w.restart()

	anna, ben := w.dial("anna"), w.dial("ben")
	got := anna.enter("A")
	w.want(got, `code="110"`, `affiliation="owner"`, `code="100"`)
	w.want(got, `<subject>Tea</subject>`, `<delay`, `from="`+roomJID+`/A"`)
	i := index(got, `<body>remember</body>`, `<delay`)
	if i < 0 || stanzaID(got[i]) == "" || stanzaID(got[i]) != stanzaID(live) {
		t.Errorf("history %q, live %s", got, live)
	}
	anna.say(`<iq type='get' id='f' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>`)
	form := anna.sync()
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		w.want(form, `var="muc#roomconfig_`+name+`"`, `<value>`+value+`</value>`)
	}
	ben.say(`<presence to='` + roomJID + `/B'>` + passwordX("sesame") + `</presence>`)
	w.want(ben.sync(), `code="110"`, `affiliation="member"`)
	w.want(anna.adminGet(`<item affiliation='outcast'/>`), `eve@example.test`)
	anna.say(`<message type='groupchat' to='` + roomJID + `'><subject>x</subject></message>`)
	rec, err := w.store.Room(w.ctx, wire.MustAddr(roomJID))
	if err != nil || strings.Contains(string(rec.Config), "sesame") {
		t.Errorf("%v: the password lies open in %s", err, rec.Config)
	}
}

func stanzaID(s string) string {
	_, s, _ = strings.Cut(s, "<stanza-id")
	_, s, _ = strings.Cut(s, ` id="`)
	s, _, _ = strings.Cut(s, `"`)
	return s
}

// A temporary room's messages end with it: who makes a room of that name later does not read them.
func TestTemporaryRoomLeavesNothing(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	anna.talk("secret")
	anna.sync()
	w.router.Unbind(w.ctx, anna.res)
	eve := w.dial("eve")
	got := eve.enter("E")
	w.want(got, `code="201"`)
	w.wantNot(got, `secret`)
	if rows, err := w.store.Page(w.ctx, storage.Query{Owner: wire.MustAddr(roomJID), Limit: 1}); err != nil || len(rows) > 0 {
		t.Error(rows, err)
	}
}

// A client that sends again what it is not sure of is heard once (XEP-0359 §3.1).
func TestResend(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	m := `<message type='groupchat' to='` + roomJID + `'><body>once</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>`
	anna.say(m)
	anna.say(m)
	w.want(anna.sync(), `<origin-id`) // kept in the reflection
	n := 0
	for _, s := range ben.sync() {
		if strings.Contains(s, "once") {
			n++
		}
	}
	if n != 1 {
		t.Error("heard", n, "times")
	}
}

// failing is an archive that fails on demand.
type failing struct {
	muc.Writer
	full, broken atomic.Bool
}

func (f *failing) TryAppend(rows []storage.Row, done func(archive.Result), rewrites ...storage.Rewrite) error {
	switch {
	case f.full.Load():
		return archive.ErrFull
	case f.broken.Load():
		go done(archive.Result{Err: archive.ErrUnavailable})
		return nil
	}
	return f.Writer.TryAppend(rows, done, rewrites...)
}

// What the archive does not take is not sent, and its sender is told.
func TestArchiveFails(t *testing.T) {
	f := new(failing)
	w, anna, ben, _ := three(t, func(w *world) { f.Writer = w.queue; w.queue = f })
	f.broken.Store(true)
	anna.talk("lost")
	w.want(anna.sync(), `type="error"`, `internal-server-error`, `type="wait"`)
	f.full.Store(true)
	anna.talk("lost too")
	w.want(anna.sync(), `type="error"`, `resource-constraint`, `type="wait"`)
	w.wantNot(ben.sync(), `lost`)
	f.full.Store(false)
	f.broken.Store(false)
	anna.talk("fine again")
	anna.sync()
	w.want(ben.sync(), `fine again`)
}

// The messages at hand are bounded in bytes, too.
func TestHistoryBytes(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	big := strings.Repeat("x", muc.HistoryBytes/4)
	for range 6 {
		anna.talk(big)
	}
	anna.sync()
	if n := len(bodies(w.dial("ben").enter("B"))); n != 3 {
		t.Error("history of", n)
	}
}

// The history may be longer than a page of the archive, and is read back whole.
func TestLongHistoryIsReadBack(t *testing.T) {
	const n = 2*archive.MaxPage + 50
	w := newWorld(t, func(w *world) { w.cfg.Rooms.HistoryMax = n - 10 })
	anna := w.dial("anna")
	anna.enter("A")
	anna.configure("persistentroom=1")
	for i := range n {
		anna.talk(fmt.Sprint("m", i))
	}
	anna.sync()
	w.restart()
	ben := w.dial("ben")
	ben.say(`<presence to='` + roomJID + `/B'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='10000'/></x></presence>`)
	got := bodies(ben.sync())
	if len(got) != n-10 {
		t.Fatalf("%d messages of the history", len(got))
	}
	for i, b := range got {
		if b != fmt.Sprint("m", i+10) {
			t.Fatalf("message %d is %s", i, b)
		}
	}
}
