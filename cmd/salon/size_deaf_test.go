package main_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
)

const (
	deafSessions = 18
	deafRequests = 3000     // more than one session's outbox and resumption queue hold the answers of
	deafMemory   = 64 << 20 // bytes of resident memory
)

// TestSizeDeafAccount lets all sessions of one account ask without end and read no answer, and sends them more. Alone each stays within its
// bounds; together they stay within their account's, and the others are served.
func TestSizeDeafAccount(t *testing.T) {
	long(t)
	w := newTown(t, 2, "")
	other := w.guests[1]
	if err := other.login(w.direct, "SCRAM-SHA-256", rosterRequest); err != nil {
		t.Fatal(err)
	}
	var deaf []*guest
	for i := range deafSessions {
		g := &guest{name: "u0"}
		if err := g.connect(w.direct, "SCRAM-SHA-256"); err != nil {
			t.Fatal(err)
		}
		if _, err := g.ask(strings.Replace(bindRequest, ">r<", fmt.Sprintf(">r%d<", i), 1)+acksOn, "<enabled"); err != nil {
			t.Fatal(err)
		}
		deaf = append(deaf, g)
		t.Cleanup(func() { _ = g.NetConn().Close() })
	}
	before := w.rss()
	var wg sync.WaitGroup
	for _, g := range deaf {
		wg.Go(func() {
			for i := range deafRequests {
				ask := fmt.Sprintf(`<iq type="get" id="q%d" to="a.test"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`, i)
				if _, err := io.WriteString(g, ask); err != nil {
					return // cut, as it should be
				}
			}
		})
	}
	most := 0
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		most = max(most, w.rss()-before)
		if _, err := other.ask(`<iq type="get" id="p" to="a.test"><ping xmlns="urn:xmpp:ping"/></iq>`, `id="p"`); err != nil {
			t.Fatal(err)
		}
	}
	body := strings.Repeat("x", 4000)
	for i := range 2 * deafRequests { // now they hibernate, and are sent more
		said := fmt.Sprintf(`<message type="headline" to="u0@a.test/r%d"><body>%s</body></message>`, i%deafSessions, body)
		if i%100 == 0 {
			said += `<iq type="get" id="p" to="a.test"><ping xmlns="urn:xmpp:ping"/></iq>`
		}
		_, err := io.WriteString(other, said)
		if err == nil && i%100 == 0 {
			_, err = other.until(`id="p"`)
			most = max(most, w.rss()-before)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d sessions that do not read cost %d MiB, the bound is %d", deafSessions, most>>20, deafMemory>>20)
	if most >= deafMemory {
		t.Errorf("the memory grew by %d MiB", most>>20)
	}
}
