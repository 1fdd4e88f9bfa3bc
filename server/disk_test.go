package server_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/internal/xmpptest/disk"
	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/internal/xmpptest/promise"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// A disk that is full, fails in the middle of a write, cannot flush or is slow: senders get an error of type wait, readiness
// turns red, and all is well again by itself when the fault ends. Nothing acknowledged is lost, and the file is whole.
func TestDiskFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault   disk.Fault
		refuses bool
	}{
		"full":        {disk.Fault{Full: true}, true},
		"short write": {disk.Fault{Short: true}, true},
		"no flush":    {disk.Fault{NoSync: true}, true},
		"slow":        {disk.Fault{Slow: 200 * time.Millisecond}, false},
		"hung":        {disk.Fault{Slow: 6 * time.Second}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			away := time.Duration(0)
			if !c.refuses {
				away = time.Minute
			}
			w := newDiskWorld(t, away)
			w.until("messages are acknowledged", func() bool { return w.book.Sums().Acked > 100 })
			w.disk.Break(c.fault)
			if c.refuses {
				w.until("messages are refused, and readiness is red", func() bool {
					return w.book.Sums().Refused > 50 && ready(t, w.s) == http.StatusServiceUnavailable
				})
			} else {
				met := w.disk.Met()
				w.until("the disk is used", func() bool { return w.disk.Met() > met+10 })
			}
			w.disk.Mend()
			w.until("readiness is green", func() bool { return ready(t, w.s) == http.StatusOK })
			acked := w.book.Sums().Acked
			w.until("messages are acknowledged again", func() bool { return w.book.Sums().Acked > acked+100 })
			w.settle()
			t.Logf("%+v, %d calls met the fault", w.book.Sums(), w.disk.Met())
			if refused := w.book.Sums().Refused; (refused > 0) != c.refuses || w.disk.Met() == 0 {
				t.Errorf("%d messages were refused", refused)
			}
		})
	}
}

// diskWorld is a server on a disk that can fail, with people who talk to each other, to somebody who is away, and in a room.
type diskWorld struct {
	t       *testing.T
	s       *xmpptest.Server
	store   *sqlite.Store
	path    string
	disk    *disk.Disk
	book    *promise.Ledger
	talkers []*promise.Talker
	quiet   chan struct{} // closed to end the talk
	talking sync.WaitGroup
}

func newDiskWorld(t *testing.T, away time.Duration) *diskWorld {
	dir := t.TempDir()
	w := &diskWorld{t: t, path: filepath.Join(dir, "salon.db"), disk: disk.Under(t, dir), book: promise.New(), quiet: make(chan struct{})}
	var err error
	if w.store, err = sqlite.Open(t.Context(), sqlite.Options{Path: w.path}); err != nil {
		t.Fatal(err)
	}
	w.s = xmpptest.StartWith(t, server.Options{Store: w.store, Away: away, Log: slog.New(slog.DiscardHandler)}, nil, func(c *config.Config) {
		c.Listen.HTTP = "127.0.0.1:0"
		c.Limits.OfflineStanzas = 100000
		c.Limits.StanzasPerSecond, c.Limits.StanzasBurst = 100000, 100000
		c.Rooms.StanzasPerSecond, c.Rooms.StanzasBurst = 100000, 100000
	})
	alice, bob, gone, hall := wire.MustAddr("alice@"+xmpptest.Host), wire.MustAddr("bob@"+xmpptest.Host), wire.MustAddr("gone@"+xmpptest.Host), wire.MustAddr(lobby)
	w.s.AddUser(gone)
	for _, lanes := range [][]promise.Lane{
		{{From: alice, To: bob}, {From: alice, To: gone}, {From: alice, To: hall, Room: true}},
		{{From: bob, To: alice}, {From: bob, To: gone}, {From: bob, To: hall, Room: true}},
	} {
		k := promise.NewTalker(w.book, w.client(lanes[0].From), lanes...)
		k.Begin = append(k.Begin, `<presence to="`+lobby+`/`+lanes[0].From.Local()+`"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`)
		w.talkers = append(w.talkers, k)
	}
	for _, k := range w.talkers {
		if _, err := k.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() {
			if err := k.Serve(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s lost its connection: %v", k.Addr, err)
			}
		}()
	}
	for _, k := range w.talkers {
		w.until("they are there", func() bool { return k.Unacked() == 0 })
		w.talking.Go(func() { w.talk(k) })
	}
	return w
}

func (w *diskWorld) client(user wire.Addr) *keeper.Client {
	w.s.AddUser(user)
	return &keeper.Client{Addr: wire.MustAddr(user.String() + "/r"), Password: xmpptest.Password(user), Begin: []string{`<presence/>`},
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", w.s.Addr("c2s direct").String())
		}}
}

func (w *diskWorld) talk(k *promise.Talker) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-w.quiet:
			return
		case <-tick.C:
			k.Say(6)
		}
	}
}

// until waits for a condition.
func (w *diskWorld) until(what string, is func() bool) {
	w.t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			w.t.Fatalf("waiting until %s: %+v, wrong: %v", what, w.book.Sums(), w.book.Err())
		}
	}
}

// settle lets everything be sent, fetches what waited, and holds archives and deliveries against the ledger.
func (w *diskWorld) settle() {
	w.t.Helper()
	close(w.quiet)
	w.talking.Wait()
	w.until("everything is acknowledged", func() bool {
		for _, k := range w.talkers {
			k.Repeat()
		}
		return w.book.Open() == 0
	})
	gone := wire.MustAddr("gone@" + xmpptest.Host)
	late := promise.NewTalker(w.book, w.client(gone))
	if _, err := late.Connect(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	go func() { _ = late.Serve() }()
	for _, who := range []string{"alice", "bob", "gone"} {
		w.until("everything has come", func() bool { return w.book.Waiting(wire.MustAddr(who+"@"+xmpptest.Host)) == 0 })
	}
	for _, owner := range w.book.Owners() {
		if err := w.book.Check(w.t.Context(), owner, archived(w.store, idsOf(w.t, w.s))); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.book.Settled(); err != nil {
		w.t.Error(err)
	}
	for _, k := range append(w.talkers, late) {
		k.Cut(false)
	}
	w.s.Stop()
	whole(w.t, w.path)
}

// archived reads a store's archives for a ledger.
func archived(store storage.Archive, ids archive.IDs) promise.Rows {
	return func(ctx context.Context, owner wire.Addr, after string) (out []promise.Row, err error) {
		q := storage.Query{Owner: owner, Limit: 1000}
		if after != "" {
			if q.After, err = ids.Parse(after); err != nil {
				return nil, err
			}
		}
		rows, err := store.Page(ctx, q)
		for _, r := range rows {
			st, err := wire.Parse(r.Stanza)
			if err != nil {
				return nil, err
			}
			body, _ := st.Kid("", "body")
			out = append(out, promise.Row{ID: ids.Text(r.ID), Body: body.Text()})
		}
		return out, err
	}
}

// whole asks SQLite whether a database is in order.
func whole(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var check string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || strings.TrimSpace(check) != "ok" {
		t.Errorf("integrity_check: %q, %v", check, err)
	}
}
