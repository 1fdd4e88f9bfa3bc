package c2s_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	xstream "mellium.im/xmpp/stream"

	"salon.im/salon/config"
)

// XEP-0198 §5: what the cut swallowed comes first and in order, then what waited, and h tells what we have.
func TestResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, sender := w.dial(alice.String()), w.dial(bob.String())
	id := c.enable("")
	sender.write(normal("1", alice) + normal("2", alice))
	sender.barrier()
	c.expect(`id="1"`)
	c.write(chat("up", bob.Bare()) + `<message to="` + alice.String()[:3]) // cut inside a stanza
	c.nc.Close()
	sender.write(normal("3", alice))
	sender.barrier()
	r := w.resume("alice", id, "1")
	r.expect(`<resumed xmlns="urn:xmpp:sm:3" previd="`+id+`" h="1"`, `id="2"`, `id="3"`)
	sender.write(normal("4", alice))
	r.expect("<r ", `id="4"`)
	r.write(`<a xmlns="urn:xmpp:sm:3" h="4"/>`)
	r.barrier()
	if n := w.r.Sessions(); n != 2 {
		t.Errorf("%d sessions", n)
	}
}

// D18-D21: a session is its user's, for a known id, in its place in the order; a count cannot be invented.
func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(alice.String())
	id := c.enable("")
	for _, row := range []struct{ user, id, h, condition string }{
		{"bob", id, "0", "item-not-found"}, {"alice", "unknown", "0", "item-not-found"}, {"alice", id, "-1", "bad-request"},
	} {
		r := w.resume(row.user, row.id, row.h)
		r.expect("<" + row.condition)
	}
	c.write(`<resume xmlns="urn:xmpp:sm:3" previd="` + id + `" h="0"/>`)
	c.expect("<unexpected-request")
	c.write(`<enable xmlns="urn:xmpp:sm:3"/>`)
	c.expect("<unexpected-request")
	early := w.secure()
	early.login("alice")
	early.write(`<enable xmlns="urn:xmpp:sm:3"/>`)
	early.expect("<unexpected-request") // XEP-0198 §3: not before bind
	early.bind("x")                     // §5: a refused client may bind
	c.write(`<a xmlns="urn:xmpp:sm:3" h="5"/>`)
	c.expect("<a ", `<handled-count-too-high xmlns="urn:xmpp:sm:3" h="5" send-count="0"/>`, "</stream>", "EOF")

	d := w.dial(alice.String())
	id = d.enable("")
	r := w.resume("alice", id, "7")
	d.ends("conflict")
	r.expect("<handled-count-too-high", "</stream>", "EOF")
	w.resume("alice", id, "0").expect("<resumed") // the mistake cost the connection, not the session
}

// XEP-0198 §5: the old connection gets conflict, and the session goes on with the new one.
func TestResumeReplacesALiveConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(alice.String())
	id := c.enable("")
	r := w.resume("alice", id, "0")
	c.ends("conflict")
	r.expect("<resumed")
	r.barrier()
	select {
	case a := <-w.gone:
		t.Errorf("%s is gone", a)
	default:
	}
}

// A session that came too late is told how much of it was handled; the client's wish and the server's limit hold.
func TestResumeTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Stream.ResumeTime = 10 * time.Millisecond })
	c := w.dial(alice.String())
	id := c.enable(`max="3600"`)
	c.write(normal("1", alice))
	c.expect(`id="1"`)
	c.nc.Close()
	<-w.gone
	r := w.resume("alice", id, "0")
	r.expect(`<failed xmlns="urn:xmpp:sm:3" h="1"><item-not-found`)
	r.bind("a")
}

func TestResumeTimeIsTheLesser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for asked, max := range map[string]string{``: "300", `max="60"`: "60", `max="99999"`: "300", `max="-1"`: "300"} {
		c := w.dial(alice.String())
		c.write(`<enable xmlns="urn:xmpp:sm:3" resume="1" ` + asked + `/>`)
		if got := c.next(); !strings.Contains(got, ` max="`+max+`"`) {
			t.Errorf("asked %s: %s", asked, got)
		}
		c.write(`</stream:stream>`)
		c.expect("<a ", "</stream>")
		<-w.gone
	}
	c := w.dial(alice.String())
	c.write(`<enable xmlns="urn:xmpp:sm:3"/>`)
	if got := c.next(); strings.Contains(got, "resume") || strings.Contains(got, "id=") {
		t.Error(got)
	}
}

// A goodbye ends the session for good.
func TestNoResumptionAfterGoodbye(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(alice.String())
	id := c.enable("")
	c.write(`</stream:stream>`)
	c.expect("<a ", "</stream>")
	<-w.gone
	w.resume("alice", id, "0").expect("<item-not-found")
}

// XEP-0198 §4: <r/> is answered at once with what is committed, and again when the rest is.
func TestAcksWaitForTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(alice.String())
	c.write(normal("before", alice))
	c.expect("before")
	c.enable("")
	w.archive.hold()
	c.write(normal("0", bob) + chat("1", bob.Bare()) + chat("2", bob.Bare()) + `<r xmlns="urn:xmpp:sm:3"/>`)
	for {
		if got := c.next(); strings.Contains(got, `<a `) {
			if !strings.Contains(got, `h="1"`) {
				t.Errorf("got %s", got)
			}
			break
		}
	}
	w.archive.commit()
	for {
		if got := c.next(); strings.Contains(got, `<a `) {
			if !strings.Contains(got, `h="3"`) {
				t.Errorf("got %s", got)
			}
			break
		}
	}
}

// The h of <resumed/> waits for what the old connection had sent: else the client would send it twice.
func TestResumeWaitsForTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(alice.String())
	id := c.enable("")
	w.archive.hold()
	c.write(chat("1", bob.Bare()) + `<r xmlns="urn:xmpp:sm:3"/>`)
	c.expect(`h="0"`)
	c.nc.Close()
	r := w.resume("alice", id, "0")
	go w.archive.commit()
	r.expect(`h="1"`)
}

// Many connections want the same session at once while it is closed, again and again: each gets an answer, the session
// is in one place or ended, and nothing hangs.
func TestResumeRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for round := range 10 {
		c := w.dial(alice.String())
		id := c.enable("")
		var ready []*client
		for range 4 {
			r := w.secure()
			r.login("alice")
			ready = append(ready, r)
		}
		res := w.r.Resource(alice)
		var wg sync.WaitGroup
		answers := make(chan string, len(ready))
		for _, r := range ready {
			wg.Go(func() {
				fmt.Fprintf(r.nc, `<resume xmlns="urn:xmpp:sm:3" previd="%s" h="0"/>`, id)
				answers <- r.next()
			})
		}
		if round%2 == 1 {
			wg.Go(func() { res.Close(xstream.Conflict) })
		}
		wg.Wait()
		resumed := 0
		for range ready {
			switch got := <-answers; {
			case strings.Contains(got, "<resumed"):
				resumed++
			case got == "EOF", strings.Contains(got, "<conflict"): // resumed, and replaced before it was told
			case !strings.Contains(got, "<failed"):
				t.Errorf("got %s", got)
			}
		}
		if n := w.r.Sessions(); round%2 == 0 && n != 1 {
			t.Errorf("%d resumed, %d sessions", resumed, n)
		}
		if cur := w.r.Resource(alice); cur != nil {
			cur.Close(xstream.Conflict)
		}
		<-w.gone
	}
	if n := w.r.Sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}
