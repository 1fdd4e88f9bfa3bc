package wire_test

import (
	"errors"
	"strings"
	"testing"

	"mellium.im/xmpp/stream"

	"salon.im/salon/wire"
)

// condition is the stream error that an input ends with under the limits of the login, or "".
func condition(header, in string) (stanzas int, cond string) {
	s := scanChunks([]byte(header+in), nil)
	var se *wire.SyntaxError
	if errors.As(s.err, &se) {
		cond = se.Condition
	}
	return len(s.stanzas), cond
}

const streams = ` xmlns:stream='http://etherx.jabber.org/streams'`

// TestHeaderConditions: RFC 6120 §4.7–§4.9.3, §11; security rows A05–A12.
func TestHeaderConditions(t *testing.T) {
	ok := `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`
	for i, c := range []struct{ in, want string }{
		{ok, ""},
		{`<?xml version="1.0" encoding='utf-8' standalone='yes' ?>` + "\r\n" + ok, ""},
		{"\n" + ok, ""},
		{"\n<?xml version='1.0'?>" + ok, "restricted-xml"},
		{`<?xml version='1.0'?><?xml version='1.0'?>` + ok, "restricted-xml"},
		{`<?xml version='1.1'?>` + ok, "not-well-formed"},
		{`<?xml encoding='UTF-8'?>` + ok, "not-well-formed"},
		{`<?xml version='1.0' foo='1'?>` + ok, "not-well-formed"},
		{`<?xml version='1.0'encoding='UTF-8'?>` + ok, "not-well-formed"},
		{`<?xml encoding='UTF-8' version='1.0'?>` + ok, "not-well-formed"},
		{`<?xml version='1.0' ` + strings.Repeat(" ", 300), "not-well-formed"},
		{`<?xml version='1.0' encoding='ISO-8859-1'?>` + ok, "unsupported-encoding"},
		{"\xff\xfe<\x00", "unsupported-encoding"},
		{"\xfe\xff\x00<", "unsupported-encoding"},
		{"<\x00s\x00", "unsupported-encoding"},
		{"\x00<\x00s", "unsupported-encoding"},
		{"\xef\xbb\xbf" + ok, "not-well-formed"},
		{"GET / HTTP/1.1\r\n", "not-well-formed"},
		{"\x16\x03\x01\x02\x00\x01", "not-well-formed"},
		{"</stream:stream>", "not-well-formed"},
		{`<!DOCTYPE stream [<!ENTITY a "b">]>` + ok, "restricted-xml"},
		{`<!-- -->` + ok, "restricted-xml"},
		{`<stream:stream xmlns='jabber:client'>`, "bad-namespace-prefix"},
		{`<stream:stream xmlns='jabber:client'` + streams + ` x:y='1'>`, "bad-namespace-prefix"},
		{`<stream:stream xmlns='jabber:client' xmlns:stream='http://example.org/'>`, "invalid-namespace"},
		{`<stream xmlns='jabber:client'>`, "invalid-namespace"},
		{`<stream:stream xmlns='jabber:unknown'` + streams + `>`, "invalid-namespace"},
		{`<stream:stream` + streams + `>`, "invalid-namespace"},
		{`<stream:flow xmlns='jabber:client'` + streams + `>`, "bad-format"},
		{`<message xmlns='jabber:client'/>`, "bad-format"},
		{`<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client'>`, ""},
		{`<f:stream xmlns='jabber:server' xmlns:f='http://etherx.jabber.org/streams'></f:stream>`, ""},
		{`<f:stream xmlns='jabber:server' xmlns:f='http://etherx.jabber.org/streams'></stream:stream>`, "not-well-formed"},
		{ok[:len(ok)-1] + ` version='x'>`, "unsupported-version"},
		{ok[:len(ok)-1] + ` version='1.0' version='1.0'>`, "not-well-formed"},
		{ok[:len(ok)-1] + ` a="<">`, "not-well-formed"},
		{ok[:len(ok)-1] + ` a="&e;">`, "restricted-xml"},
		{ok[:len(ok)-1] + ` xmlns:xml='urn:x'>`, "not-well-formed"},
		{ok[:len(ok)-1] + ` a="` + strings.Repeat("a", 11<<10), "policy-violation"},
		{`<` + strings.Repeat("a", 1100) + `>`, "policy-violation"},
		{ok[:len(ok)-1] + strings.Repeat(` a`, 11<<10), "not-well-formed"},
		{ok[:len(ok)-1] + manyAttrs(63), "policy-violation"},
		{ok[:len(ok)-1] + strings.Repeat(" ", 11<<10), "policy-violation"},
		{ok[:len(ok)-1] + `/>`, ""},
		{ok + `</stream:stream> <x/>`, "not-well-formed"},
	} {
		if _, got := condition("", c.in); got != c.want {
			t.Errorf("%d: %.80q: %q, want %q", i, c.in, got, c.want)
		}
	}
}

func manyAttrs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + "='1'")
	}
	return b.String()
}

// TestStanzaConditions: RFC 6120 §4.9.3, §11; security rows A13–A17, C01–C26, C31–C34. Nothing before the fault is lost,
// nothing of it is delivered.
func TestStanzaConditions(t *testing.T) {
	deep := func(n int) string {
		return "<message>" + strings.Repeat("<a xmlns='u'>", n-1) + strings.Repeat("</a>", n-1) + "</message>"
	}
	const nwf = "not-well-formed"
	for i, c := range []struct{ in, want string }{
		{`<message><!-- c --></message>`, "restricted-xml"},
		{`<message><?pi x?></message>`, "restricted-xml"},
		{`<!-- -->`, "restricted-xml"},
		{`<![CDATA[x]]>`, "restricted-xml"},
		{`<?xml version='1.0'?>`, "restricted-xml"},
		{`<!DOCTYPE x [<!ENTITY a 'b'>]>`, "restricted-xml"},
		{`<message>&foo;</message>`, "restricted-xml"},
		{`<message a='&foo;'/>`, "restricted-xml"},
		{`<message>&averylongentityname;</message>`, "restricted-xml"},
		{`<message>& </message>`, nwf},
		{`<message>&#0;</message>`, nwf},
		{`<message>&#xD800;</message>`, nwf},
		{`<message>&#xFFFF;</message>`, nwf},
		{`<message>&#x110000;</message>`, nwf},
		{`<message>&#;</message>`, nwf},
		{`<message>&#x;</message>`, nwf},
		{`<message>&;</message>`, nwf},
		{`<message>&lt</message>`, nwf},
		{`<message>&#99999999999999;</message>`, nwf},
		{`<message><a></b></message>`, nwf},
		{`<message></presence>`, nwf},
		{`<message></messagex>`, nwf},
		{`<message><x:a/></message>`, ""},
		{`<message><u:a/></message>`, nwf},
		{`<message u:a='1'/>`, nwf},
		{`<message></x:message>`, nwf},
		{`<message a='1' a='2'/>`, nwf},
		{`<message to='a' to='b'/>`, nwf},
		{`<message xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>`, nwf},
		{`<message xmlns:a='u' xmlns:b='&#117;' a:x='1' b:x='2'/>`, nwf},
		{`<message a=1/>`, nwf},
		{`<message a/>`, nwf},
		{`<message a='1'b='2'/>`, nwf},
		{`<message a='<'/>`, nwf},
		{`<message / >`, nwf},
		{`< message/>`, nwf},
		{`<message><></></message>`, nwf},
		{`<1message/>`, nwf},
		{`<a:b:c/>`, nwf},
		{`<message><:a/></message>`, nwf},
		{`<message><x:/></message>`, nwf},
		{`<message><é/></message>`, nwf},
		{`<message>]]></message>`, nwf},
		{"<message>\x00</message>", nwf},
		{"<message>\x0b</message>", nwf},
		{"<message a='\x1f'/>", nwf},
		{"<message>\xff</message>", nwf},
		{"<message>\xc0\xaf</message>", nwf},
		{"<message>\xed\xa0\x80</message>", nwf},
		{"<message>\xef\xbf\xbe</message>", nwf},
		{"<message>\xf4\x90\x80\x80</message>", nwf},
		{"<message a='\xe2\x28\xa1'/>", nwf},
		{"<message><![CDATA[\x01]]></message>", nwf},
		{"<message><![CDATA[\xff]]></message>", nwf},
		{"<\xff/>", nwf},
		{`<message><a xmlns:p=''/></message>`, nwf},
		{`<message><a xmlns:xml='urn:x'/></message>`, nwf},
		{`<message><a xmlns:xmlns='urn:x'/></message>`, nwf},
		{`<message><a xmlns:y='http://www.w3.org/XML/1998/namespace'/></message>`, nwf},
		{`<message><a xmlns='http://www.w3.org/2000/xmlns/'/></message>`, nwf},
		{`<message><xmlns:a/></message>`, nwf},
		{`<message><a xmlns:xml='http://www.w3.org/XML/1998/namespace'/></message>`, ""},
		{`<message xmlns='jabber:server'/>`, "invalid-namespace"},
		{`<message xmlns='urn:x'/>`, "invalid-namespace"},
		{`<iq xmlns=''/>`, "invalid-namespace"},
		{`<foo/>`, "unsupported-stanza-type"},
		{`<foo xmlns=''/>`, "unsupported-stanza-type"},
		{`<stream:stream xmlns='jabber:client'>`, "unsupported-stanza-type"},
		{`stray`, "bad-format"},
		{`&lt;`, "bad-format"},
		{`</message>`, nwf},
		{`</stream:stream x>`, nwf},
		{deep(16), ""},
		{deep(17), "policy-violation"},
		{`<message` + manyAttrs(64) + `/>`, ""},
		{`<message` + manyAttrs(65) + `/>`, "policy-violation"},
		{`<message><a` + manyAttrs(65) + `/></message>`, "policy-violation"},
		{`<message>` + nested(64), "policy-violation"},
		{`<message>` + strings.Repeat("a", 10<<10), "policy-violation"},
		{`<message a='` + strings.Repeat("a", 10<<10), "policy-violation"},
		{`<message><` + strings.Repeat("a", 1100), "policy-violation"},
		{`<message>` + strings.Repeat("<a/>", 513) + `</message>`, "policy-violation"},
		{`<message>` + strings.Repeat("<a/>", 512) + `</message>`, ""},
		{`<message` + strings.Repeat(" ", 10<<10), "policy-violation"},
		{strings.Repeat(" ", 100<<10), ""},
	} {
		n, got := condition(clientHeader, `<presence/>`+c.in)
		want := 1
		if c.want == "" && !strings.HasPrefix(c.in, " ") {
			want = 2
		}
		if got != c.want || n != want {
			t.Errorf("%d: %.80q: %q after %d stanzas, want %q after %d", i, c.in, got, n, c.want, want)
		}
	}
}

// nested declares five prefixes at each of n/5+1 levels.
func nested(n int) string {
	return strings.Repeat("<a xmlns:a='u' xmlns:b='u' xmlns:c='u' xmlns:d='u' xmlns:e='u'>", n/5+1)
}

// TestBounds: the last element within a limit passes, byte for byte.
func TestBounds(t *testing.T) {
	for i, c := range []struct {
		size int
		want string
	}{{10 << 10, ""}, {10<<10 + 1, "policy-violation"}} {
		in := "<message>" + strings.Repeat("a", c.size-len("<message></message>")) + "</message>"
		if _, got := condition(clientHeader, in); got != c.want {
			t.Errorf("%d: %d bytes: %q", i, len(in), got)
		}
		in = "<message a='" + strings.Repeat("a", c.size-len("<message a=''/>")) + "'/>"
		if _, got := condition(clientHeader, in); got != c.want {
			t.Errorf("%d: %d bytes of tag: %q", i, len(in), got)
		}
	}
}

func TestSyntaxError(t *testing.T) {
	_, err := scan(t, clientHeader, `<presence/><message><a></b>`)
	var se *wire.SyntaxError
	if !errors.As(err, &se) || !errors.Is(err, stream.NotWellFormed) || errors.Is(err, stream.BadFormat) {
		t.Fatal(err)
	}
	if se.Stream().Err != "not-well-formed" || se.Offset != int64(len(clientHeader)+len(`<presence/><message><a>`)) {
		t.Error(se)
	}
}
