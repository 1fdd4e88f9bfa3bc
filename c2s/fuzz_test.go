package c2s_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// fuzzWorld is one server for all inputs, with a session that must not be disturbed.
type fuzzWorld struct {
	w     *world
	mu    sync.Mutex
	other *client
}

// FuzzStream throws bytes at a stream that has no login, and at one that is bound: no panic, no hang, no error of ours in
// the log, an answer that our own scanner takes, and another session that never notices.
func FuzzStream(f *testing.F) {
	for _, s := range []string{
		"", "garbage", openStream, openStream + `<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>x`, `</stream:stream>`,
		`<message to="bob@example.test/b"><body>hi</body></message><r xmlns="urn:xmpp:sm:3"/><a xmlns="urn:xmpp:sm:3" h="1"/>`,
		`<enable xmlns="urn:xmpp:sm:3" resume="1" max="1"/><enable xmlns="urn:xmpp:sm:3"/><resume xmlns="urn:xmpp:sm:3" previd="x" h="0"/>`,
		`<presence type="error"/><iq type="set"/><iq type="get" id="1" to="@"><q xmlns=""/></iq><message from="x@y"/>`,
		`<iq type="result" id="1" to="rooms.example.test"/><message type="groupchat" to="example.test/x"><x:a xmlns:x="urn:x"/></message>`,
		"<message><body>\xff</body></message>", "<message><body>&#0;</body></message>", `<!DOCTYPE a>`, `<?pi?>`, `<![CDATA[x]]>`,
		`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">AGFsaWNlAG9wZW4gc2VzYW1l</auth>`,
		`<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`,
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	fw := &fuzzWorld{w: newWorld(f, func(c *config.Config) {
		c.Limits.ConnectionsPerAddress = 1 << 20
		c.Stream.ResumeTime = 10 * time.Millisecond // hibernating sessions count as resources
	})}
	fw.other = fw.w.dial(bob.String())
	f.Fuzz(func(t *testing.T, in []byte, bound bool) {
		fw.mu.Lock()
		defer fw.mu.Unlock()
		fw.w.t, fw.other.t = t, t
		c := fw.connect(t, bound)
		done := make(chan struct{})
		go func() { defer close(done); c.drain(t) }()
		c.nc.Write(in)
		closeWrite(c.nc)
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatalf("the stream hangs on %q", in)
		}
		c.raw.Close()
		fw.undisturbed(t)
	})
}

// connect opens a stream and, for a bound one, logs in.
func (fw *fuzzWorld) connect(t *testing.T, bound bool) *client {
	if bound {
		return fw.w.dial("alice@example.test")
	}
	return fw.w.connect()
}

func closeWrite(nc net.Conn) {
	if h, ok := nc.(interface{ CloseWrite() error }); ok {
		h.CloseWrite()
	}
}

// drain reads to the end; everything must be well-formed.
func (c *client) drain(t *testing.T) {
	c.raw.SetReadDeadline(time.Now().Add(patience))
	all, _ := io.ReadAll(c.nc)
	all = append(c.buf, all...)
	for len(all) > 0 {
		tok, n, err := c.scan.Next(all)
		if err != nil {
			t.Errorf("the server wrote %q: %v", all, err)
			return
		}
		if all = all[n:]; tok.Type == wire.TokenMore {
			return
		}
		if tok.Type == wire.TokenEnd {
			return
		}
	}
}

// undisturbed fails unless the other session is alive and the log holds no complaint about ourselves.
func (fw *fuzzWorld) undisturbed(t *testing.T) {
	t.Helper()
	id := wire.NewID()
	fw.other.write(`<iq type="get" id="` + id + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	for !strings.Contains(fw.other.next(), id) { // messages of the fuzzer may come first
	}
	if l := fw.w.logged.String(); strings.Contains(l, "level=ERROR") {
		t.Fatalf("logged %s", l)
	}
	for {
		select {
		case <-fw.w.gone:
		default:
			return
		}
	}
}
