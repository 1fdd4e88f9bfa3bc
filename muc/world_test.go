package muc_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mellium.im/xmpp/stream"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/muc"
	"salon.im/salon/router"
	"salon.im/salon/router/routertest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

const (
	host    = "example.test"
	service = "rooms.example.test"
	roomJID = "hall@" + service
)

// ids are those of the archives in these tests.
var ids, _ = archive.NewIDs(make([]byte, 32))

// world is a router with one conference service on a real store, and people without sockets.
type world struct {
	log       *slog.Logger // nil: none
	t         testing.TB
	ctx       context.Context
	store     *sqlite.Store
	rooms     storage.Rooms // what the service is given; store unless a test wraps it
	documents storage.Documents
	writer    *archive.Writer
	queue     muc.Writer
	// archive is what the service reads; store unless a test wraps it.
	archive storage.Archive
	router  *router.Router
	muc     *muc.Service
	cfg     *config.Config // before the start; then reconfigure
	live    atomic.Pointer[config.Config]
	now     func() time.Time
	held    func(wire.Addr) bool
}

func newWorld(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), cfg: config.Default(), now: time.Now}
	w.cfg.Rooms.StanzasBurst, w.cfg.Rooms.JoinsBurst = 1_000_000, 1_000_000
	var err error
	w.store, err = sqlite.Open(w.ctx, sqlite.Options{Path: filepath.Join(t.TempDir(), "test.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if w.writer, err = archive.Open(w.ctx, w.store, archive.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.writer.Close() })
	w.rooms, w.documents, w.queue, w.archive = w.store, w.store, w.writer, w.store
	for _, c := range change {
		c(w)
	}
	w.start()
	t.Cleanup(w.stop)
	return w
}

func (w *world) start() {
	w.t.Helper()
	w.router = router.New(router.Options{
		Hosts:  []string{host},
		Exists: func(context.Context, wire.Addr) (bool, error) { return true, nil },
	})
	w.live.Store(w.cfg)
	var err error
	w.muc, err = muc.New(muc.Options{Router: w.router, Rooms: w.rooms, Documents: w.documents, Archive: w.archive, IDs: ids, Writer: w.queue,
		Config: w.live.Load, Key: make([]byte, 32), OccupantKey: make([]byte, muc.OccupantKeyBytes), Domain: service, Host: host, Held: w.held, Now: w.now, Log: w.log})
	if err != nil {
		w.t.Fatal(err)
	}
	w.router.HandleService(service, w.muc)
}

func (w *world) stop() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	if err := w.muc.Close(ctx); err != nil {
		w.t.Error("close:", err)
	}
}

// reconfigure changes the configuration in force.
func (w *world) reconfigure(f func(*config.Config)) {
	c := *w.live.Load()
	f(&c)
	w.live.Store(&c)
}

// restart ends the service and starts another on the same store; people must dial anew.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

// person is a session: it records what it is sent.
type person struct {
	w    *world
	addr wire.Addr
	res  *router.Resource
	flow *router.Flow
	got  routertest.Inbox
}

func (p *person) Addr() wire.Addr    { return p.addr }
func (p *person) Close(stream.Error) {}
func (p *person) Send(st wire.Stanza, _ int64) bool {
	p.got.Put(st)
	return true
}

// dial binds a session: "anna" or "anna/phone".
func (w *world) dial(who string) *person {
	w.t.Helper()
	local, resource, ok := strings.Cut(who, "/")
	if !ok {
		resource = "home"
	}
	p := &person{w: w, addr: wire.MustAddr(local + "@" + host + "/" + resource)}
	var err error
	if p.res, err = w.router.Bind(w.ctx, p); err != nil {
		w.t.Fatal(err)
	}
	p.flow = w.router.NewFlow(w.ctx, p.res, nil)
	return p
}

// say sends a stanza given as XML.
func (p *person) say(xml string) {
	p.w.t.Helper()
	p.flow.Accept(parse(p.w.t, xml).WithFrom(p.addr))
}

// sync returns everything received until a ping to the room came back: the barrier of these tests.
func (p *person) sync() []string {
	p.w.t.Helper()
	return p.syncAt(roomJID)
}

func (p *person) syncAt(room string) []string {
	p.w.t.Helper()
	id := wire.NewID()
	p.say(`<iq type='get' id='` + id + `' to='` + room + `'><ping xmlns='urn:xmpp:ping'/></iq>`)
	got := p.got.Until(p.w.t, p.addr, func(st wire.Stanza) bool { return st.Kind() == wire.KindIQ && st.ID() == id })
	return got[:len(got)-1]
}

// enter joins the room under a nick and returns what that brought.
func (p *person) enter(nick string) []string {
	p.w.t.Helper()
	p.say(`<presence to='` + roomJID + `/` + nick + `'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
	return p.sync()
}

// instant makes the room and unlocks it.
func (p *person) instant(nick string) {
	p.w.t.Helper()
	p.enter(nick)
	p.configure()
}

// configure submits the owner's form with fields given as var=value.
func (p *person) configure(fields ...string) []string {
	p.w.t.Helper()
	var b strings.Builder
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		b.WriteString(`<field var='muc#roomconfig_` + name + `'><value>` + value + `</value></field>`)
	}
	form := `<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>` + b.String()
	if len(fields) == 0 {
		form = ""
	}
	p.say(`<iq type='set' id='cfg' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'>` +
		`<x xmlns='jabber:x:data' type='submit'>` + form + `</x></query></iq>`)
	return p.sync()
}

func (p *person) talk(body string) { p.say(groupchat(body)) }

func groupchat(body string) string {
	return `<message type='groupchat' to='` + roomJID + `'><body>` + body + `</body></message>`
}

// has reports whether one of the stanzas contains all the parts.
func has(got []string, parts ...string) bool { return index(got, parts...) >= 0 }

func index(got []string, parts ...string) int { return routertest.Index(got, parts...) }

func (w *world) want(got []string, parts ...string) {
	w.t.Helper()
	if !has(got, parts...) {
		w.t.Errorf("no stanza with %q in\n%s", parts, strings.Join(got, "\n"))
	}
}

func (w *world) wantNot(got []string, parts ...string) {
	w.t.Helper()
	if i := index(got, parts...); i >= 0 {
		w.t.Errorf("a stanza with %q: %s", parts, got[i])
	}
}

// makeAvailable lets messages to the account's bare address reach the session.
func (w *world) makeAvailable(p *person) {
	p.res.SetPresence(&router.Presence{Stanza: wire.New(wire.KindPresence, "", "", p.addr, wire.Addr{})})
}

// waitFor returns the first stanza with all the parts, whatever comes before it.
func (p *person) waitFor(parts ...string) string {
	p.w.t.Helper()
	seen := p.upTo(parts...)
	return seen[len(seen)-1]
}

// upTo returns everything up to the first stanza with all the parts.
func (p *person) upTo(parts ...string) []string {
	p.w.t.Helper()
	return p.got.Until(p.w.t, p.addr, func(st wire.Stanza) bool { return index([]string{string(st.Append(nil))}, parts...) == 0 })
}

func parse(t testing.TB, xml string) wire.Stanza {
	t.Helper()
	return routertest.Parse(t, xml)
}
