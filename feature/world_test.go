package feature_test

import (
	"context"
	"math/bits"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mellium.im/xmpp/stream"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/feature"
	"salon.im/salon/router"
	"salon.im/salon/router/routertest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

const host = "example.test"

// ids are those of the archives in these tests.
var ids, _ = archive.NewIDs(make([]byte, 32))

// world is a router with the features under test on a real store, and people without sockets.
type world struct {
	t      testing.TB
	ctx    context.Context
	store  *sqlite.Store
	writer *archive.Writer
	r      *router.Router
	cfg    *config.Config
	disco  *feature.Discovery
	hold   wire.Addr // whose archive is under hold
	behind func()    // runs once when the next barrier of offline delivery has been passed
}

func (w *world) barrier(ctx context.Context) (int64, error) {
	upTo, err := w.writer.Committed(ctx)
	if f := w.behind; f != nil {
		w.behind = nil
		f()
	}
	return upTo, err
}

func (w *world) held(owner wire.Addr) bool { return owner == w.hold }

// newWorld has the accounts anna, ben and carl, service discovery, ping, the archive and offline delivery.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), cfg: config.Default()}
	w.cfg.Hosts = []config.Host{{Name: host, Rooms: "rooms." + host}}
	var err error
	if w.store, err = sqlite.Open(w.ctx, sqlite.Options{Path: filepath.Join(t.TempDir(), "test.db"), Synchronous: sqlite.Off}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if w.writer, err = archive.Open(w.ctx, w.store, archive.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.writer.Close() })
	w.r = router.New(router.Options{Hosts: []string{host}, Exists: w.exists, Archive: queue{w.writer}})
	w.r.HandlePresence(presences{w.r})
	w.disco = feature.Disco(w.r, feature.DiscoOptions{Config: w.config, Rosters: w.store, Name: "Salon"})
	feature.Ping(w.r)
	feature.Archive(w.r, feature.ArchiveOptions{Store: w.store, IDs: ids, Bound: func() int { return w.cfg.Limits.OfflineStanzas }, Held: w.held})
	feature.Offline(w.r, feature.OfflineOptions{Store: w.store, IDs: ids, Barrier: w.barrier})
	for _, name := range []string{"anna", "ben", "carl"} {
		w.addAccount(name + "@" + host)
	}
	return w
}

func (w *world) config() *config.Config { return w.cfg }

func (w *world) exists(ctx context.Context, bare wire.Addr) (bool, error) {
	_, err := w.store.Account(ctx, bare)
	return err == nil, nil
}

func (w *world) addAccount(addr string) {
	w.t.Helper()
	if _, err := w.store.CreateAccounts(w.ctx, []storage.Account{{Addr: wire.MustAddr(addr), Created: time.Now()}}); err != nil {
		w.t.Fatal(err)
	}
}

// lets makes contact a contact of owner that may see its presence.
func (w *world) lets(owner, contact string) {
	w.t.Helper()
	_, _, err := w.store.UpdateRosterItem(w.ctx, wire.MustAddr(owner), wire.MustAddr(contact), 0, func(i *storage.RosterItem) error {
		i.Subscription, i.Listed = storage.SubFrom, true
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// queue shows the archive's writer to the router.
type queue struct{ w *archive.Writer }

func (q queue) Queue(ctx context.Context, rows []storage.Row, done func([]bool, error), rewrites ...storage.Rewrite) error {
	n := len(rows)
	return q.w.Append(ctx, rows, func(r archive.Result) {
		var dropped []bool
		for i := range n * min(1, bits.OnesCount64(r.Dropped)) {
			dropped = append(dropped, r.DroppedRow(i))
		}
		done(dropped, r.Err)
	}, rewrites...)
}

func (q queue) Delivered(marks ...storage.Mark) { q.w.Delivered(marks...) }

// presences is the least that a presence feature does.
type presences struct{ r *router.Router }

func (p presences) Outbound(ctx context.Context, res *router.Resource, st wire.Stanza) error {
	if !st.To().IsZero() {
		return p.r.SendPresence(ctx, st)
	}
	if st.Type() == "unavailable" {
		res.SetPresence(nil)
		return nil
	}
	var prio int8
	if k, ok := st.Kid("", "priority"); ok && strings.HasPrefix(k.Text(), "-") {
		prio = -1
	}
	was := res.Presence()
	fresh := prio >= 0 && (was == nil || was.Priority < 0)
	if fresh {
		res.Hold()
	}
	res.SetPresence(&router.Presence{Stanza: st, Priority: prio})
	if fresh {
		p.r.Available(ctx, res)
	}
	return nil
}

func (p presences) Inbound(context.Context, wire.Stanza) error { return nil }

// person is a session without a socket: it records what it is sent.
type person struct {
	w    *world
	addr wire.Addr
	res  *router.Resource
	flow *router.Flow
	got  routertest.Inbox

	mu    sync.Mutex
	marks []int64
	ended string // the stream error, "" for none
}

// dial binds a session.
func (w *world) dial(full string) *person {
	w.t.Helper()
	p := &person{w: w, addr: wire.MustAddr(full)}
	var err error
	if p.res, err = w.r.Bind(w.ctx, p); err != nil {
		w.t.Fatal(err)
	}
	p.flow = w.r.NewFlow(w.ctx, p.res, nil)
	return p
}

// online binds a session that is available, and forgets what that brought.
func (w *world) online(full string) *person {
	w.t.Helper()
	p := w.dial(full)
	p.say(`<presence/>`)
	p.sync()
	return p
}

// Addr implements router.Session.
func (p *person) Addr() wire.Addr { return p.addr }

// Send implements router.Session.
func (p *person) Send(st wire.Stanza, mark int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != "" {
		return false
	}
	p.got.Put(st)
	if mark != 0 {
		p.marks = append(p.marks, mark)
	}
	return true
}

// Close implements router.Session.
func (p *person) Close(e stream.Error) {
	p.mu.Lock()
	p.ended = e.Err
	p.mu.Unlock()
	go p.w.r.Unbind(p.w.ctx, p.res)
}

// leave ends the session.
func (p *person) leave() { p.w.r.Unbind(p.w.ctx, p.res) }

// ack says that the client has every message so far.
func (p *person) ack() {
	p.mu.Lock()
	marks := p.marks
	p.marks = nil
	p.mu.Unlock()
	p.w.r.Delivered(p.addr.Bare(), marks...)
}

// say sends a stanza given as XML.
func (p *person) say(xml string) {
	p.w.t.Helper()
	p.flow.Accept(parse(p.w.t, xml).WithFrom(p.addr))
}

// sync returns everything received until a ping to the server came back: the barrier of these tests.
func (p *person) sync() []string {
	p.w.t.Helper()
	id := wire.NewID()
	p.say(`<iq type='get' id='` + id + `' to='` + host + `'><ping xmlns='urn:xmpp:ping'/></iq>`)
	got := p.until(func(st wire.Stanza) bool { return st.Kind() == wire.KindIQ && st.ID() == id })
	return got[:len(got)-1]
}

// ask sends an IQ given as its content, and returns the answer; to "" is none.
func (p *person) ask(typ, to, xml string) string {
	p.w.t.Helper()
	id := wire.NewID()
	if to != "" {
		to = ` to='` + to + `'`
	}
	p.say(`<iq type='` + typ + `' id='` + id + `'` + to + `>` + xml + `</iq>`)
	got := p.until(func(st wire.Stanza) bool { return st.ID() == id })
	return got[len(got)-1]
}

// until waits for a stanza and returns everything up to it.
func (p *person) until(is func(wire.Stanza) bool) []string {
	p.w.t.Helper()
	return p.got.Until(p.w.t, p.addr, is)
}

// has reports whether one of the stanzas contains all the parts.
func has(got []string, parts ...string) bool { return index(got, parts...) >= 0 }

func index(got []string, parts ...string) int { return routertest.Index(got, parts...) }

func contains(stanza string, parts ...string) bool { return has([]string{stanza}, parts...) }

// want fails unless the text contains all the parts.
func (w *world) want(got string, parts ...string) {
	w.t.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			w.t.Errorf("%q is not in %s", p, got)
		}
	}
}

// rows returns a user's archive, oldest first.
func (w *world) rows(bare string) []storage.Row {
	w.t.Helper()
	if err := w.writer.Barrier(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	rows, err := w.store.Page(w.ctx, storage.Query{Owner: wire.MustAddr(bare), Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// waiting counts a user's undelivered messages.
func (w *world) waiting(bare string) int {
	w.t.Helper()
	if err := w.writer.Barrier(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	n, err := w.store.CountUndelivered(w.ctx, wire.MustAddr(bare), 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func chat(to, body string) string {
	return `<message type='chat' to='` + to + `'><body>` + body + `</body></message>`
}
