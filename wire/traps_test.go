package wire_test

import (
	"strings"
	"testing"
	"time"
	"unsafe"

	"salon.im/salon/wire"
)

// canon reads one stanza behind the usual header and returns it as a client gets it, and as it is stored.
func canon(t *testing.T, in string) (onStream, alone string) {
	st := one(t, in)
	return string(st.Append(nil)), string(st.AppendStandalone(nil))
}

// TestHeaderPrefixes: what the stream header declared is declared on the stanza that uses it (Namespaces in XML §6).
func TestHeaderPrefixes(t *testing.T) {
	for i, c := range []struct{ in, want string }{
		{`<message><x:a><x:b/></x:a></message>`, `<message xml:lang="en" xmlns:x="urn:x"><x:a><x:b/></x:a></message>`},
		{`<message><a xmlns='u' x:b='1'/></message>`, `<message xml:lang="en" xmlns:x="urn:x"><a xmlns="u" x:b="1"/></message>`},
		{`<message><stream:error/></message>`, `<message xml:lang="en" xmlns:stream="http://etherx.jabber.org/streams"><stream:error/></message>`},
		{`<message xmlns:x='urn:own'><x:a/></message>`, `<message xml:lang="en" xmlns:x='urn:own'><x:a/></message>`},
		{`<x:m/>`, `<m xmlns="urn:x"/>`},
		{`<stream:error><a xmlns='u'>b</a></stream:error>`, `<stream:error><a xmlns="u">b</a></stream:error>`},
		{`<stream:error><stream:a/></stream:error>`, `<error xmlns="http://etherx.jabber.org/streams" xmlns:stream="http://etherx.jabber.org/streams"><stream:a/></error>`},
	} {
		if got, _ := canon(t, c.in); got != c.want {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// TestLang: the header's language is the stanza's where it has none (RFC 6120 §4.7.4, §8.1.5).
func TestLang(t *testing.T) {
	for i, c := range []struct{ in, lang, want string }{
		{`<presence/>`, "en", `<presence xml:lang="en"/>`},
		{`<presence xml:lang='de'/>`, "de", `<presence xml:lang='de'/>`},
		{`<presence xml:lang=''/>`, "", `<presence xml:lang=''/>`},
	} {
		st := one(t, c.in)
		if got := string(st.Append(nil)); got != c.want || st.Lang() != c.lang {
			t.Errorf("%d: %s, %q", i, got, st.Lang())
		}
	}
}

// TestContentNamespaces: jabber:client and jabber:server are one; explicit ones go where they are redundant and stay
// where a payload needs them (RFC 6120 §4.8.3, XEP-0297 §3).
func TestContentNamespaces(t *testing.T) {
	const server = `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>`
	const forwarded = `<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client"><body>x</body></message></forwarded>`
	for i, c := range []struct{ header, in, want string }{
		{clientHeader, `<message xml:lang='' xmlns='jabber:client'><body/></message>`, `<message xml:lang=''><body/></message>`},
		{server, `<message xmlns='jabber:server'><body/></message>`, `<message><body/></message>`},
		{server, `<message><body xmlns='jabber:client'/></message>`, `<message><body/></message>`},
		{server, `<message><body xmlns='jabber:server'/></message>`, `<message><body/></message>`},
		{server, `<message><b:body xmlns:b='jabber:server'/></message>`, `<message><body xmlns:b="jabber:server"/></message>`},
		{server, `<message>` + forwarded + `</message>`, `<message>` + forwarded + `</message>`},
	} {
		all, err := scan(t, c.header, c.in)
		if err != nil || len(all) != 1 {
			t.Fatal(i, err)
		}
		if got := string(all[0].Append(nil)); got != c.want || all[0].Name().Space != wire.NSClient {
			t.Errorf("%d: %s", i, got)
		}
		if !all[0].Has("", "body") && !all[0].Has("urn:xmpp:forward:0", "forwarded") {
			t.Errorf("%d: the body is lost", i)
		}
		if got := string(all[0].AppendStandalone(nil)); got != strings.Replace(c.want, "<message", `<message xmlns="jabber:client"`, 1) {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// TestChunks: every cut, byte by byte, gives what the whole gives.
func TestChunks(t *testing.T) {
	for _, in := range fuzzSeeds {
		whole := scanChunks([]byte(clientHeader+in), nil)
		for size := range 17 {
			pieces := scanChunks([]byte(clientHeader+in), []byte{byte(size)})
			comparePieces(t, whole, pieces)
		}
	}
}

// TestTrickle: bytes one at a time cost no more than twice the work, whatever they are. Quadratic work would take minutes.
func TestTrickle(t *testing.T) {
	const size = 200 << 10
	for i, in := range []string{
		`<message><body>` + strings.Repeat("a", size),
		`<message><body>` + strings.Repeat("]", size),
		`<message><body a='` + strings.Repeat(">", size),
		`<message` + strings.Repeat(" ", size),
		`<message><a></a` + strings.Repeat(" ", size),
		`<message><![CDATA[` + strings.Repeat("]", size),
	} {
		sc := wire.NewScanner(wire.SessionLimits)
		if _, _, err := sc.Next([]byte(clientHeader)); err != nil {
			t.Fatal(err)
		}
		b := []byte(in)
		start := time.Now()
		for n := range b {
			tok, consumed, err := sc.Next(b[: n+1 : n+1])
			if tok.Type != wire.TokenMore || consumed != 0 || err != nil {
				t.Fatal(i, n, tok.Type, consumed, err)
			}
			if n > 2 && !sc.InStanza() {
				t.Fatal(i, "not in a stanza")
			}
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%d: %v", i, d)
		}
	}
}

// TestSplice: whatever stands in an address arrives as it left (RFC 6120 §8.1; XML 1.0 §3.3.3).
func TestSplice(t *testing.T) {
	st := one(t, `<message from='forged@evil.example' x:to='no' to="a@b/&quot;&#39;&lt;&gt;&amp;" xmlns:x='urn:q' id='1'/>`)
	if st.To().Resource() != `"'<>&` || st.From().String() != "forged@evil.example" {
		t.Fatal(st.To(), st.From())
	}
	got := string(st.WithFrom(wire.MustAddr("real@b/c")).Append(nil))
	if got != `<message from="real@b/c" to="a@b/&quot;&apos;&lt;&gt;&amp;" xml:lang="en" x:to='no' xmlns:x='urn:q' id='1'/>` {
		t.Error(got)
	}
	if got = string(st.WithFrom(wire.Addr{}).WithTo(wire.Addr{}).Append(nil)); strings.Contains(got, "forged") || strings.Contains(got, ` to=`) {
		t.Error(got)
	}
	if got = string(wire.AppendAttr(nil, "a", "\t\n\r<>&'\"\x00\xff\ufffeé")); got != ` a="&#9;&#10;&#13;&lt;&gt;&amp;&apos;&quot;`+"\ufffdé\"" {
		t.Errorf("%q", got)
	}
}

// TestEndTags: the literal name, white space before `>`, the stream's own prefix.
func TestEndTags(t *testing.T) {
	st := one(t, "<message><a xmlns='u'></a\n></message >")
	if st.NumKids() != 1 {
		t.Error(st.NumKids())
	}
	for i, c := range []struct{ in, want string }{
		{`</stream:stream>`, ""}, {"</stream:stream \n>", ""}, {`</stream>`, "not-well-formed"}, {`</stream:streams>`, "not-well-formed"},
	} {
		s := scanChunks([]byte(clientHeader+c.in), []byte{0})
		if _, got := condition(clientHeader, c.in); got != c.want || s.closed != (c.want == "") {
			t.Errorf("%d: %q, closed %v", i, got, s.closed)
		}
	}
}

// TestKeepalive: white space between stanzas is consumed at once and is no stanza, however much there is (RFC 6120 §4.6.1).
func TestKeepalive(t *testing.T) {
	sc := wire.NewScanner(wire.LoginLimits)
	_, n, err := sc.Next([]byte(clientHeader + " \n"))
	if n != len(clientHeader) || err != nil {
		t.Fatal(n, err)
	}
	for range 100 {
		tok, n, err := sc.Next([]byte(strings.Repeat(" \t\r\n", 1<<10)))
		if tok.Type != wire.TokenMore || n != 4<<10 || err != nil || sc.InStanza() {
			t.Fatal(tok.Type, n, err)
		}
	}
	tok, n, err := sc.Next([]byte("  <r xmlns='urn:xmpp:sm:3'/> "))
	if tok.Type != wire.TokenStanza || n != 28 || err != nil || tok.Stanza().Kind() != wire.KindOther {
		t.Fatal(tok.Type, n, err)
	}
}

// TestMalformedAddr: a reference hides nothing from the address rules; what is no address is told (RFC 6120 §8.3.3.8).
func TestMalformedAddr(t *testing.T) {
	for i, c := range []struct {
		in, to string
		bad    bool
	}{
		{`<message to='a@b&#10;'/>`, "", true},
		{`<message to='a&#64;b'/>`, "a@b", false},
		{`<message to=''/>`, "", true},
		{`<message to='a b@c'/>`, "", true},
		{`<message from='@'/>`, "", true},
		{`<message/>`, "", false},
	} {
		st := one(t, c.in)
		if st.To().String() != c.to || (st.Malformed() != nil) != c.bad || strings.Contains(string(st.Append(nil)), "&#") {
			t.Errorf("%d: %q %v %s", i, st.To(), st.Malformed(), st.Append(nil))
		}
	}
}

// TestNamespaceValues: names are compared as what they mean.
func TestNamespaceValues(t *testing.T) {
	st := one(t, `<message><a xmlns='urn:x&#109;pp'/><p:b xmlns:p='urn:x&#x6d;pp'/></message>`)
	if !st.Has("urn:xmpp", "a") || !st.Has("urn:xmpp", "b") {
		t.Error(string(st.Append(nil)))
	}
	if _, err := scan(t, clientHeader, `<message xmlns='jabber&#58;client'/>`); err != nil {
		t.Error(err)
	}
}

// TestUnusual: CDATA, literal white space in attributes and prefixed stanzas mean the same afterwards; security rows
// C27–C30.
func TestUnusual(t *testing.T) {
	for i, c := range []struct{ in, want string }{
		{`<message><body><![CDATA[</body></message><iq/>&]]></body></message>`, `<message xml:lang="en"><body>&lt;/body&gt;&lt;/message&gt;&lt;iq/&gt;&amp;</body></message>`},
		{"<message id='a\tb\r\nc'/>", `<message xml:lang="en" id="a b c"/>`},
		{"<message id='a&#10;b'/>", `<message xml:lang="en" id='a&#10;b'/>`},
		{"<message>a\r\nb\rc</message>", "<message xml:lang=\"en\">a\nb\nc</message>"},
		{`<c:message xmlns:c='jabber:client'><c:body>x</c:body><y/></c:message>`, `<message xml:lang="en" xmlns:c="jabber:client"><body>x</body><y/></message>`},
	} {
		if got, _ := canon(t, c.in); got != c.want {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// TestGrowth: what we write is at most five times what we read; security row C31.
func TestGrowth(t *testing.T) {
	uri := strings.Repeat("u", 2000)
	header := strings.Replace(clientHeader, "urn:x", uri, 1)
	for i, in := range []string{
		`<message><x:a/></message>`,
		`<c:message xmlns:c='jabber:client' xmlns='` + uri + `'>` + strings.Repeat("<a/>", 500) + `</c:message>`,
	} {
		if n, got := condition(header, in); n != 0 || got != "policy-violation" {
			t.Errorf("%d: %d stanzas, %q", i, n, got)
		}
	}
	in := `<message><a xmlns='` + uri + `'>` + strings.Repeat("<b/>", 500) + `</a></message>`
	if st := one(t, in); st.Len() > len(in)+len(` xml:lang="en"`) {
		t.Error(st.Len())
	}
}

// TestRestart: nothing of the old stream stays (RFC 6120 §4.3.3).
func TestRestart(t *testing.T) {
	sc := wire.NewScanner(wire.LoginLimits)
	next := func(in string) (wire.Token, error) {
		tok, _, err := sc.Next([]byte(in))
		return tok, err
	}
	if _, err := next(clientHeader); err != nil {
		t.Fatal(err)
	}
	if _, err := next("<message><a"); err != nil || !sc.InStanza() {
		t.Fatal(err)
	}
	sc.Reset()
	for _, part := range []string{"<", "<?xml", "<?xml version='1.0'?>", "<stream:stream "} {
		if tok, err := next(part); err != nil || tok.Type != wire.TokenMore || !sc.InStanza() {
			t.Fatal(part, err)
		}
	}
	sc.Reset()
	if sc.InStanza() {
		t.Fatal("still in the stanza")
	}
	tok, err := next("\n" + strings.Replace(clientHeader, "to='example.org'", "to='other.example' from='a@b' id='7'", 1))
	h := tok.Header
	if err != nil || h.To.String() != "other.example" || h.From.String() != "a@b" || h.ID != "7" || h.Version != "1.0" || h.Lang != "en" || h.ContentNS != wire.NSClient || h.Prefix != "stream" || !h.XMLDecl {
		t.Fatal(h, err)
	}
}

// TestPending: an unfinished tag between stanzas is pending, too.
func TestPending(t *testing.T) {
	sc := wire.NewScanner(wire.LoginLimits)
	for i, c := range []struct {
		in      string
		pending bool
	}{{"", false}, {clientHeader, false}, {" ", false}, {"<", true}, {"</", true}, {"</stream:stream ", true}, {"</stream:stream>", false}, {"", false}} {
		if _, _, err := sc.Next([]byte(c.in)); err != nil || sc.InStanza() != c.pending {
			t.Errorf("%d: %v, %v", i, sc.InStanza(), err)
		}
	}
}

func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(wire.Addr{}); n != 24 {
		t.Errorf("Addr: %d bytes", n)
	}
	if n := unsafe.Sizeof(wire.Stanza{}); n != 56 {
		t.Errorf("Stanza: %d bytes", n)
	}
	if n := unsafe.Sizeof(wire.Scanner{}); n > 200 {
		t.Errorf("Scanner: %d bytes", n)
	}
}
