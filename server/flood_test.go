package server_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/wire"
)

// flooded starts a server that takes as much as a test sends.
func flooded(t *testing.T) *xmpptest.Server {
	t.Helper()
	return xmpptest.Start(t, func(c *config.Config) {
		c.Limits.StanzasPerSecond, c.Limits.StanzasBurst = 1_000_000, 1_000_000
		c.Limits.BytesPerSecond, c.Limits.BytesBurst = 1<<30, 1<<30
		c.Rooms.StanzasPerSecond, c.Rooms.StanzasBurst = 1_000_000, 1_000_000
	})
}

// discard reads below TLS, so that the client allocates nothing.
func discard(c net.Conn) {
	for buf := make([]byte, 32<<10); ; {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// count reads n messages, as short as those of these tests, and allocates nothing.
func count(t *testing.T, c net.Conn, buf []byte, n int) {
	t.Helper()
	end := []byte("</message>")
	for have := 0; n > 0; {
		k, err := c.Read(buf[have:])
		if err != nil {
			t.Fatal(err)
		}
		have += k
		n -= bytes.Count(buf[:have], end)
		rest := buf[bytes.LastIndex(buf[:have], end)+1 : have] // so much of it that the same end is not counted again
		have = copy(buf, rest)
	}
}

// TestDeliveryAllocations holds the bar of 0.1 allocations for a delivery to a room of 500 over TLS, from the sender's
// bytes to the receivers'.
func TestDeliveryAllocations(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("counts allocations, among 500 clients")
	}
	const accounts, resources, messages = 25, 20, 100
	s := flooded(t)
	var last *xmpptest.Client // who is served last
	for i := range accounts * resources {
		if last != nil {
			go discard(last.Conn().(*tls.Conn).NetConn())
		}
		last = s.Dial(fmt.Sprintf("u%d@%s/r%d", i%accounts, xmpptest.Host, i))
		last.Send(fmt.Sprintf(`<presence to="%s/n%d"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`, lobby, i%accounts))
		until(last, func(st wire.Stanza) bool { return st.Has("", "subject") })
	}
	text := `<message type="groupchat" to="` + lobby + `" id="m"><body>hello, this is a message of the usual length</body></message>`
	texts := map[int][]byte{1: []byte(text), 10: []byte(strings.Repeat(text, 10))}
	buf := make([]byte, 64<<10)
	speak := func(together int) float64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range messages / together {
			if _, err := last.Conn().Write(texts[together]); err != nil {
				t.Fatal(err)
			}
			count(t, last.Conn(), buf, together)
		}
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs-before.Mallocs) / (messages * accounts * resources)
	}
	speak(10) // queues and pools grow
	alone, group := speak(1), speak(10)
	for tries := 1; tries < 3 || tries < 10 && max(alone, group) > 0.1; tries++ { // what else the process does is counted too: the least counts
		alone, group = min(alone, speak(1)), min(group, speak(10))
	}
	t.Logf("allocations a delivery: %.3f of ten messages at once, %.3f with a transaction for each", group, alone)
	// A transaction of SQLite allocates some 20 times, whatever the number of its rows; the archive's writer some 10 times.
	if group > 0.1 || alone > 0.1 {
		t.Errorf("allocations a delivery: %.3f of ten messages at once, %.3f with a transaction for each: the bar is 0.1", group, alone)
	}
}

// present logs a user in and joins the lobby, without XEP-0198, for which clients would have to acknowledge.
func present(s *xmpptest.Server, name string) *xmpptest.Client {
	s.T.Helper()
	c := s.Dial(name + "@" + xmpptest.Host + "/r")
	c.Send(`<presence to="` + lobby + `/` + name + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	until(c, func(st wire.Stanza) bool { return st.Has("", "subject") })
	return c
}

// TestFloodMemory floods a room in which some never read. What is kept for those is bounded: the memory in use grows by
// far less than was sent, and they are thrown out.
func TestFloodMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 40 MB")
	}
	const deaf, messages, window, bound = 5, 10_000, 16, 8 << 20
	s := flooded(t)
	alice := present(s, "alice")
	for i := range deaf {
		present(s, fmt.Sprintf("deaf%d", i))
	}
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before, most := heap(), 0
	text := `<message type="groupchat" to="` + lobby + `"><body>` + strings.Repeat("hello ", 680) + `</body></message>`
	left := 0
	for sent := 0; sent < messages; sent += window {
		alice.Send(strings.Repeat(text, window))
		for own := 0; own < window; {
			switch st := alice.Recv(); {
			case isError(st):
				t.Fatalf("%.300s", st.Append(nil))
			case st.Kind() == wire.KindMessage:
				own++
			case st.Type() == "unavailable":
				left++
			}
		}
		if sent%(100*window) == 0 {
			most = max(most, heap())
		}
	}
	t.Logf("the heap grew by %d KiB at most", (most-before)>>10)
	if most-before > bound {
		t.Errorf("the heap grew by %d MiB", (most-before)>>20)
	}
	if left != deaf {
		t.Errorf("%d of %d who do not read have been thrown out", left, deaf)
	}
}
