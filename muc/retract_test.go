package muc_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsRetract = "urn:xmpp:message-retract:1"

func retraction(id, of string) string {
	return `<message type='groupchat' to='` + roomJID + `' id='` + id + `'><retract xmlns='` + nsRetract + `' id='` + of + `'/></message>`
}

func moderation(id, of string) string {
	return `<iq type='set' to='` + roomJID + `' id='` + id + `'><moderate xmlns='urn:xmpp:message-moderate:1' id='` + of +
		`'><retract xmlns='` + nsRetract + `'/><reason>no</reason></moderate></iq>`
}

// idInRoom returns the room's id of the stanza that contains the parts.
func idInRoom(t *testing.T, got []string, parts ...string) string {
	t.Helper()
	i := index(got, parts...)
	if i < 0 {
		t.Fatalf("no %q in %q", parts, got)
	}
	_, id, ok := strings.Cut(got[i], `<stanza-id xmlns="urn:xmpp:sid:0" by="`+roomJID+`" id="`)
	if !ok {
		t.Fatalf("no stanza-id in %s", got[i])
	}
	id, _, _ = strings.Cut(id, `"`)
	return id
}

func (w *world) rows(owner string) []storage.Row {
	w.t.Helper()
	if err := w.writer.Barrier(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	rows, err := w.store.Page(w.ctx, storage.Query{Owner: wire.MustAddr(owner), Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// XEP-0424 §6: the author is an account, not a nick: who takes the nick over retracts nothing, and the author does from any
// session and under any nick.
func TestRetractByAccount(t *testing.T) {
	w, anna, ben, carl := three(t)
	ben.talk("secret")
	ben.sync()
	id := idInRoom(t, anna.sync(), "secret")
	ben.say(`<presence to='` + roomJID + `/Other'/>`)
	ben.sync()
	carl.say(`<presence to='` + roomJID + `/B'/>`)
	carl.sync()
	carl.say(retraction("r1", id))
	w.want(carl.sync(), `id="r1"`, `type="error"`, "forbidden")
	w.wantNot(anna.sync(), `id="r1"`)
	if rows := w.rows(roomJID); len(rows) != 1 || rows[0].Tombstone {
		t.Fatalf("%+v", rows)
	}
	phone := w.dial("ben/phone")
	phone.enter("Other")
	phone.say(retraction("r2", id))
	phone.sync()
	w.want(anna.sync(), `id="r2"`, roomJID+"/Other", `id='`+id+`'`)
	rows := w.rows(roomJID)
	if len(rows) != 2 || !rows[0].Tombstone || strings.Contains(string(rows[0].Stanza), "secret") || rows[1].Tombstone {
		t.Errorf("%+v", rows)
	}
	dora := w.dial("dora")
	got := dora.enter("D")
	w.wantNot(got, "secret")
	w.want(got, roomJID+"/B", `<retracted xmlns="`+nsRetract+`" id="r2" stamp="`, `id="`+id+`"`, "<delay")
}

// The history at hand keeps the text until the retraction is committed, and so does everyone who joins before; then nobody
// is sent it.
func TestRetractWaitsForItsCommit(t *testing.T) {
	h := new(held)
	w, anna, ben, _ := three(t, func(w *world) { h.Writer = w.queue; w.queue = h })
	ben.talk("secret")
	ben.sync()
	id := idInRoom(t, anna.sync(), "secret")
	h.mu.Lock()
	h.holding = true
	h.mu.Unlock()
	anna.say(moderation("q1", id))
	h.wait(1)
	ben.say(retraction("r1", id))
	ben.say(`<presence to='` + roomJID + `/B'><status>later</status></presence>`)
	dora := w.dial("dora")
	dora.say(`<presence to='` + roomJID + `/D'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
	h.letGo()
	got := anna.sync()
	notice, result, own := index(got, "<moderated"), index(got, `id="q1"`, `type="result"`), index(got, `id="r1"`)
	if notice < 0 || result < notice || own < result {
		t.Errorf("%d %d %d in %q", notice, result, own, got)
	}
	got = dora.sync()
	w.wantNot(got, "secret")
	w.want(got, "<retracted", "<moderated", "<delay") // the first one counts
	if rows := w.rows(roomJID); len(rows) != 3 || !strings.Contains(string(rows[0].Stanza), "<moderated") {
		t.Errorf("%+v", rows)
	}
}

// XEP-0425 §4: every role, inside and outside.
func TestWhoMayModerate(t *testing.T) {
	for i, c := range []struct{ role, want string }{
		0: {"visitor", "forbidden"}, 1: {"participant", "forbidden"}, 2: {"moderator", ""}, 3: {"none", "not-acceptable"},
	} {
		w, anna, ben, carl := three(t)
		anna.talk("secret")
		anna.sync()
		id := idInRoom(t, ben.sync(), "secret")
		anna.say(`<iq type='set' id='a' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='B' role='` + c.role + `'/></query></iq>`)
		anna.sync()
		ben.sync()
		carl.sync()
		ben.say(moderation("q1", id))
		got := ben.sync()
		if c.want == "" {
			w.want(got, `id="q1"`, `type="result"`)
			w.want(carl.sync(), "<moderated", roomJID+"/B")
		} else {
			w.want(got, `id="q1"`, `type="error"`, c.want)
			w.wantNot(carl.sync(), "<moderated")
		}
		if rows := w.rows(roomJID); rows[0].Tombstone != (c.want == "") {
			t.Errorf("%d: %+v", i, rows)
		}
	}
}

// A private message is retracted in the archives of both, by its origin-id; somebody who has the nick by then cannot.
func TestRetractPrivate(t *testing.T) {
	w, anna, ben, carl := three(t)
	private := func(p *person, id, kid string) {
		p.say(`<message type='chat' id='` + id + `' to='` + roomJID + `/A'>` + kid + `<origin-id xmlns='urn:xmpp:sid:0' id='` + id + `'/></message>`)
		p.sync()
	}
	private(ben, "p1", `<body>secret</body>`)
	ben.say(`<presence to='` + roomJID + `/Other'/>`)
	ben.sync()
	carl.say(`<presence to='` + roomJID + `/B'/>`)
	carl.sync()
	private(carl, "x1", `<retract xmlns='`+nsRetract+`' id='p1'/>`)
	if rows := w.rows("anna@" + host); rows[0].Tombstone {
		t.Fatal("retracted by another")
	}
	private(ben, "r1", `<retract xmlns='`+nsRetract+`' id='p1'/>`)
	w.want(anna.sync(), `id="r1"`, "<retract ", `by="anna@`+host+`"`)
	for _, owner := range []string{"anna@" + host, "ben@" + host} {
		row := w.rows(owner)[0]
		if s := string(row.Stanza); !row.Tombstone || strings.Contains(s, "secret") || !strings.Contains(s, `muc#user`) {
			t.Errorf("%s: %+v", owner, row)
		}
	}
	if rows := w.rows(roomJID); len(rows) != 0 {
		t.Errorf("the room has %+v", rows)
	}
}

// XEP-0424 §6.1: without an origin-id the message's id counts, corrections included, and still only the author's: not those of
// who had the nick before, nor those to others.
func TestRetractPrivateByID(t *testing.T) {
	w, anna, ben, carl := three(t)
	private := func(p *person, id, to, kid string) {
		p.say(`<message type='chat' id='` + id + `' to='` + roomJID + `/` + to + `'>` + kid + `</message>`)
		p.sync()
	}
	private(ben, "p1", "A", `<body>ben's</body>`)
	ben.say(`<presence to='` + roomJID + `/Other'/>`)
	ben.sync()
	carl.say(`<presence to='` + roomJID + `/B'/>`)
	carl.sync()
	private(carl, "p1", "Other", `<body>stays with ben</body>`)
	private(carl, "p1", "A", `<body>secret</body>`)
	private(carl, "p2", "A", `<body>secret too</body><replace xmlns='urn:xmpp:message-correct:0' id='p1'/>`)
	private(ben, "p1", "A", `<body>ben's again</body>`)
	private(carl, "r1", "A", `<retract xmlns='`+nsRetract+`' id='p1'/>`)
	w.want(anna.sync(), `id="r1"`, "<retract ")
	for owner, want := range map[string]string{
		"anna": "ben's| | |ben's again| ", "carl": "stays with ben| | | ", "ben": "ben's|stays with ben|ben's again",
	} {
		var got []string
		for _, row := range w.rows(owner + "@" + host) {
			st, err := wire.Parse(row.Stanza)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := st.Kid("", "body")
			text := body.Text()
			if row.Tombstone != (text == "" && st.ID() != "r1") {
				t.Errorf("%s: %s", owner, row.Stanza)
			}
			if text == "" {
				text = " "
			}
			got = append(got, text)
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%s has %q, not %q", owner, s, want)
		}
	}
}

// A hold keeps what a room's moderator retracted for the administrator alone.
func TestModerateUnderHold(t *testing.T) {
	w, anna, ben, _ := three(t, func(w *world) { w.held = func(a wire.Addr) bool { return a.String() == roomJID } })
	ben.talk("secret")
	ben.sync()
	anna.say(moderation("q1", idInRoom(t, anna.sync(), "secret")))
	anna.sync()
	held, err := w.store.Held(w.ctx, wire.MustAddr(roomJID), 0, 10)
	if err != nil || len(held) != 1 || !strings.Contains(string(held[0].Stanza), "secret") || !w.rows(roomJID)[0].Tombstone {
		t.Errorf("%+v %v", held, err)
	}
}

// What cannot be stored is not told: neither a retraction nor a moderation.
func TestRetractArchiveFails(t *testing.T) {
	f := new(failing)
	w, anna, ben, _ := three(t, func(w *world) { f.Writer = w.queue; w.queue = f })
	ben.talk("stays")
	ben.sync()
	id := idInRoom(t, anna.sync(), "stays")
	f.broken.Store(true)
	anna.say(moderation("q1", id))
	w.want(anna.sync(), `id="q1"`, `type="error"`, "internal-server-error")
	f.full.Store(true)
	anna.say(moderation("q2", id))
	w.want(anna.sync(), `id="q2"`, `type="error"`, "resource-constraint")
	w.wantNot(ben.sync(), "<moderated")
	f.full.Store(false)
	f.broken.Store(false)
	w.want(w.dial("dora").enter("D"), "stays")
}

// late is an archive that is told of messages no earlier than the test wants.
type late struct {
	muc.Writer
	mu      sync.Mutex
	holding bool
	waiting []func()
}

func (l *late) TryAppend(rows []storage.Row, done func(archive.Result), rewrites ...storage.Rewrite) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.holding {
		return l.Writer.TryAppend(rows, done, rewrites...)
	}
	l.waiting = append(l.waiting, func() { _ = l.Writer.TryAppend(rows, done, rewrites...) })
	return nil
}

func (l *late) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holding = true
}

func (l *late) wait() {
	for n := 0; n == 0; runtime.Gosched() {
		l.mu.Lock()
		n = len(l.waiting)
		l.mu.Unlock()
	}
}

func (l *late) letGo() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holding = false
	for _, f := range l.waiting {
		f()
	}
	l.waiting = nil
}

// XEP-0424 §6, XEP-0425 §6: what is on its way to the archive when somebody takes a message back, such as its correction, is
// taken back too.
func TestRetractBehindCommits(t *testing.T) {
	for _, take := range []func(id string) (by int, xml string){
		func(id string) (int, string) { return 0, moderation("q1", id) },
		func(id string) (int, string) { return 1, retraction("r1", id) },
	} {
		l := new(late)
		w, anna, ben, _ := three(t, func(w *world) { l.Writer = w.queue; w.queue = l })
		phone := w.dial("ben/phone")
		phone.enter("B")
		ben.say(`<message type='groupchat' id='g1' to='` + roomJID + `'><body>secret</body></message>`)
		ben.sync()
		by, xml := take(idInRoom(t, anna.sync(), "secret"))
		l.hold()
		ben.say(`<message type='groupchat' id='g2' to='` + roomJID + `'><body>secret too</body><replace xmlns='urn:xmpp:message-correct:0' id='g1'/></message>`)
		l.wait()
		[]*person{anna, phone}[by].say(xml)
		for range 10_000 {
			runtime.Gosched() // time to overtake
		}
		l.letGo()
		ben.sync()
		[]*person{anna, phone}[by].sync()
		for _, row := range w.rows(roomJID)[:2] {
			if !row.Tombstone || strings.Contains(string(row.Stanza), "secret") {
				t.Errorf("%d: %+v", by, row)
			}
		}
		w.wantNot(w.dial("dora").enter("D"), "secret")
	}
}
