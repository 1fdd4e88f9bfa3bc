package xmpptest_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"salon.im/salon/internal/xmpptest"
)

// TestMain fails if a server of any test has left a goroutine.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := goroutines(0); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines are left after all servers have stopped:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// goroutines returns the stacks of Salon's goroutines and of its libraries', once no more than want are left or it has
// waited long enough. The tests' own do not count.
func goroutines(want int) []string {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); ; <-tick.C {
		var left []string
		buf := make([]byte, 8<<20)
		for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "testing.") || strings.Contains(stack, "main.main") || strings.Contains(stack, "os/signal") ||
				strings.Contains(stack, "internal/pgtest.") {
				continue
			}
			left = append(left, stack)
		}
		if len(left) <= want || time.Now().After(deadline) {
			return left
		}
	}
}

// TestShutdownLeavesNothing stops a server in the middle of everything: people in rooms, a session that waits to be resumed,
// connections that never logged in, a reader that does not read. It is not parallel: it counts goroutines.
func TestShutdownLeavesNothing(t *testing.T) {
	before := len(goroutines(1 << 20))
	s := xmpptest.Start(t)
	alice, bob := s.Online("alice@example.test/phone"), s.At("bob@example.test/x", "resumable")
	for _, stage := range []string{"raw", "open", "secured", "direct", "authenticated"} {
		s.At("carol@example.test/y", stage)
	}
	for _, c := range []*xmpptest.Client{alice, bob} {
		c.Send(`<presence to="lobby@conference.example.test/` + c.Addr.Local() + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
		c.Barrier()
	}
	bob.Cut()
	for range 100 {
		alice.Send(`<message to="lobby@conference.example.test" type="groupchat"><body>hello</body></message>`)
		alice.Send(`<message to="dave@example.test" type="chat"><body>hello</body></message>`)
	}
	if during := len(goroutines(1 << 20)); during <= before {
		t.Fatalf("%d goroutines before, %d while a server runs: this test sees none", before, during)
	}
	s.Stop()
	if left := goroutines(before); len(left) > before {
		t.Errorf("%d goroutines before, %d after:\n\n%s", before, len(left), strings.Join(left, "\n\n"))
	}
}
