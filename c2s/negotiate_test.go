package c2s_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mellium.im/sasl"

	"salon.im/salon/c2s"
	"salon.im/salon/config"
)

const (
	nsTLS  = `xmlns="urn:ietf:params:xml:ns:xmpp-tls"`
	nsSASL = `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`
	head   = `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" `
)

// RFC 6120 §4.9.3: what ends a stream before login, always behind a header of ours (§4.9.1.2).
func TestStreamErrorsBeforeLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	big := strings.Repeat("x", 11<<10)
	for _, row := range []struct{ send, condition string }{
		{"GET / HTTP/1.1\r\n\r\n", "not-well-formed"},
		{`<stream:stream xmlns="jabber:client" xmlns:stream="http://example.test/" version="1.0" to="example.test">`, "invalid-namespace"},
		{strings.Replace(openStream, "jabber:client", "jabber:server", 1), "invalid-namespace"},
		{head + `version="1.0" to="elsewhere.test">`, "host-unknown"},
		{head + `version="1.0" to="rooms.example.test">`, "host-unknown"},
		{head + `version="1.0">`, "improper-addressing"},
		{head + `version="1.0" to="@@">`, "improper-addressing"},
		{head + `to="example.test">`, "unsupported-version"},
		{head + `version="1.0" to="` + big + `">`, "policy-violation"},
		{`<?xml version="1.0" encoding="ISO-8859-1"?>` + head + `version="1.0" to="example.test">`, "unsupported-encoding"},
		{`<!DOCTYPE a [<!ENTITY b "c">]>`, "restricted-xml"},
		{openStream + `<message to="a@example.test"/>`, "not-authorized"},
		{openStream + `<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`, "not-authorized"},
		{openStream + `<auth ` + nsSASL + ` mechanism="PLAIN">AGEAYg==</auth>`, "not-authorized"}, // TLS first
		{openStream + openStream[len(`<?xml version="1.0"?>`):], "unsupported-stanza-type"},       // a second header
		{openStream + `<starttls ` + nsTLS + `/><presence/>`, "policy-violation"},                 // CVE-2011-0411
		{openStream + `stray text`, "bad-format"},
		{openStream + `<message><b></message></b>`, "not-well-formed"},
	} {
		c := w.connect()
		c.write(row.send)
		c.expect("<header>")
		got := c.next()
		if strings.Contains(got, "features") {
			got = c.next()
		}
		if !strings.Contains(got, "<"+row.condition) {
			t.Errorf("%.120s\n got %s, want %s", row.send, got, row.condition)
			continue
		}
		c.expect("</stream>", "EOF")
	}
}

// What ends a stream that has TLS, before login or before bind.
func TestStreamErrorsBeforeBind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, row := range []struct {
		login           bool
		send, condition string
	}{
		{false, `<presence/>`, "not-authorized"},
		{false, `<a xmlns="b"/>`, "unsupported-stanza-type"},
		{false, `<what ` + nsSASL + `/>`, "unsupported-stanza-type"},
		{false, `<enable xmlns="urn:xmpp:sm:3"/>`, "unsupported-stanza-type"},
		{true, `<presence/>`, "not-authorized"},
		{true, `<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`, "not-authorized"},
		{true, `<auth ` + nsSASL + ` mechanism="PLAIN">AGEAYg==</auth>`, "policy-violation"},
	} {
		c := w.secure()
		if row.login {
			c.login("alice")
		}
		c.write(row.send)
		if got := c.next(); !strings.Contains(got, "<"+row.condition) {
			t.Errorf("%s: got %s, want %s", row.send, got, row.condition)
			continue
		}
		c.expect("</stream>", "EOF")
	}
}

// CVE-2018-10847, RFC 6120 §6.4.6: the identity that was proven belongs to one host and one account.
func TestHeaderAfterLoginMustMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for header, condition := range map[string]string{
		strings.Replace(openStream, "example.test", "other.test", 1):         "not-authorized",
		strings.Replace(openStream, "to=", `from="bob@example.test" to=`, 1): "invalid-from",
	} {
		c := w.secure()
		if got := c.authenticate(sasl.ScramSha256, "alice", password); !strings.Contains(got, "<success") {
			t.Fatal(got)
		}
		c.restart()
		c.write(header)
		c.expect("<header>", "<"+condition, "</stream>", "EOF")
	}
}

// RFC 6120 §5.3.1, §6.3.4, §7.1: one order of negotiation; XEP-0440, XEP-0478 and XEP-0198 in their places.
func TestFeatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect()
	has(t, "clear", c.open(), []string{"<starttls", "<required"}, []string{"mechanism", "<bind", "<sm"})
	c.startTLS()
	c = w.connect()
	c.open()
	c.write(`<starttls ` + nsTLS + `/>`)
	c.expect("<proceed")
	c.handshake(&tls.Config{InsecureSkipVerify: true})
	has(t, "TLS", c.open(), []string{">PLAIN<", ">SCRAM-SHA-256-PLUS<", `"tls-exporter"`, "<max-bytes>10240<"}, []string{"starttls", "<bind", "register"})
	has(t, "login", c.login("alice"), []string{"<bind", "<session", "<sm ", "<ver ", "<max-bytes>262144<", "<idle-seconds>660<"}, []string{"mechanism", "starttls"})
}

func has(t *testing.T, when, got string, want, not []string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(got, s) {
			t.Errorf("%s: no %s in %s", when, s, got)
		}
	}
	for _, s := range not {
		if strings.Contains(got, s) {
			t.Errorf("%s: %s in %s", when, s, got)
		}
	}
}

// RFC 6120 §4.7: what our header says.
func TestHeaderAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect()
	c.write(strings.Replace(openStream, "to=", `from="alice@example.test" xml:lang="de" to=`, 1))
	buf := make([]byte, 4096)
	n, err := io.ReadAtLeast(c.nc, buf, 200)
	if err != nil {
		t.Fatal(err)
	}
	has(t, "header", string(buf[:n]), []string{`<?xml version="1.0"?><stream:stream`, `from="example.test"`, `to="alice@example.test"`,
		`xml:lang="de"`, `version="1.0"`, ` id="`}, nil)
}

// XEP-0368: direct TLS begins with <?xml, knows its protocol, and takes the host from SNI where the header names none.
func TestDirectTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, row := range []struct {
		sni, to, alpn string
		ok            bool
	}{
		{"example.test", "example.test", "xmpp-client", true}, {"example.test", "", "", true},
		{"", "example.test", "", true}, {"elsewhere.test", "other.test", "xmpp-client", true},
		{"example.test", "example.test", "http/1.1", false},
	} {
		nc, err := net.Dial("tcp", w.direct.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		cfg := &tls.Config{InsecureSkipVerify: true, ServerName: row.sni}
		if row.alpn != "" {
			cfg.NextProtos = []string{row.alpn}
		}
		tc := tls.Client(nc, cfg)
		if err := tc.Handshake(); (err == nil) != row.ok {
			t.Errorf("%+v: %v", row, err)
		}
		if !row.ok {
			continue
		}
		c := &client{w: w, t: t, nc: tc, raw: nc}
		c.restart()
		to := `to="` + row.to + `"`
		if row.to == "" {
			to = ""
		}
		c.write(strings.Replace(openStream, `to="example.test"`, to, 1))
		c.expect("<header>", "mechanisms")
		c.authenticate(sasl.ScramSha256Plus, "alice", password)
	}
}

// RFC 6120 §6.4.5 and B19: three tries, then the end; what went wrong is not told.
func TestThreeTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.secure()
	for _, user := range []string{"alice", "nobody", "alice"} {
		if got := c.authenticate(sasl.ScramSha256, user, "wrong"); !strings.Contains(got, "<not-authorized") {
			t.Errorf("%s: %s", user, got)
		}
	}
	c.ends("policy-violation")
	if l := w.logged.String(); strings.Contains(l, "WARN") || strings.Contains(l, "ERROR") {
		t.Errorf("logged %s", l)
	}
}

// Clients that try a channel binding that we lack, as slixmpp does, spend no try on it; how often they may is bounded.
func TestMisfitsAreNoTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	misfit := func(c *client) {
		c.write(`<auth ` + nsSASL + ` mechanism="SCRAM-SHA-256-PLUS">cD10bHMtdW5pcXVlLCxuPWFsaWNlLHI9YWJj</auth>`) // p=tls-unique
		c.expect("unsupported-channel-binding-type")
	}
	c := w.secure()
	for range c2s.MaxMisfits {
		misfit(c)
	}
	if got := c.authenticate(sasl.ScramSha256, "alice", password); !strings.Contains(got, "<success") {
		t.Error(got)
	}
	c = w.secure()
	for range c2s.MaxMisfits + 1 {
		misfit(c)
	}
	c.ends("policy-violation")
}

// B07, B20: a malformed element ends its try and leaves the next one whole.
func TestSASLErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for send, condition := range map[string]string{
		`<auth ` + nsSASL + ` mechanism="PLAIN">!!</auth>`:                               "incorrect-encoding",
		`<auth ` + nsSASL + ` mechanism="NONE"/>`:                                        "invalid-mechanism",
		`<response ` + nsSASL + `>AAAA</response>`:                                       "malformed-request",
		`<abort ` + nsSASL + `/>`:                                                        "aborted",
		`<auth ` + nsSASL + ` mechanism="PLAIN">Ym9iQGV4YW1wbGUudGVzdABhbGljZQB4</auth>`: "invalid-authzid", // bob@… as alice
	} {
		c := w.secure()
		c.write(send)
		c.expect("<" + condition)
		if got := c.authenticate(sasl.Plain, "alice", password); !strings.Contains(got, "<success") {
			t.Errorf("after %s: %s", send, got)
		}
	}
}

// auth.delay 0 is no delay; a delay that would outlast the login ends with the stream.
func TestLoginTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Limits.LoginTime = 200 * time.Millisecond })
	c := w.connect()
	c.expect("<header>", "<connection-timeout", "</stream>", "EOF") // §4.9.3.4
	c = w.connect()
	c.open()
	c.expect("<connection-timeout", "</stream>", "EOF")
	nc, err := net.Dial("tcp", w.direct.Addr().String()) // TLS that never begins
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetReadDeadline(time.Now().Add(patience))
	if _, err := nc.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a silent connection: %v", err)
	}
}

// The deadline of the login does not outlive it.
func TestLoggedInTime(t *testing.T) {
	t.Parallel()
	const limit = 3 * time.Second // a busy machine logs in within it
	begin := time.Now()
	c := newWorld(t, func(c *config.Config) { c.Limits.LoginTime = limit }).dial("alice@example.test/a")
	for time.Since(begin) < limit+time.Second {
		c.barrier()
	}
}

// RFC 6120 §7: the resource asked for, one of ours, no other, and no second one.
func TestBind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial("alice@example.test/balcony")
	if c.addr.String() != "alice@example.test/balcony" {
		t.Error(c.addr)
	}
	c.write(`<iq type="set" id="2"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`)
	c.expect("<not-allowed") // §7.6.2.2
	c.write(`<iq type="set" id="3"><session xmlns="urn:ietf:params:xml:ns:xmpp-session"/></iq>`)
	c.expect(`type="result"`)
	if d := w.dial("alice@example.test"); d.addr.Resource() == "" {
		t.Error("no resource was made")
	}
	e := w.secure()
	e.login("alice")
	e.write(`<iq type="set" id="4"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>` + strings.Repeat("x", 1024) + `</resource></bind></iq>`)
	e.expect("<bad-request") // §7.7.2.1
	e.bind("&lt;&apos;")     // B28: escaped everywhere
	e.barrier()
	f := w.dial("alice@example.test/balcony")
	c.ends("conflict") // §7.7.2.2
	f.barrier()
}

// RFC 6120 §7.6.2.1: at most twenty resources.
func TestResourcesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		w.dial("alice@example.test")
	}
	c := w.secure()
	c.login("alice")
	c.write(`<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`)
	c.expect("<resource-constraint")
}

// B29, XEP-0077: registration is not offered where it is closed.
func TestRegistrationIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.secure()
	c.write(`<iq type="get" id="1"><query xmlns="jabber:iq:register"/></iq>`)
	c.expect("<service-unavailable")
	c.write(`<iq type="set" id="2"><query xmlns="jabber:iq:register"><username>eve</username><password>a secret</password></query></iq>`)
	if got := c.next(); !strings.Contains(got, "<service-unavailable") || strings.Contains(got, "secret") {
		t.Error(got)
	}
	c.login("alice")
}

// Connections of one address are bounded, and counted down when they end.
func TestConnectionsPerAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Limits.ConnectionsPerAddress = 2 })
	a := w.dial("alice@example.test/a")
	b := w.connect()
	b.open()
	if got := w.connect().next(); got != "EOF" {
		t.Errorf("a third connection: %s", got)
	}
	a.write(`</stream:stream>`)
	a.expect("</stream>")
	a.nc.Close()
	<-w.gone
	for deadline := time.Now().Add(patience); ; { // the count goes down when the server's reader has ended
		c := w.connect()
		c.nc.Write([]byte(openStream))
		if c.next() == "<header>" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the count stays")
		}
	}
}
