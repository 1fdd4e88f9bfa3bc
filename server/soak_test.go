package server_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
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
	"salon.im/salon/wire"
)

// errorLog keeps what is logged as an error.
type errorLog struct {
	mu   sync.Mutex
	said []string
}

// Write implements io.Writer.
func (l *errorLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, string(b))
	return len(b), nil
}

// soaker is one client of the soak: what it saw, and what it saw acknowledged.
type soaker struct {
	*xmpptest.Client
	t     *testing.T
	name  string
	rnd   *rand.Rand
	next  int            // the number of its next message
	last  map[string]int // by room and nick: the newest message seen
	acked []string       // ids that came back from the room
}

// in notes a stanza, and holds messages against the order in which each sender wrote.
func (c *soaker) in(st wire.Stanza) {
	if !isMessage(st) || isError(st) || st.Type() != "groupchat" || !st.Has("", "body") || st.Has("urn:xmpp:delay", "delay") {
		return
	}
	sender, n := "", 0
	if _, err := fmt.Sscanf(strings.ReplaceAll(st.ID(), "-", " "), "%s %d", &sender, &n); err != nil {
		c.t.Errorf("%s: %s", c.name, st.Append(nil))
		return
	}
	key := st.From().Bare().String() + " " + sender
	if n <= c.last[key] {
		c.t.Errorf("%s sees message %d of %s behind %d", c.name, n, key, c.last[key])
	}
	c.last[key] = n
	if sender == c.name {
		c.acked = append(c.acked, st.From().Bare().String()+" "+st.ID())
	}
}

// step does one thing at random, and reads what has come.
func (c *soaker) step(rooms []string, people int) {
	room := rooms[c.rnd.IntN(len(rooms))]
	person := fmt.Sprintf("u%d@%s", c.rnd.IntN(people), xmpptest.Host)
	switch c.rnd.IntN(12) {
	case 0:
		c.Send(`<presence type="unavailable" to="` + room + `/` + c.name + `"/>`)
	case 1, 2:
		c.Send(`<presence to="` + room + `/` + c.name + `"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`)
	case 3:
		c.Send(fmt.Sprintf(`<presence to="%s/%s%d"/>`, room, c.name, c.rnd.IntN(3)))
	case 4:
		message(c.Client, person, wire.NewID())
	case 5:
		verb := []string{"block", "unblock"}[c.rnd.IntN(2)]
		c.Send(`<iq type="set" id="b"><` + verb + ` xmlns="urn:xmpp:blocking"><item jid="` + person + `"/></` + verb + `></iq>`)
	case 6:
		c.Send(`<message to="` + room + `"><x ` + muc + `><invite to="` + person + `"/></x></message>`)
	case 7:
		c.Send([]string{`<presence/>`, `<presence type="unavailable"/>`, `<presence><priority>-1</priority></presence>`}[c.rnd.IntN(3)])
	case 8:
		if err := c.Reconnect(); err != nil {
			c.t.Errorf("%s: %v", c.name, err)
		}
	default:
		c.next++
		message(c.Client, room, fmt.Sprintf("%s-%d", c.name, c.next))
	}
	if c.rnd.IntN(3) == 0 {
		c.read()
	}
}

func (c *soaker) read() {
	for _, st := range c.Barrier() {
		c.in(st)
	}
}

// Whatever clients do at once, resumptions included: each sees what one sender says in a room in order, what came back from a
// room is in its archive, nothing is logged as an error, and every goroutine ends.
func TestSoak(t *testing.T) {
	const people = 12
	length := 3 * time.Second
	if testing.Short() {
		length = time.Second
	}
	goroutines := runtime.NumGoroutine()
	log := &errorLog{}
	path := filepath.Join(t.TempDir(), "salon.db")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	s := xmpptest.StartWith(t, server.Options{Store: store, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError}))}, nil, func(c *config.Config) {
		c.Rooms.StanzasPerSecond, c.Rooms.StanzasBurst = 1e6, 1e6
		c.Limits.StanzasPerSecond, c.Limits.StanzasBurst = 1e6, 1e6
	})
	rooms := []string{lobby, "other@conference." + xmpptest.Host}
	all := make([]*soaker, people)
	for i := range all {
		name := fmt.Sprint("u", i)
		c := s.Online(name + "@" + xmpptest.Host + "/r")
		c.Enable()
		all[i] = &soaker{Client: c, t: t, name: name, rnd: rand.New(rand.NewPCG(uint64(i), 7)), last: map[string]int{}}
	}
	var wg sync.WaitGroup
	end := time.Now().Add(length)
	for _, c := range all {
		wg.Go(func() {
			for time.Now().Before(end) && !t.Failed() {
				c.step(rooms, people)
			}
			c.read()
		})
	}
	wg.Wait()
	kept := keptIn(t, store, lobby)
	seen := 0
	for _, c := range all {
		for _, id := range c.acked {
			if seen++; strings.HasPrefix(id, lobby) && !kept[id] { // the other room goes when it is empty, with its archive
				t.Errorf("%s came back, and is not kept", id)
			}
		}
	}
	t.Logf("%d messages came back of %d kept", seen, len(kept))
	if seen == 0 {
		t.Error("nothing was said")
	}
	s.Stop()
	for _, c := range all {
		c.Cut()
	}
	for _, e := range log.said {
		t.Error(e)
	}
	settled(t, goroutines)
}

// keptIn returns the ids of a room's archive, each behind the room's address.
func keptIn(t *testing.T, store storage.Archive, room string) map[string]bool {
	t.Helper()
	kept := map[string]bool{}
	for after := int64(0); ; {
		rows, err := store.Page(t.Context(), storage.Query{Owner: wire.MustAddr(room), After: after, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			st, err := wire.Parse(r.Stanza)
			if err != nil {
				t.Fatal(err)
			}
			if kept[room+" "+st.ID()] {
				t.Errorf("%s is kept twice", st.ID())
			}
			kept[room+" "+st.ID()], after = true, r.ID
		}
		if len(rows) < 1000 {
			return kept
		}
	}
}
