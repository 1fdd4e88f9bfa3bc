package feature_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mellium.im/xmpp/stream"

	"salon.im/salon/config"
	"salon.im/salon/feature"
	"salon.im/salon/router"
	"salon.im/salon/router/routertest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// house is a router with contact lists, presence and blocking on a real store, and people without sockets.
type house struct {
	t         testing.TB
	store     *sqlite.Store
	rosters   storage.Rosters    // what the features are given; store unless a test wraps it
	blocks    storage.Blocklists // likewise
	router    *router.Router
	presences *feature.Presences
	cfg       *config.Config
	remote    *remote
}

// newHouse opens a house where anna, ben, carl and dora live.
func newHouse(t testing.TB, change ...func(*house)) *house {
	t.Helper()
	h := &house{t: t, cfg: config.Default(), remote: &remote{}}
	var err error
	h.store, err = sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(t.TempDir(), "test.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	h.rosters, h.blocks = h.store, h.store
	for _, c := range change {
		c(h)
	}
	h.create("anna", "ben", "carl", "dora")
	h.router = router.New(router.Options{Hosts: []string{"here.test"}, Exists: func(ctx context.Context, bare wire.Addr) (bool, error) {
		_, err := h.store.Account(ctx, bare)
		return err == nil, nil
	}})
	cfg := func() *config.Config { return h.cfg }
	rosters := feature.Roster(h.router, h.rosters, cfg)
	blocks := feature.Blocking(h.router, h.blocks, cfg, nil)
	h.presences = feature.Presence(h.router, rosters, blocks, h.store, nil)
	h.router.HandleRemote(h.remote)
	t.Cleanup(func() {
		if err := h.presences.Close(context.Background()); err != nil {
			t.Error(err)
		}
		h.store.Close()
	})
	return h
}

func (h *house) create(names ...string) {
	h.t.Helper()
	var all []storage.Account
	for _, n := range names {
		all = append(all, storage.Account{Addr: at(n), Created: time.Now()})
	}
	if _, err := h.store.CreateAccounts(context.Background(), all); err != nil {
		h.t.Fatal(err)
	}
}

// at returns a bare address of the house, or a full one for "anna/home".
func at(who string) wire.Addr {
	local, resource, full := strings.Cut(who, "/")
	if full {
		return wire.MustAddr(local + "@here.test/" + resource)
	}
	return wire.MustAddr(local + "@here.test")
}

// written returns a stanza with one kind of quotes.
func written(st wire.Stanza) string { return strings.ReplaceAll(string(st.Append(nil)), "'", `"`) }

// remote records what goes to other domains.
type remote struct {
	mu   sync.Mutex
	got  []string
	away bool // no domain can be reached
}

func (r *remote) Send(st wire.Stanza) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return false
	}
	r.got = append(r.got, written(st))
	return true
}

// take returns what was recorded since the last call.
func (r *remote) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// guest is a session that records what it is sent.
type guest struct {
	h    *house
	addr wire.Addr
	res  *router.Resource
	flow *router.Flow

	mu  sync.Mutex
	got []string
}

func (g *guest) Addr() wire.Addr    { return g.addr }
func (g *guest) Close(stream.Error) {}
func (g *guest) Send(st wire.Stanza, _ int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got = append(g.got, written(st))
	return true
}

// bind makes a session: "anna/home".
func (h *house) bind(who string) *guest {
	h.t.Helper()
	g := &guest{h: h, addr: at(who)}
	var err error
	if g.res, err = h.router.Bind(context.Background(), g); err != nil {
		h.t.Fatal(err)
	}
	g.flow = h.router.NewFlow(context.Background(), g.res, nil)
	return g
}

// enter makes a session that asks for the roster and becomes available, and forgets what that brought.
func (h *house) enter(who string) *guest {
	h.t.Helper()
	g := h.bind(who)
	g.say(`<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`)
	g.say(`<presence/>`)
	g.take()
	return g
}

// say sends stanzas and waits until each is handled.
func (g *guest) say(all ...string) {
	g.h.t.Helper()
	for _, xml := range all {
		g.flow.Accept(parse(g.h.t, xml).WithFrom(g.addr))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := g.flow.Quiesce(ctx); err != nil {
		g.h.t.Fatal(err)
	}
}

// leave ends the session without a goodbye.
func (g *guest) leave() { g.h.router.Unbind(context.Background(), g.res) }

// take returns what was received since the last call.
func (g *guest) take() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	got := g.got
	g.got = nil
	return got
}

// arrive hands over a stanza of another domain.
func (h *house) arrive(xml string) {
	h.t.Helper()
	st, err := wire.Parse([]byte(xml))
	if err != nil {
		h.t.Fatal(err)
	}
	f := h.router.NewFlow(context.Background(), nil, nil)
	f.Accept(st)
	if err := f.Quiesce(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// befriend lets two people see each other.
func (h *house) befriend(a, b *guest) {
	h.t.Helper()
	for _, pair := range [][2]*guest{{a, b}, {b, a}} {
		pair[0].say(`<presence type='subscribe' to='` + pair[1].addr.Bare().String() + `'/>`)
		pair[1].say(`<presence type='subscribed' to='` + pair[0].addr.Bare().String() + `'/>`)
	}
	a.take()
	b.take()
}

// item returns the state of a contact in someone's roster.
func (h *house) item(owner, contact string) storage.RosterItem {
	h.t.Helper()
	it, err := h.store.RosterItem(context.Background(), at(owner), wire.MustAddr(contact))
	if err != nil {
		return storage.RosterItem{}
	}
	return it
}

// in reports whether a stanza contains all parts.
func in(st string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(st, p) {
			return false
		}
	}
	return true
}

// place returns the index of the first stanza that contains all parts, -1 if none does.
func place(got []string, parts ...string) int {
	for i, st := range got {
		if in(st, parts...) {
			return i
		}
	}
	return -1
}

// want fails unless exactly n stanzas contain all parts.
func want(t testing.TB, n int, got []string, parts ...string) {
	t.Helper()
	found := 0
	for _, st := range got {
		if in(st, parts...) {
			found++
		}
	}
	if found != n {
		t.Errorf("%d stanzas with %q, not %d, in\n%s", found, parts, n, strings.Join(got, "\n"))
	}
}

// rooms is a service that records what it is sent.
type rooms struct{ remote }

func (r *rooms) Accept(_ context.Context, st wire.Stanza, done func(wire.Stanza)) {
	r.Send(st)
	done(st)
}

func parse(t testing.TB, xml string) wire.Stanza {
	t.Helper()
	return routertest.Parse(t, xml)
}
