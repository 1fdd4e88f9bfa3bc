package server_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

// Two hosts in one server share nothing: neither users, nor rooms, nor what is said in them.
func TestTwoHosts(t *testing.T) {
	s := xmpptest.Start(t, func(c *config.Config) {
		c.Hosts = []config.Host{{Name: "one.test", Rooms: "conference.one.test"}, {Name: "two.test", Rooms: "conference.two.test"}}
	})
	one, two := enter(s, "alice@one.test/x", "lobby@conference.one.test"), enter(s, "alice@two.test/x", "lobby@conference.two.test")
	message(one, "lobby@conference.one.test", "m1")
	message(two, "lobby@conference.two.test", "m2")
	for _, c := range []struct {
		*xmpptest.Client
		id, room string
	}{{one, "m1", "lobby@conference.one.test"}, {two, "m2", "lobby@conference.two.test"}} {
		if st := until(c.Client, isMessage); st.ID() != c.id || st.From().Bare() != wire.MustAddr(c.room) {
			t.Errorf("%s got %s", c.Addr, st.Append(nil))
		}
		for _, st := range c.Barrier() {
			if isMessage(st) {
				t.Errorf("%s got %s", c.Addr, st.Append(nil))
			}
		}
	}
	// A password opens the account of its own host alone.
	s.AddUser(wire.MustAddr("bob@one.test"))
	c := s.Connect(wire.MustAddr("bob@two.test"))
	c.StartTLS()
	c.Send(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">` + plain("bob", xmpptest.Password(wire.MustAddr("bob@one.test"))) + `</auth>`)
	if st := c.Recv(); st.Name().Local != "failure" {
		t.Errorf("bob@two.test: %s", st.Append(nil))
	}
}

// A server that stops while people talk says so, commits what it acknowledged, and leaves no goroutine.
func TestShutdownUnderLoad(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	path := filepath.Join(t.TempDir(), "salon.db")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	s := xmpptest.StartWith(t, server.Options{Store: store}, nil, func(c *config.Config) {
		c.Rooms.StanzasPerSecond, c.Rooms.StanzasBurst = 1e6, 1e6
		c.Limits.StanzasPerSecond, c.Limits.StanzasBurst = 1e6, 1e6
	})
	alice, deaf := enter(s, "alice@"+xmpptest.Host, lobby), enter(s, "deaf@"+xmpptest.Host, lobby)
	bob := s.Online("bob@" + xmpptest.Host) // and deaf reads nothing from here on
	seen, talking, over := 0, make(chan struct{}), make(chan struct{})
	window := make(chan struct{}, 100) // under way: she acknowledges nothing, and her own bounds are not what is tested
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case window <- struct{}{}:
			case <-over:
				return
			}
			if _, err := fmt.Fprintf(alice.Conn(), `<message type="groupchat" to="%s" id="m%d"><body>%s</body></message>`, lobby, i, strings.Repeat("x", 2000)); err != nil {
				return
			}
		}
	})
	wg.Go(func() {
		for {
			st, err := alice.TryRecv()
			if err != nil {
				close(over)
				return
			}
			if isMessage(st) {
				<-window
			}
			if isMessage(st) && !isError(st) {
				if seen++; seen == 300 {
					close(talking)
				}
			}
		}
	})
	select {
	case <-talking:
	case <-over:
		t.Fatalf("the stream ended after %d messages", seen)
	}
	began := time.Now()
	s.Stop()
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("stopping took %v", d)
	}
	wg.Wait()
	if condition := bob.End(); condition != "system-shutdown" {
		t.Errorf("the stream ended with %q", condition)
	}
	if n := rowsOf(t, path, lobby); n < seen {
		t.Errorf("%d reflected, %d stored", seen, n)
	}
	deaf.Cut()
	settled(t, goroutines)
}

// settled waits until no more goroutines run than before; the test's own time limit ends it.
func settled(t *testing.T, before int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-ctx.Done():
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

func rowsOf(t *testing.T, path, owner string) int {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	rows, err := store.Page(t.Context(), storage.Query{Owner: wire.MustAddr(owner), Limit: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

// deafStore hangs whatever its context says, until released: a disk that does not answer.
type deafStore struct {
	*storagetest.Faulty
	held chan struct{}
}

// Append implements [storage.Archive].
func (d deafStore) Append(ctx context.Context, b storage.Batch) ([]storage.Dropped, error) {
	<-d.held
	return d.Faulty.Append(ctx, b)
}

// Close implements [storage.Store].
func (d deafStore) Close() error {
	<-d.held
	return d.Faulty.Close()
}

// A store that hangs for ever does not keep the server from ending.
func TestShutdownWithAHungStore(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "salon.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	d := deafStore{storagetest.NewFaulty(store), make(chan struct{})}
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Listen = config.Listen{C2S: []string{"127.0.0.1:0"}, C2SDirect: []string{"127.0.0.1:0"}}
	s, err := server.New(t.Context(), cfg, server.Options{Store: d})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	close(d.held)
}

func plain(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
}

// Whoever calls Shutdown need not end Serve's context: nothing that works in the background holds it up.
func TestShutdownEndsServe(t *testing.T) {
	s := xmpptest.Start(t)
	began := time.Now()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > 15*time.Second {
		t.Errorf("it took %v", d)
	}
}
