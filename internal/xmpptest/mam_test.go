package xmpptest_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// seed fills an archive with n messages of size bytes, one a minute up to now.
func seed(t testing.TB, s storage.Archive, owner, peer wire.Addr, kind storage.RowKind, n, size int) {
	t.Helper()
	begin := time.Now().Add(-time.Duration(n) * time.Minute)
	from := wire.MustAddr(peer.String() + "/desk")
	to := owner
	typ := "chat"
	if kind == storage.RowGroupchat {
		from, to, typ = wire.MustAddr(owner.String()+"/"+peer.Local()), wire.Addr{}, "groupchat"
	}
	var rows []storage.Row
	for i := range n {
		body := fmt.Sprintf("%d %s", i, strings.Repeat("x", size))
		st := wire.New(wire.KindMessage, typ, fmt.Sprint(i), from, to, wire.NewWriter().Elem("", "body", body).Payload())
		rows = append(rows, storage.Row{ID: archive.TimeID(begin.Add(time.Duration(i) * time.Minute)), Owner: owner, Peer: peer,
			Kind: kind, Stanza: st.AppendStandalone(nil)})
		if len(rows) == 1000 || i == n-1 {
			if _, err := s.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
				t.Fatal(err)
			}
			rows = rows[:0]
		}
	}
}

// seeded starts a server on a store that fill may put messages into beforehand.
func seeded(t testing.TB, fill func(storage.Store), edit ...func(*config.Config)) *xmpptest.Server {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "salon.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	fill(store)
	return xmpptest.StartWith(t, server.Options{Version: "test", Store: store}, nil, edit...)
}

var (
	mallory = wire.MustAddr("mallory@example.test")
	victim  = wire.MustAddr("victim@example.test")
)

// TestArchiveBurst: queries of the largest page, 200 of them, in one go, from a client that reads them, and from one that does not
// for a while, hold nobody up and hold little memory; each is answered in its order (F11).
func TestArchiveBurst(t *testing.T) {
	for name, c := range map[string]struct {
		to   string
		wait bool
	}{
		"own":              {"", false},
		"a room's, unread": {"hall@conference.example.test", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := seeded(t, func(store storage.Store) {
				seed(t, store, mallory, victim, storage.RowChat, 2000, 1000)
				hall := wire.MustAddr("hall@conference.example.test")
				if err := store.PutRoom(t.Context(), storage.Room{Addr: hall, Config: []byte(`{"public":true,"persistent":true}`)}, nil); err != nil {
					t.Fatal(err)
				}
				seedRoom(t, store, hall)
			})
			others := watch(t, s)
			m := s.Online("mallory@example.test/x")
			others.more(50)
			grown, begin := heap(), time.Now()
			var b strings.Builder
			for i := range burst {
				fmt.Fprintf(&b, `<iq type="set" id="q%d" to="%s"><query xmlns="urn:xmpp:mam:2" queryid="f%d">`+
					`<set xmlns="http://jabber.org/protocol/rsm"><max>250</max></set></query></iq>`, i, c.to, i)
			}
			m.Send(strings.ReplaceAll(b.String(), ` to=""`, ""))
			if c.wait {
				others.more(50)
			}
			readBurst(t, m)
			others.more(1)
			took := time.Since(begin)
			by := grown()
			t.Logf("the heap grew by %d KiB", by>>10)
			if by > 64<<20 {
				t.Errorf("the burst took %d MiB of memory", by>>20)
			}
			others.stop()
			slow := time.Duration(others.slow.Load())
			t.Logf("the burst took %v; rounds over %v took %v of it", took, heldUp, slow)
			if slow > took/2 { // a busy machine makes some rounds slow; a held-up server nearly all
				t.Errorf("others were held up for %v of %v", slow, took)
			}
		})
	}
}

// seedRoom is seed with ids of its own: ids are unique in a store.
func seedRoom(t testing.TB, s storage.Archive, room wire.Addr) {
	t.Helper()
	seed(t, skewed{s}, room, victim, storage.RowGroupchat, 2000, 1000)
}

// skewed gives rows other ids of the same time.
type skewed struct{ storage.Archive }

func (s skewed) Append(ctx context.Context, b storage.Batch) ([]storage.Dropped, error) {
	for i := range b.Rows {
		b.Rows[i].ID++
	}
	return s.Archive.Append(ctx, b)
}

// readBurst reads pages until the last result, in the order of their queries.
func readBurst(t *testing.T, m *xmpptest.Client) {
	t.Helper()
	for i := range burst {
		n := 0
		for {
			st := m.Recv()
			if st.Kind() == wire.KindIQ {
				if st.ID() != fmt.Sprintf("q%d", i) || st.Type() != "result" {
					t.Fatalf("query %d: %s", i, st.Append(nil))
				}
				break
			}
			k, ok := st.Kid(archive.NSMAM, "result")
			if !ok || k.Attr("queryid") != fmt.Sprintf("f%d", i) {
				t.Fatalf("query %d: %.200s", i, st.Append(nil))
			}
			n++
		}
		if n == 0 || n > archive.MaxPage {
			t.Fatalf("query %d: %d messages", i, n)
		}
	}
}

// heap watches how far the memory in use grows above what it is now, in bytes, until the function that it returns is called: the
// live heap that each collection finds, and as much again, since by default the collector lets it double. What earlier tests
// left to collect does not count: it collects now.
func heap() (grown func() uint64) {
	read := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	runtime.GC()
	base, quit, most := read(), make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		high := base
		for {
			select {
			case <-tick.C:
				high = max(high, read())
			case <-quit:
				most <- high
				return
			}
		}
	}()
	return func() uint64 {
		runtime.GC() // at least one
		close(quit)
		high := max(<-most, read())
		return 2 * (high - base)
	}
}

// TestArchiveBurstCut: the session of a client that leaves in the middle of its burst ends, and nothing waits for it.
func TestArchiveBurstCut(t *testing.T) {
	s := seeded(t, func(store storage.Store) { seed(t, store, mallory, victim, storage.RowChat, 2000, 1000) })
	m := s.Online("mallory@example.test/x")
	m.Send(strings.Repeat(`<iq type="set" id="q"><query xmlns="urn:xmpp:mam:2"><set xmlns="http://jabber.org/protocol/rsm"><max>250</max></set></query></iq>`, burst))
	m.Recv()
	begin := time.Now()
	m.Cut()
	if err := s.Gone(m.Addr); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("the session took %v to end", d)
	}
	if st := s.Online("mallory@example.test/y"); st.Addr.Resource() != "y" {
		t.Error("no new session")
	}
}
