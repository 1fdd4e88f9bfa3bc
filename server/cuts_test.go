package server_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/internal/xmpptest/disk"
	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

const (
	cutsTick    = 20 * time.Millisecond // each person sends three messages and, every second time, one to the room
	cutsBetween = 60 * time.Millisecond // between two cuts, on average
)

// XEP-0198 §5: connections are lost again and again, by a reset, in silence, inside a stanza, while people talk. Each session
// is resumed, and nothing is lost, repeated or out of order, one to one and in a room. SALON_LONG adds a run of 200 cuts.
func TestLongCuts(t *testing.T) { cuts(t, 200) }

func TestCuts(t *testing.T) { cuts(t, 40) }

func cuts(t *testing.T, n int) {
	if n > 100 && os.Getenv("SALON_LONG") == "" {
		t.Skip("the long run takes a minute: SALON_LONG=1, or scripts/test -long")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := newCutWorld(t, "alice", "bob", "carol", "dora")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for _, p := range w.people {
		w.readers.Go(func() { p.live(ctx) })
	}
	for _, p := range w.people {
		<-p.entered
	}
	began := time.Now()
	for _, p := range w.people {
		w.senders.Go(p.talk)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	pause := time.NewTimer(0)
	for i := range n {
		pause.Reset(time.Duration(r.Int64N(int64(2 * cutsBetween))))
		<-pause.C
		w.people[i%len(w.people)].lose(r, i)
	}
	for _, p := range w.people {
		p.quiet.Store(true)
	}
	w.senders.Wait()
	took := time.Since(began)
	w.settle(stop)
	sent := w.sent.Load()
	t.Logf("%d cuts, %d resumed sessions, %d messages sent in %v: %.0f/s, %d received", n, w.resumed.Load(), sent, took.Round(time.Millisecond),
		float64(sent)/took.Seconds(), w.received.Load())
	if got := int(w.resumed.Load()); got < n-len(w.people) || got > n { // nobody may have noticed the last ones yet
		t.Errorf("%d sessions were resumed after %d cuts", got, n)
	}
	w.checkArchives()
}

// cutWorld is a server, a proxy before it, and people who talk to their neighbour and in a room.
type cutWorld struct {
	t                       *testing.T
	store                   storage.Store
	proxy                   *proxy
	people                  []*cutPerson
	readers, senders        sync.WaitGroup
	sent, received, resumed atomic.Int64
	failures                atomic.Int64
}

// cutPerson is one of them.
type cutPerson struct {
	w       *cutWorld
	peer    *cutPerson
	c       *keeper.Client
	up      chan struct{} // holds one while there is a connection that was not cut
	quiet   atomic.Bool
	failed  atomic.Value  // string: why it could not connect
	entered chan struct{} // closed when the room's subject has come: all messages behind it are for this person

	mu    sync.Mutex
	links []*link // of the connections so far; the last is in use
	sent  [2]int  // one to one, and to the room

	last map[string]int // number of the last message, by who sent it and where; of the reader's goroutine
}

func newCutWorld(t *testing.T, names ...string) *cutWorld {
	dir := t.TempDir()
	disk.Under(t, dir).Break(disk.Fault{Slow: 30 * time.Millisecond}) // so that a cut finds messages on their way to the commit
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "salon.db")})
	if err != nil {
		t.Fatal(err)
	}
	s := xmpptest.StartWith(t, server.Options{Store: store, Away: time.Minute}, nil, func(c *config.Config) {
		c.Limits.StanzasPerSecond, c.Limits.StanzasBurst = 100000, 100000
		c.Rooms.StanzasPerSecond, c.Rooms.StanzasBurst = 100000, 100000
	})
	w := &cutWorld{t: t, store: store, proxy: newProxy(t, s.Addr("c2s direct").String())}
	for _, name := range names {
		addr := wire.MustAddr(name + "@" + xmpptest.Host + "/r")
		s.AddUser(addr.Bare())
		p := &cutPerson{w: w, last: map[string]int{}, entered: make(chan struct{}), up: make(chan struct{}, 1)}
		p.c = &keeper.Client{Addr: addr, Password: xmpptest.Password(addr.Bare()), Resume: true, Piece: 50, Dial: p.dial, Receive: p.receive,
			Begin: []string{`<presence/>`, `<presence to="` + lobby + `/` + name + `"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`}}
		w.people = append(w.people, p)
	}
	for i, p := range w.people {
		p.peer = w.people[i^1]
		if _, err := p.c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.up <- struct{}{}
	}
	return w
}

// fail notes what went wrong; the first few are enough.
func (w *cutWorld) fail(format string, args ...any) {
	if w.failures.Add(1) <= 10 {
		w.t.Errorf(format, args...)
	}
}

func (p *cutPerson) dial(ctx context.Context) (net.Conn, error) {
	c, l, err := p.w.proxy.dial(ctx)
	if err == nil {
		p.mu.Lock()
		p.links = append(p.links, l)
		p.mu.Unlock()
	}
	return c, err
}

// live reads, and resumes when the connection is lost.
func (p *cutPerson) live(ctx context.Context) {
	for {
		_ = p.c.Serve()
		for {
			if ctx.Err() != nil {
				return
			}
			resumed, err := p.c.Connect(ctx)
			if err != nil {
				p.failed.Store(err.Error())
				continue // cut while it was made
			}
			if p.w.resumed.Add(1); !resumed {
				p.w.fail("%s could not resume", p.c.Addr)
			}
			select {
			case p.up <- struct{}{}:
			default: // lost by itself, not by a cut
			}
			break
		}
	}
}

// talk sends until it is told to be quiet.
func (p *cutPerson) talk() {
	tick := time.NewTicker(cutsTick)
	defer tick.Stop()
	for i := 0; !p.quiet.Load(); i++ {
		<-tick.C
		out := []keeper.Stanza{p.next(0), p.next(0), p.next(0)}
		if i%2 == 0 {
			out = append(out, p.next(1))
		}
		p.c.Send(out...)
		p.w.sent.Add(int64(len(out)))
	}
}

func (p *cutPerson) next(where int) keeper.Stanza {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[where]++
	typ, to := "chat", p.peer.c.Addr.Bare().String()
	if where == 1 {
		typ, to = "groupchat", lobby
	}
	return keeper.Stanza{Key: fmt.Sprint(where, p.sent[where]), XML: fmt.Sprintf(`<message type="%s" to="%s" id="m%[3]d"><body>%[3]d %s</body></message>`,
		typ, to, p.sent[where], strings.Repeat("x", 60))}
}

// lose loses the person's connection, in one of the ways.
func (p *cutPerson) lose(r *rand.Rand, way int) {
	select {
	case <-p.up:
	case <-time.After(30 * time.Second):
		p.w.t.Fatalf("%s does not come back; the last try: %v", p.c.Addr, p.failed.Load())
	}
	p.mu.Lock()
	l := p.links[len(p.links)-1]
	p.mu.Unlock()
	switch way / len(p.w.people) % 3 {
	case 0:
		l.reset()
	case 1:
		l.hush()
		time.AfterFunc(time.Duration(r.Int64N(int64(cutsBetween))), func() { p.c.Cut(false) }) // the client has noticed
	case 2:
		l.inside(r)
	}
}

// receive takes what comes, in order.
func (p *cutPerson) receive(st wire.Stanza) {
	if st.Type() == "error" {
		p.w.fail("%s got %s", p.c.Addr, st.Append(nil))
	}
	if st.Has("", "subject") {
		close(p.entered)
	}
	n := numberOf(st)
	if n == 0 || st.Kind() != wire.KindMessage {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if from := st.From().String(); n != p.last[from]+1 {
		p.w.fail("%s got message %d of %s behind %d", p.c.Addr, n, from, p.last[from])
	}
	p.last[st.From().String()] = n
	p.w.received.Add(1)
}

// settle waits until all that was sent is acknowledged and received, and ends the clients.
func (w *cutWorld) settle(stop func()) {
	w.t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for done := false; !done; {
		done = true
		for _, p := range w.people {
			if missing := p.missing(); len(missing) > 0 {
				done = false
				select {
				case <-tick.C:
				case <-late:
					w.t.Errorf("%s: %s", p.c.Addr, strings.Join(missing, ", "))
					done = true
				}
				break
			}
		}
	}
	stop()
	for _, p := range w.people {
		p.c.Cut(false)
	}
	w.readers.Wait()
}

// missing says what a person has not received, or not seen acknowledged.
func (p *cutPerson) missing() (missing []string) {
	p.c.Ask()
	if n := p.c.Unacked(); n > 0 {
		missing = append(missing, fmt.Sprint(n, " not acknowledged"))
	}
	for _, other := range p.w.people {
		other.mu.Lock()
		sent := other.sent
		other.mu.Unlock()
		p.mu.Lock()
		if from := other.c.Addr.String(); other.peer == p && p.last[from] != sent[0] {
			missing = append(missing, fmt.Sprintf("has %d of %d from %s", p.last[from], sent[0], from))
		}
		if from := lobby + "/" + other.c.Addr.Local(); p.last[from] != sent[1] {
			missing = append(missing, fmt.Sprintf("has %d of %d from %s", p.last[from], sent[1], from))
		}
		p.mu.Unlock()
	}
	return missing
}

// checkArchives holds the archives against what was sent: each message once, in order, at the sender, at the recipient and in
// the room. The messages bear no origin-id, so that nothing but XEP-0198 keeps them from being stored twice.
func (w *cutWorld) checkArchives() {
	for _, p := range w.people {
		w.checkArchive(p.c.Addr.Bare(), map[string]int{p.c.Addr.String(): p.sent[0], p.peer.c.Addr.String(): p.peer.sent[0]})
	}
	inRoom := map[string]int{}
	for _, p := range w.people {
		inRoom[lobby+"/"+p.c.Addr.Local()] = p.sent[1]
	}
	w.checkArchive(wire.MustAddr(lobby), inRoom)
}

func (w *cutWorld) checkArchive(owner wire.Addr, sent map[string]int) {
	last := map[string]int{}
	for q := (storage.Query{Owner: owner, Limit: 1000}); ; {
		rows, err := w.store.Page(context.Background(), q)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range rows {
			st, err := wire.Parse(r.Stanza)
			if err != nil {
				w.t.Fatal(err)
			}
			from, n := st.From().String(), numberOf(st)
			if n != last[from]+1 {
				w.fail("in the archive of %s message %d of %s is behind %d", owner, n, from, last[from])
			}
			last[from], q.After = n, r.ID
		}
		if len(rows) < q.Limit {
			break
		}
	}
	if !maps.Equal(last, sent) {
		w.t.Errorf("the archive of %s ends with %v, sent were %v", owner, last, sent)
	}
}

// numberOf is the number that a message's body begins with, 0 if it has none.
func numberOf(st wire.Stanza) int {
	body, _ := st.Kid("", "body")
	number, _, _ := strings.Cut(body.Text(), " ")
	n, _ := strconv.Atoi(number)
	return n
}
