package c2s_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	xstream "mellium.im/xmpp/stream"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

var (
	alice = wire.MustAddr("alice@example.test/a")
	bob   = wire.MustAddr("bob@example.test/b")
)

// C24-C26: what ends a bound stream; others go on.
func TestStreamErrorsAfterBind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.dial(bob.String())
	for send, condition := range map[string]string{
		`<what xmlns="urn:example"/>`:                      "unsupported-stanza-type",
		`<message xmlns="jabber:server"/>`:                 "invalid-namespace",
		`stray`:                                            "bad-format",
		`<message><!-- c --></message>`:                    "restricted-xml",
		"<message><body>\xff</body></message>":             "not-well-formed",
		`<message>` + strings.Repeat("<a>", 100):           "policy-violation",
		`<a xmlns="urn:xmpp:sm:3"/>`:                       "bad-format",
		`<a xmlns="urn:xmpp:sm:3" h="99999999999"/>`:       "bad-format",
		`<what xmlns="urn:xmpp:sm:3"/>`:                    "unsupported-stanza-type",
		`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>`: "unsupported-stanza-type",
	} {
		c := w.dial(alice.String())
		c.write(send)
		got := c.next()
		if !strings.Contains(got, "<"+condition) {
			t.Errorf("%.80s: got %s, want %s", send, got, condition)
			continue
		}
		c.expect("</stream>", "EOF")
		if a := <-w.gone; a != alice {
			t.Errorf("%s is gone", a)
		}
	}
	other.barrier()
}

// D01, RFC 6120 §8.1.2.1: `from` is ours to write.
func TestFromIsStamped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(alice.String())
	w.dial(bob.String())
	c.write(`<message from="eve@example.test" id="1" to="` + alice.String() + `"><body>x</body></message>`)
	c.expect(`from="` + alice.String() + `"`)
}

// RFC 6120 §4.4: a goodbye is answered with one, after what was sent before it is handled.
func TestGoodbye(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(alice.String())
	c.write(`<iq type="get" id="last"><ping xmlns="urn:xmpp:ping"/></iq></stream:stream>`)
	c.expect("last", "</stream>", "EOF")
	<-w.gone
	if n := w.r.Sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// RFC 6120 §4.9.3.20, and what was received before is handled and answered.
func TestShutdown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bound, early, silent := w.dial(alice.String()), w.secure(), w.connect()
	sleeping := w.dial(bob.String())
	sleeping.enable("")
	sleeping.nc.Close()
	bound.enable("")
	w.archive.hold()
	bound.write(chat("1", alice.Bare()))
	bound.write(`<r xmlns="urn:xmpp:sm:3"/>`)
	bound.expect(`h="0"`)
	done := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- w.Shutdown(ctx)
	}()
	early.ends("system-shutdown")
	silent.expect("<header>")
	silent.ends("system-shutdown")
	w.archive.commit()
	bound.expect(`<a xmlns="urn:xmpp:sm:3" h="1"`)
	got := bound.next()
	for strings.Contains(got, "<a ") {
		got = bound.next()
	}
	if !strings.Contains(got, "<system-shutdown") {
		t.Error(got)
	}
	bound.expect("</stream>", "EOF")
	if err := <-done; err != nil {
		t.Error(err)
	}
	for range 2 {
		<-w.gone
	}
	if n := w.r.Sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// A client that does not read holds up neither the others nor the end. Without XEP-0198 it is closed, with it hibernates.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	for _, resumable := range []bool{false, true} {
		w := newWorld(t, func(c *config.Config) {
			c.Limits.OutboxBytes, c.Limits.OutboxStanzas = 64<<10, 1000
			c.Stream.ResumeTime = time.Hour
		})
		slow, sender := w.dial(alice.String()), w.dial(bob.String())
		id := ""
		if resumable {
			id = slow.enable("")
		}
		res := w.r.Resource(alice)
		st := wire.New(wire.KindMessage, "groupchat", "", bob, alice, payload(strings.Repeat("x", 10000)))
		for w.Stats.Overflows.Load() == 0 {
			res.Send(st, 0)
			if worst := ping(sender); worst > 50*time.Millisecond && !raceEnabled && !testing.Short() {
				t.Logf("a ping took %v", worst)
			}
		}
		if !resumable {
			if a := <-w.gone; a != alice {
				t.Errorf("%s is gone", a)
			}
			continue
		}
		slow.nc.Close()
		r := w.resume("alice", id, "0")
		r.expect("<resumed", "xxx")
	}
}

// A reader that waits behind a slow handler does not keep a session with XEP-0198 from its bounds: at the first the
// connection is let go of, at the second the session ends.
func TestSlowReaderBehindSlowHandler(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	w := newWorld(t, func(c *config.Config) {
		c.Limits.OutboxBytes, c.Limits.OutboxStanzas = 64<<10, 1000
		c.Stream.ResumeBytes, c.Stream.ResumeStanzas = 256<<10, 1000
		c.Limits.OutboxBytesPerUser = 1 << 40 // another bound
	})
	defer close(release)
	w.r.HandleIQ(router.ToServer, "get", xml.Name{Space: "urn:slow", Local: "q"}, func(context.Context, wire.Stanza) (wire.Payload, error) {
		<-release
		return nil, nil
	})
	slow := w.dial(alice.String())
	slow.enable("")
	res := w.r.Resource(alice)
	slow.write(strings.Repeat(`<iq type="get" id="1" to="example.test"><q xmlns="urn:slow"/></iq>`, 300))
	for buf := make([]byte, 1<<20); !strings.Contains(string(buf[:runtime.Stack(buf, true)]), "Flow).Accept"); {
		runtime.Gosched()
	}
	st := wire.New(wire.KindMessage, "groupchat", "", bob, alice, payload(strings.Repeat("x", 10000)))
	for end := time.After(patience); ; res.Send(st, 0) {
		select {
		case <-w.gone:
			return
		case <-end:
			t.Fatalf("the session goes on after %d overflows", w.Stats.Overflows.Load())
		default:
			runtime.Gosched()
		}
	}
}

func ping(c *client) time.Duration {
	begin := time.Now()
	c.barrier()
	return time.Since(begin)
}

func payload(body string) wire.Payload {
	w := wire.NewWriter()
	w.Elem("", "body", body)
	return w.Payload()
}

// Without XEP-0198 a message that was never written stays undelivered, and what cannot wait bounces (architecture §4).
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, sender := w.dial(alice.String()), w.dial(bob.String())
	c.enable("")
	sender.write(normal("n1", alice) + chat("c1", alice) + `<iq type="get" id="i1" to="` + alice.String() + `"><q xmlns="urn:q"/></iq>` +
		`<message type="headline" id="h1" to="` + alice.String() + `"><body>x</body></message>`)
	sender.barrier()
	w.r.Resource(alice).Close(xstream.Conflict)
	got := []string{sender.next(), sender.next()}
	for i, id := range []string{"n1", "i1"} {
		if !strings.Contains(got[i], id) || !strings.Contains(got[i], "<service-unavailable") {
			t.Errorf("bounce %d: %s", i, got[i])
		}
	}
	sender.barrier()
	w.archive.mu.Lock()
	defer w.archive.mu.Unlock()
	if len(w.archive.marks) != 0 {
		t.Errorf("marked %v", w.archive.marks)
	}
}

// A session that is closed while it binds gets its error, whenever that happens.
func TestCloseWhileBinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.r.OnBound(func(_ context.Context, res *router.Resource) { res.Close(xstream.Conflict) })
	c := w.secure()
	c.login("alice")
	c.bind("a")
	c.ends("conflict")
	if a := <-w.gone; a != alice {
		t.Error(a)
	}
}

// Two hundred sessions of one address replace each other: each old one ends, one is left.
func TestReplaceStorm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 20
	done := make(chan string, n)
	for range n {
		c := w.secure()
		c.login("alice")
		go func() {
			io.WriteString(c.nc, `<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>a</resource></bind></iq><iq type="get" id="p"><ping xmlns="urn:xmpp:ping"/></iq>`)
			all, _ := io.ReadAll(c.nc)
			done <- string(all)
		}()
	}
	for range n - 1 {
		if got := <-done; !strings.Contains(got, "<conflict") {
			t.Errorf("got %s", got)
		}
		<-w.gone
	}
	if got := w.r.Sessions(); got != 1 {
		t.Errorf("%d sessions", got)
	}
}

// A panic in a handler ends one stanza with an error, nothing else.
func TestPanicInAHandler(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.r.Check(func(_ context.Context, k *router.Walk) error {
		if k.Stanza.ID() == "boom" {
			panic("a mistake of ours")
		}
		return nil
	})
	c := w.dial(alice.String())
	c.write(normal("boom", alice))
	c.expect("<internal-server-error")
	c.barrier()
}

// RFC 6120 §4.6.1: white space is a sign of life; XEP-0199 asks who gives none, and the silent one is cut.
func TestIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Stream.IdlePing, c.Stream.PingTimeout = time.Minute, time.Minute })
	c := w.dial(alice.String())
	now := time.Now()
	w.Check(now.Add(50 * time.Second))
	c.barrier() // no ping
	w.Check(now.Add(70 * time.Second))
	c.expect("urn:xmpp:ping")
	w.Check(now.Add(80 * time.Second)) // once
	w.Check(now.Add(140 * time.Second))
	c.expect("EOF")
	<-w.gone
	c = w.dial(alice.String())
	c.enable("")
	now = time.Now()
	w.Check(now.Add(70 * time.Second))
	c.expect("<r ")
	fmt.Fprint(c.nc, ` `)
	c.barrier()
}
