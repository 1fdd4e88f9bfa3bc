package killtest_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/internal/pgtest"
	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/internal/xmpptest/promise"
	"salon.im/salon/wire"
)

const (
	lobby = "lobby@conference.a.test"
	tick  = 20 * time.Millisecond // between what a person sends
)

var (
	talkative = []string{"ann", "ben", "cat", "dan"}
	sleepy    = []string{"eve", "fay"} // away, but for short visits
)

// town is the server and the people.
type town struct {
	t        *testing.T
	server   *salon
	database *pgtest.Server // nil unless the test started it
	book     *promise.Ledger

	talkers, sleepers []*promise.Talker
	trap              atomic.Bool    // the next acknowledgement kills the server
	online            sync.WaitGroup // those who have a connection, or try
	gone              chan struct{}  // closed while the server is down: nobody connects
	quiet             chan struct{}  // closed at the end of the talk
	talking           sync.WaitGroup
}

func newTown(t *testing.T, url string, rows int) *town {
	w := &town{t: t, book: promise.New(), quiet: make(chan struct{})}
	if url == "postgres" || *killDatabase {
		w.database = pgtest.StartServer(t, "fsync=on")
		url = w.database.URL
	}
	w.server = build(t, url)
	w.server.addUsers(append(talkative, sleepy...)...)
	if rows > 0 {
		w.server.grow(rows)
	}
	bare := func(name string) wire.Addr { return wire.MustAddr(name + "@a.test") }
	for i, name := range talkative {
		next := talkative[(i+1)%len(talkative)]
		k := promise.NewTalker(w.book, w.client(name),
			promise.Lane{From: bare(name), To: bare(next)},
			promise.Lane{From: bare(name), To: wire.MustAddr(lobby), Room: true},
			promise.Lane{From: bare(name), To: bare(sleepy[i%len(sleepy)])})
		k.Resume = true
		acked := k.Acked
		k.Acked = func(id string) {
			acked(id)
			if w.trap.CompareAndSwap(true, false) {
				_ = w.server.cmd.Process.Kill()
			}
		}
		k.Begin = append(k.Begin, `<presence to="`+lobby+`/`+name+`"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`)
		w.talkers = append(w.talkers, k)
	}
	for _, name := range sleepy {
		w.sleepers = append(w.sleepers, promise.NewTalker(w.book, w.client(name)))
	}
	return w
}

func (w *town) client(name string) *keeper.Client {
	return &keeper.Client{Addr: wire.MustAddr(name + "@a.test/r"), Password: "secret", Dial: w.server.dial, Begin: []string{`<presence/>`}}
}

// open starts the server, and lets everybody come and talk.
func (w *town) open() {
	w.t.Helper()
	say(w.t, "first start: ready in %d ms", w.server.start().Milliseconds())
	w.comeBack()
	for _, k := range w.talkers {
		w.talking.Go(func() { w.talk(k) })
	}
}

// talk sends, connection or not, until the talk ends: what cannot be sent waits for the next connection.
func (w *town) talk(k *promise.Talker) {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	due := 0.0
	for {
		select {
		case <-w.quiet:
			return
		case <-clock.C:
			due += float64(*rate) * tick.Seconds() / float64(len(w.talkers))
			k.Say(int(due))
			due -= float64(int(due))
		}
	}
}

// comeBack connects the talkers to a server that has started.
func (w *town) comeBack() {
	w.gone = make(chan struct{})
	for _, k := range w.talkers {
		w.attend(k)
	}
}

// attend keeps a client connected until the server is down.
func (w *town) attend(k *promise.Talker) {
	gone := w.gone
	w.online.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-gone:
				cancel()
			case <-ctx.Done():
			}
		}()
		pause := time.NewTicker(tick)
		defer pause.Stop()
		for {
			if _, err := k.Connect(ctx); err == nil {
				_ = k.Serve()
			}
			select {
			case <-gone:
				return
			case <-pause.C:
			}
		}
	})
}

// visit lets one of the sleepers look at what has come, for what is left of the time up to the kill: every second time.
func (w *town) visit(moments *rand.Rand, i int) {
	if i%2 == 1 {
		w.attend(w.sleepers[moments.IntN(len(w.sleepers))])
	}
}

// drop waits until all have noticed that the server is gone.
func (w *town) drop() {
	close(w.gone)
	w.online.Wait()
}

// check holds every archive against the ledger.
func (w *town) check() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, owner := range w.book.Owners() {
		err := w.history(ctx, owner, func(rows promise.Rows) error { return w.book.Check(ctx, owner, rows) })
		if err != nil {
			w.t.Fatalf("seed %d, data in %s:\n%v", *seed, w.server.data, err)
		}
	}
}

// settle ends the talk, waits until all is acknowledged and delivered, and looks at everything once more.
func (w *town) settle() {
	w.t.Helper()
	close(w.quiet)
	w.talking.Wait()
	for _, k := range w.sleepers {
		w.attend(k)
	}
	w.until("everything is acknowledged", func() bool {
		for _, k := range w.talkers {
			k.Repeat()
		}
		return w.book.Open() == 0
	})
	for _, name := range append(talkative, sleepy...) {
		w.until("everything has come to "+name, func() bool { return w.book.Waiting(wire.MustAddr(name+"@a.test")) == 0 })
	}
	w.check()
	if err := w.book.Settled(); err != nil {
		w.t.Fatal(err)
	}
	close(w.gone)
	for _, k := range append(w.talkers, w.sleepers...) {
		k.Cut(false)
	}
	w.online.Wait()
	sums := w.book.Sums()
	say(w.t, "%d messages: all acknowledged, each once and in order in every archive, %d deliveries; %d were refused at first", sums.Sent, sums.Received, sums.Refused)
}

// until waits for a condition.
func (w *town) until(what string, is func() bool) {
	w.t.Helper()
	clock, late := time.NewTicker(tick), time.After(time.Minute)
	defer clock.Stop()
	for !is() {
		select {
		case <-clock.C:
		case <-late:
			w.t.Fatalf("waiting until %s: %+v\n%v\n%.2000s", what, w.book.Sums(), w.book.Err(), w.server.log.String())
		}
	}
}
