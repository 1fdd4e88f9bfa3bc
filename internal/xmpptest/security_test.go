package xmpptest_test

import (
	"strings"
	"testing"

	"salon.im/salon/internal/xmpptest"
)

const (
	header    = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='example.test'>`
	toVictim  = `<message to='alice@example.test/phone' type='chat'>`
	malformed = "not-well-formed"
	policy    = "policy-violation"
	rejected  = "restricted-xml"
)

// attack is bytes that must end the stream with one of the conditions, separated by spaces.
type attack struct{ row, bytes, want string }

// before are attacks without a login (groups A01-A17). Each is the first that the connection says.
var before = []attack{
	{"A01", "GET / HTTP/1.1\r\nHost: example.test\r\n\r\n", malformed},
	{"A01", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", malformed},
	{"A01", "\x00\x00\x00\x00", "unsupported-encoding"},
	{"A01", "<>", malformed},
	{"A02", `<stream:stream xmlns='jabber:client' xmlns:stream='urn:example' version='1.0' to='example.test'>`, "invalid-namespace"},
	{"A02", `<stream:stream xmlns='urn:example' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='example.test'>`, "invalid-namespace"},
	{"A02", strings.Replace(header, "jabber:client", "jabber:server", 1), "invalid-namespace"},
	{"A03", `<message xmlns='jabber:client' to='alice@example.test'/>`, "bad-format invalid-namespace"},
	{"A04", strings.Replace(header, "example.test", "elsewhere.test", 1), "host-unknown"},
	{"A05", `<?xml version='1.0'?><!DOCTYPE x>` + header[21:], rejected},
	{"A06", `<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + header[21:], rejected},
	{"A07", `<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + header[21:], rejected},
	{"A08", header + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>&undefined;</auth>`, rejected + " " + malformed},
	{"A09", "\xff\xfe<\x00?\x00x\x00m\x00l\x00", "unsupported-encoding " + malformed},
	{"A10", `<?xml version='1.0' encoding='ISO-8859-1'?>` + header[21:], "unsupported-encoding"},
	{"A11", `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='` + strings.Repeat("a", 12<<10), policy},
	{"A11", header[:len(header)-1] + strings.Repeat(" ", 12<<10) + ">", policy},
	{"A11", header[:len(header)-1] + attributes(80) + ">", policy},
	{"A12", "<" + strings.Repeat("a", 12<<10), policy},
	{"A12", header + "<" + strings.Repeat("a", 2<<10) + ">", policy},
	{"A13", header + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>` + strings.Repeat("A", 12<<10), policy},
	{"A14", header + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>` + strings.Repeat("<a>", 40), policy},
	{"A15", header + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' ` + attributes(80) + `/>`, policy},
	{"A16", header + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'` + namespaces(40) + `><a` + namespaces(40) + ">", policy},
	{"A17", header + strings.Repeat(" ", 64<<10) + "<" + strings.Repeat("b", 12<<10), policy},
}

// after are attacks by a user, towards alice (groups C01-C26 and C32-C34).
var after = []attack{
	{"C01", toVictim + `<!-- x --></message>`, rejected},
	{"C02", toVictim + `<?x y?></message>`, rejected},
	{"C03", toVictim + `<body>&nbsp;</body></message>`, rejected + " " + malformed},
	{"C04", toVictim + `<body>x</message>`, malformed},
	{"C05", toVictim + `</presence>`, malformed},
	{"C06", toVictim + `<a b=c/></message>`, malformed},
	{"C07", toVictim + `<a b='1' b='2'/></message>`, malformed},
	{"C08", toVictim + `<a b='<'/></message>`, malformed},
	{"C09", toVictim + `<a b='1'c='2'/></message>`, malformed},
	{"C10", toVictim + `<body>]]></body></message>`, malformed},
	{"C11", toVictim + `<body>& </body></message>`, malformed},
	{"C12", toVictim + `<body>&#0;</body></message>`, malformed},
	{"C13", toVictim + `<body>&#xD800;</body></message>`, malformed},
	{"C14", toVictim + "<body>\x00</body></message>", malformed},
	{"C15", toVictim + "<body>\x08</body></message>", malformed},
	{"C16", toVictim + "<body>\xc0\xaf</body></message>", malformed},
	{"C16", toVictim + "<body>\xed\xa0\x80</body></message>", malformed},
	{"C16", toVictim + "<body>\xf5\x80\x80\x80</body></message>", malformed},
	{"C16", toVictim + "<body>\xef\xbf\xbf</body></message>", malformed},
	{"C17", toVictim + `<x:a/></message>`, malformed},
	{"C18", toVictim + `<a x:b='1'/></message>`, malformed},
	{"C19", toVictim + `<a xmlns:x='' x:b='1'/></message>`, malformed},
	{"C20", toVictim + `<a xmlns:xml='urn:example'/></message>`, malformed},
	{"C20", toVictim + `<a xmlns:xmlns='urn:example'/></message>`, malformed},
	{"C21", toVictim + `<a xmlns:x='urn:e' xmlns:y='urn:e' x:b='1' y:b='2'/></message>`, malformed},
	{"C22", `<!DOCTYPE x [<!ENTITY a "a">]>`, rejected},
	{"C22", `<?xml version='1.0'?>`, rejected + " " + malformed},
	{"C23", toVictim + `<1a/></message>`, malformed},
	{"C23", toVictim + `<a:b:c xmlns:a='urn:e'/></message>`, malformed},
	{"C24", `<message xmlns='jabber:server' to='alice@example.test/phone'><body>x</body></message>`, "invalid-namespace unsupported-stanza-type"},
	{"C25", `<query xmlns='jabber:iq:roster'/>`, "unsupported-stanza-type"},
	{"C26", `stray text`, "bad-format " + malformed},
	{"C32", toVictim + strings.Repeat("<a>", 80), policy},
	{"C33", toVictim + `<a ` + attributes(80) + `/></message>`, policy},
	{"C33", toVictim + `<a` + namespaces(40) + `><b` + namespaces(40) + `/></a></message>`, policy},
	{"C34", toVictim + `<body>` + strings.Repeat("x", 300<<10), policy},
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("x", i) + "=''")
	}
	return b.String()
}

func namespaces(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" xmlns:a" + strings.Repeat("x", i) + "='urn:e'")
	}
	return b.String()
}

// TestBadInput throws what is no XMPP at the server over each transport, as the first of a connection, as the first behind
// STARTTLS, and as a user. Each ends its own stream with the RFC's condition (RFC 6120 §4.9.3); alice receives nothing of it,
// two others keep talking, and it takes little memory.
func TestBadInput(t *testing.T) { // not in parallel: it watches the memory of the process
	for _, over := range xmpptest.Transports() {
		t.Run(over.String(), func(t *testing.T) {
			s := xmpptest.StartOver(t, over)
			alice := s.Online("alice@example.test/phone")
			others := watch(t, s)
			grown := heap()
			for _, stage := range []string{"raw", "encrypted"} {
				for _, a := range before {
					try(t, s.At("mallory@example.test/x", stage), a)
				}
			}
			for _, a := range after {
				try(t, s.At("mallory@example.test/x", "bound"), a)
			}
			if by := grown(); by > memory {
				t.Errorf("%d MiB more", by>>20)
			}
			others.stop()
			for _, st := range alice.Barrier() {
				t.Errorf("alice received %s", st.Append(nil))
			}
		})
	}
}

func try(t *testing.T, c *xmpptest.Client, a attack) {
	t.Helper()
	_ = c.TrySend(a.bytes) // the server may close before all of it is written
	got, err := c.TryEnd()
	if err != nil {
		t.Errorf("%s %.80q: %v", a.row, a.bytes, err)
	} else if !strings.Contains(" "+a.want+" ", " "+got+" ") {
		t.Errorf("%s %.80q: the stream ends with %q, not %s", a.row, a.bytes, got, a.want)
	}
}
