package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/postgres"
)

func message(id int64) storage.Batch {
	return storage.Batch{Rows: []storage.Row{{ID: id, Owner: alice, Peer: bob, Kind: storage.RowChat, Stanza: []byte("<message/>")}}}
}

// eventually waits for do to succeed.
func eventually(t *testing.T, what string, do func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); ; <-tick.C {
		err := do()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// every does one of each kind of operation.
func every(t *testing.T, s *postgres.Store, id int64) error {
	ctx := t.Context()
	_, err := s.Append(ctx, message(id))
	if err != nil {
		return err
	}
	_, _, err = s.UpdateRosterItem(ctx, alice, bob, 0, func(i *storage.RosterItem) error { i.Listed = !i.Listed; return nil })
	if err != nil {
		return err
	}
	rows, err := s.Page(ctx, storage.Query{Owner: alice, After: id - 1, Limit: 1})
	if err == nil && len(rows) != 1 {
		err = errors.New("the row is gone")
	}
	return err
}

// TestKilledAndRestarted has the server killed while nobody looks: nobody notices. Killed and looked at, errors say what to
// do, and all is well once it is back.
func TestKilledAndRestarted(t *testing.T) {
	pg := pgtest.StartServer(t)
	s := open(t, pg.URL)
	if err := every(t, s, 1); err != nil {
		t.Fatal(err)
	}
	pg.Kill()
	pg.Restart()
	if err := every(t, s, 2); err != nil {
		t.Errorf("after a restart that nobody saw: %v", err)
	}
	pg.Kill()
	for what, err := range map[string]error{
		"Append": errOf(s.Append(t.Context(), message(3))),
		"Page":   errOf(s.Page(t.Context(), storage.Query{Owner: alice, Limit: 1})),
		"Block":  s.Block(t.Context(), alice, 0, nil),
		"Ping":   s.Ping(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), "see whether PostgreSQL runs there") {
			t.Errorf("%s without a server: %v", what, err)
		}
	}
	pg.Restart()
	eventually(t, "Ping", func() error { return s.Ping(t.Context()) })
	if err := every(t, s, 3); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := postgres.Open(t.Context(), postgres.Options{URL: pg.URL}); err == nil || !strings.Contains(err.Error(), "another Salon") {
		t.Errorf("the lock is not held again: %v", err)
	}
}

func errOf[T any](_ T, err error) error { return err }

// TestHung has a server that keeps its connections and answers nothing: callers come back soon after their time is up, and
// once the server goes on, so does the store.
func TestHung(t *testing.T) {
	pg := pgtest.StartServer(t)
	s := open(t, pg.URL)
	if err := every(t, s, 1); err != nil {
		t.Fatal(err)
	}
	pg.Hang()
	for what, do := range map[string]func(context.Context) error{
		"Append": func(ctx context.Context) error { return errOf(s.Append(ctx, message(2))) },
		"Page":   func(ctx context.Context) error { return errOf(s.Page(ctx, storage.Query{Owner: alice, Limit: 1})) },
		"Block":  func(ctx context.Context) error { return s.Block(ctx, alice, 0, nil) },
	} {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := do(ctx)
		cancel()
		if took := time.Since(began); err == nil || took > 10*time.Second {
			t.Errorf("%s: error %v after %v", what, err, took)
		}
	}
	pg.Release()
	eventually(t, "Append again", func() error { return errOf(s.Append(t.Context(), message(2))) })
	if err := every(t, s, 3); err != nil {
		t.Error(err)
	}
}

// TestStolenLock has the writer's connection cut and the lock taken by another, who has it until it ends.
func TestStolenLock(t *testing.T) {
	defer postgres.SetLockWait(time.Minute)()
	url := pgtest.URL(t)
	first := open(t, url)
	if err := every(t, first, 1); err != nil {
		t.Fatal(err)
	}
	raw(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'salon writer' AND datname = current_database()`)
	second := open(t, url)
	if _, err := first.Append(t.Context(), message(2)); err == nil || !strings.Contains(err.Error(), "another Salon holds the database") {
		t.Errorf("the first one writes without the lock: error %v", err)
	}
	if err := every(t, second, 2); err != nil {
		t.Error(err)
	}
	if err := second.DeleteAccount(t.Context(), alice); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	second.Close()
	eventually(t, "the first again", func() error { return first.Ping(t.Context()) })
	if err := every(t, first, 3); err != nil {
		t.Error(err)
	}
}

// TestLostAnswer cuts the connection when PostgreSQL has committed and not yet said so. The batch, tried again as it is, is
// dropped row by row.
func TestLostAnswer(t *testing.T) {
	p := startProxy(t, pgtest.URL(t))
	s := open(t, p.url)
	if _, err := s.Append(t.Context(), message(1)); err != nil {
		t.Fatal(err)
	}
	b := message(2)
	b.Rows[0].Origin = []byte("origin")
	b.Rows = append(b.Rows, message(3).Rows...)
	p.cut.Store(true)
	if _, err := s.Append(t.Context(), b); err == nil {
		t.Fatal("the answer was not lost")
	}
	dropped, err := s.Append(t.Context(), b)
	if want := []storage.Dropped{{Index: 0, ID: 2}, {Index: 1, ID: 3}}; err != nil || !slices.Equal(dropped, want) {
		t.Errorf("tried again: dropped %v, error %v", dropped, err)
	}
	rows, err := s.Page(t.Context(), storage.Query{Owner: alice, Limit: 9})
	if err != nil || len(rows) != 3 {
		t.Errorf("rows %v, error %v", rows, err)
	}
}

// proxy relays connections to a server. With cut set, it ends the next connection that commits appended rows, once that is
// done.
type proxy struct {
	url, target string
	cut         atomic.Bool
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p.url = with(t, target, func(u *url.URL) { u.Host = l.Addr().String(); u.RawQuery = "sslmode=disable" })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", p.target)
			if err != nil {
				client.Close()
				continue
			}
			go p.relay(client, server)
		}
	}()
	return p
}

func (p *proxy) relay(client, server net.Conn) {
	var mute atomic.Bool
	go func() {
		defer client.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if mute.Load() || err != nil {
				return // the answer to COMMIT: it is done, and nobody hears of it
			}
			client.Write(buf[:n])
		}
	}()
	defer server.Close()
	appending := false
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		appending = appending && !bytes.Contains(buf[:n], []byte("BEGIN\x00")) || bytes.Contains(buf[:n], []byte("COPY "))
		if commits := bytes.Contains(buf[:n], []byte("COMMIT\x00")); commits && appending && p.cut.CompareAndSwap(true, false) {
			mute.Store(true)
		}
		server.Write(buf[:n])
	}
}
