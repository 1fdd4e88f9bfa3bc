package c2s_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mellium.im/sasl"

	"salon.im/salon/auth"
	"salon.im/salon/c2s"
	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// patience bounds every wait of a test; only a failure spends it.
const patience = 15 * time.Second

const password = "open sesame"

// accounts is a fake storage.Accounts in which everybody but nobody has the password.
type accounts struct {
	storage.Accounts
	keys []storage.Key
}

var fakeAccounts = sync.OnceValue(func() accounts {
	var a accounts
	for _, h := range []auth.Hash{auth.SHA1, auth.SHA256} {
		k, err := auth.Derive(password, h, 4096)
		if err != nil {
			panic(err)
		}
		a.keys = append(a.keys, storage.Key{Hash: string(h), Salt: k.Salt, Iterations: k.Iterations, StoredKey: k.StoredKey, ServerKey: k.ServerKey})
	}
	return a
})

func (a accounts) Account(_ context.Context, bare wire.Addr) (storage.Account, error) {
	if bare.Local() == "nobody" {
		return storage.Account{}, storage.ErrNotFound
	}
	return storage.Account{Keys: a.keys}, nil
}

var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"example.test"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})

// archiver is a fake router.Archiver that tells of its commits only when it is let.
type archiver struct {
	mu    sync.Mutex
	held  bool
	queue []func()
	marks []storage.Mark
}

func (a *archiver) Queue(_ context.Context, rows []storage.Row, done func([]bool, error), _ ...storage.Rewrite) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range rows {
		rows[i].ID = int64(len(a.queue)*10 + i + 1)
	}
	a.queue = append(a.queue, func() { done(nil, nil) })
	if !a.held {
		go a.commit()
	}
	return nil
}

func (a *archiver) hold() { a.mu.Lock(); a.held = true; a.mu.Unlock() }

// commit commits what is queued and whatever comes.
func (a *archiver) commit() {
	a.mu.Lock()
	queue := a.queue
	a.queue, a.held = nil, false
	a.mu.Unlock()
	for _, done := range queue {
		done()
	}
}

func (a *archiver) Delivered(m ...storage.Mark) {
	a.mu.Lock()
	a.marks = append(a.marks, m...)
	a.mu.Unlock()
}

// world is a c2s.Server with a router that answers pings and archives messages of type chat.
type world struct {
	*c2s.Server
	t       testing.TB
	cfg     atomic.Pointer[config.Config]
	r       *router.Router
	archive *archiver
	plain   net.Listener
	direct  net.Listener
	gone    chan wire.Addr
	logged  *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func newWorld(t testing.TB, edit ...func(*config.Config)) *world {
	t.Helper()
	cfg := config.Default()
	cfg.Hosts = []config.Host{{Name: "example.test", Rooms: "rooms.example.test"}, {Name: "other.test", Rooms: "rooms.other.test"}}
	cfg.Auth.Iterations = 4096
	cfg.Auth.Delay = 0
	for _, f := range edit {
		f(cfg)
	}
	w := &world{t: t, archive: &archiver{}, gone: make(chan wire.Addr, 1000), logged: &lockedBuffer{}}
	w.cfg.Store(cfg)
	log := slog.New(slog.NewTextHandler(w.logged, nil))
	w.r = router.New(router.Options{Hosts: []string{"example.test", "other.test"}, Archive: w.archive, Log: log,
		Exists: func(_ context.Context, a wire.Addr) (bool, error) { return a.Local() != "nobody", nil }})
	w.r.HandleIQ(router.ToServer|router.ToOwn, "get", xml.Name{Space: "urn:xmpp:ping", Local: "ping"},
		func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, nil })
	w.r.Amend(func(_ context.Context, k *router.Walk) error {
		if k.Stanza.Type() == "chat" {
			k.Rows = []storage.Row{{Owner: k.Stanza.To().Bare()}}
			k.Committed = func(k *router.Walk) { k.Mark = k.Rows[0].ID }
		}
		return nil
	})
	w.r.OnGone(func(_ context.Context, res *router.Resource, _ *router.Presence) { w.gone <- res.Addr() })
	flusher := stream.NewFlusher()
	tc := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate()}}
	direct := tc.Clone()
	direct.NextProtos = []string{"xmpp-client"}
	w.Server = c2s.New(c2s.Options{Config: w.cfg.Load, Router: w.r, Accounts: fakeAccounts(), Flusher: flusher,
		DirectTLS: direct, StartTLS: func(string) *tls.Config { return tc },
		Leaf:   func(string, string) *x509.Certificate { return certificate().Leaf },
		Secret: []byte("a secret of sixteen bytes or more"), Log: log})
	w.plain, w.direct = listen(t), listen(t)
	var serving sync.WaitGroup
	serving.Go(func() { w.Serve(w.plain, false) })
	serving.Go(func() { w.Serve(w.direct, true) })
	t.Cleanup(func() {
		w.plain.Close()
		w.direct.Close()
		serving.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		w.archive.commit()
		if err := w.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		flusher.Close()
	})
	return w
}

func listen(t testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// client is a scripted client.
type client struct {
	w    *world
	t    testing.TB
	nc   net.Conn
	raw  net.Conn
	scan *wire.Scanner
	buf  []byte
	addr wire.Addr
}

const openStream = `<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="example.test">`

// connect opens a connection without TLS and sends nothing.
func (w *world) connect() *client {
	w.t.Helper()
	nc, err := net.Dial("tcp", w.plain.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { nc.Close() })
	c := &client{w: w, t: w.t, nc: nc, raw: nc}
	c.restart()
	return c
}

func (c *client) restart() {
	c.scan, c.buf = wire.NewScanner(wire.Limits{StanzaBytes: 1 << 20, Depth: 100}), nil
}

// open sends a header and returns the features.
func (c *client) open() string {
	c.t.Helper()
	c.restart()
	c.write(openStream)
	c.expect("<header>")
	return c.next()
}

// secure gets as far as SASL over STARTTLS.
func (w *world) secure() *client {
	w.t.Helper()
	c := w.connect()
	c.open()
	c.startTLS()
	return c
}

func (c *client) startTLS() {
	c.t.Helper()
	c.write(`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`)
	c.expect("<proceed")
	c.handshake(&tls.Config{InsecureSkipVerify: true})
	c.open()
}

func (c *client) handshake(cfg *tls.Config) {
	c.t.Helper()
	tc := tls.Client(c.raw, cfg)
	if err := tc.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.nc = tc
}

// login authenticates with SCRAM and returns the features behind it.
func (c *client) login(user string) string {
	c.t.Helper()
	if got := c.authenticate(sasl.ScramSha256, user, password); !strings.Contains(got, "<success") {
		c.t.Fatalf("login: %s", got)
	}
	return c.open()
}

// authenticate runs a mechanism and returns the last answer.
func (c *client) authenticate(m sasl.Mechanism, user, pass string) string {
	c.t.Helper()
	opts := []sasl.Option{sasl.Credentials(func() ([]byte, []byte, []byte) { return []byte(user), []byte(pass), nil })}
	if tc, ok := c.nc.(*tls.Conn); ok {
		opts = append(opts, sasl.TLSState(tc.ConnectionState()))
	}
	n := sasl.NewClient(m, opts...)
	_, resp, err := n.Step(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="` + m.Name + `">` + base64.StdEncoding.EncodeToString(resp) + `</auth>`)
	for {
		st, got := c.recv()
		if st.Name().Local != "challenge" {
			return got
		}
		data, _ := base64.StdEncoding.DecodeString(st.Text())
		if _, resp, err = n.Step(data); err != nil {
			c.t.Fatal(err)
		}
		c.write(`<response xmlns="urn:ietf:params:xml:ns:xmpp-sasl">` + base64.StdEncoding.EncodeToString(resp) + `</response>`)
	}
}

// dial logs in and binds.
func (w *world) dial(full string) *client {
	w.t.Helper()
	a := wire.MustAddr(full)
	c := w.secure()
	c.login(a.Local())
	c.bind(a.Resource())
	return c
}

func (c *client) bind(resource string) {
	c.t.Helper()
	c.write(`<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>` + resource + `</resource></bind></iq>`)
	st, got := c.recv()
	kid, _ := st.Kid("urn:ietf:params:xml:ns:xmpp-bind", "bind")
	jid, ok := kid.Kid("", "jid")
	if !ok {
		c.t.Fatalf("bind: %s", got)
	}
	c.addr = wire.MustAddr(jid.Text())
}

func (c *client) write(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, s); err != nil {
		c.t.Fatalf("write %.60s: %v", s, err)
	}
}

// recv returns the next element and its text. A stream header is "<header>", the end of the stream "</stream>", that of the
// connection "EOF".
func (c *client) recv() (wire.Stanza, string) {
	c.t.Helper()
	chunk := make([]byte, 8192)
	for {
		if len(c.buf) > 0 {
			tok, n, err := c.scan.Next(c.buf)
			if err != nil {
				c.t.Fatalf("the server wrote %q: %v", c.buf, err)
			}
			c.buf = c.buf[n:]
			switch tok.Type {
			case wire.TokenHeader:
				return wire.Stanza{}, "<header>"
			case wire.TokenStanza:
				st := tok.Stanza()
				return st, string(st.Append(nil))
			case wire.TokenEnd:
				return wire.Stanza{}, "</stream>"
			}
		}
		c.raw.SetReadDeadline(time.Now().Add(patience))
		n, err := c.nc.Read(chunk)
		c.buf = append(c.buf, chunk[:n]...)
		if n == 0 && err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				c.t.Fatal("nothing comes")
			}
			return wire.Stanza{}, "EOF"
		}
	}
}

func (c *client) next() string {
	c.t.Helper()
	_, s := c.recv()
	return s
}

// expect fails unless the next elements contain those texts.
func (c *client) expect(want ...string) {
	c.t.Helper()
	for i, w := range want {
		if got := c.next(); !strings.Contains(got, w) {
			c.t.Fatalf("element %d: got %s, want %s", i, got, w)
		}
	}
}

// ends fails unless the stream ends with that error.
func (c *client) ends(condition string) {
	c.t.Helper()
	c.expect("<"+condition, "</stream>", "EOF")
}

// barrier returns when the server has handled what was sent before; nothing else may come.
func (c *client) barrier() {
	c.t.Helper()
	id := wire.NewID()
	c.write(`<iq type="get" id="` + id + `"><ping xmlns="urn:xmpp:ping"/></iq>`)
	c.expect(id)
}

// enable turns XEP-0198 on, resumable, and returns the id.
func (c *client) enable(attrs string) string {
	c.t.Helper()
	c.write(`<enable xmlns="urn:xmpp:sm:3" resume="true" ` + attrs + `/>`)
	st, got := c.recv()
	if st.Name().Local != "enabled" || st.Attr("id") == "" {
		c.t.Fatalf("enable: %s", got)
	}
	return st.Attr("id")
}

// resume logs in anew and asks for a session.
func (w *world) resume(user, id, h string) *client {
	w.t.Helper()
	c := w.secure()
	c.login(user)
	c.write(`<resume xmlns="urn:xmpp:sm:3" previd="` + id + `" h="` + h + `"/>`)
	return c
}

func chat(id string, to wire.Addr) string {
	return `<message type="chat" id="` + id + `" to="` + to.String() + `"><body>` + id + `</body></message>`
}

func normal(id string, to wire.Addr) string {
	return `<message id="` + id + `" to="` + to.String() + `"><body>` + id + `</body></message>`
}
