package wire_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"mellium.im/xmpp/disco"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/roster"
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

func TestIndex(t *testing.T) {
	st := one(t, `<iq type='s&#101;t' id='a&amp;b' to='b' extra='&gt;' x:extra='no'><q xmlns='u:q' node='n'>one <i a='1'>x</i>&lt;two<i a='2'/> three</q><x:y/></iq>`)
	if st.Kind() != wire.KindIQ || st.Name() != (xml.Name{Space: wire.NSClient, Local: "iq"}) || st.Type() != "set" ||
		st.ID() != "a&b" || st.Attr("extra") != ">" || st.Attr("none") != "" || st.Attr("to") != "" || st.NumKids() != 2 {
		t.Error(st.Kind(), st.Name(), st.Type(), st.ID(), st.Attr("extra"), st.NumKids())
	}
	q, ok := st.Kid("u:q", "q")
	if !ok || !q.Is("u:q", "q") || q.Is("", "q") || q.Attr("node") != "n" || q.Text() != "one <two three" || !q.HasAttr("node") || q.HasAttr("nod") {
		t.Error(q.Name(), q.Text())
	}
	var got []string
	for i := range q.Kids() {
		got = append(got, i.Attr("a")+i.Text()+i.Name().Space)
	}
	if strings.Join(got, ",") != "1xu:q,2u:q" {
		t.Error(got)
	}
	if i, ok := q.Kid("", "i"); !ok || i.Attr("a") != "1" {
		t.Error("the first i of the query's namespace")
	}
	if _, ok := q.Kid("", "j"); ok || st.Has("", "q") || !st.Has("urn:x", "y") {
		t.Error("found what is not there")
	}
	if got := one(t, `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGE&#65;</auth>`); got.Text() != "AGEA" || got.Attr("mechanism") != "PLAIN" || got.Kind() != wire.KindOther {
		t.Error(got.Text())
	}
}

// TestZero: the zero values answer and write nothing.
func TestZero(t *testing.T) {
	var st wire.Stanza
	if !st.IsZero() || st.Len() != 0 || st.Has("", "a") || st.Text() != "" || st.Attr("a") != "" || st.Payload() != nil || len(st.Append(nil)) != 0 || st.Name().Local != "" {
		t.Error("the zero stanza is something")
	}
	if _, err := st.TokenReader().Token(); err == nil {
		t.Error("a token of nothing")
	}
	var k wire.Kid
	if k.Text() != "" || k.Attr("a") != "" || k.Payload() != nil || k.Is("", "") || k.Name().Local != "" || k.Decode(&struct{}{}) == nil {
		t.Error("the zero kid is something")
	}
	for range k.Kids() {
		t.Error("a child of nothing")
	}
	if !wire.New(wire.KindIQ, "", "", wire.Addr{}, wire.Addr{}, wire.Payload("<a>")).IsZero() || !wire.NewNonza(nil).IsZero() {
		t.Error("made of nothing")
	}
}

func TestPayload(t *testing.T) {
	st := one(t, `<message xmlns:p='urn:p' xmlns:q='urn:q'><p:a q:b='1'><c/></p:a><d xmlns='u'><e f='&lt;'/></d><body>x</body></message>`)
	want := []string{`<p:a xmlns:p="urn:p" xmlns:q="urn:q" q:b='1'><c/></p:a>`, `<d xmlns='u'><e f='&lt;'/></d>`, `<body>x</body>`}
	i := 0
	for k := range st.Kids() {
		if got := string(k.Payload()); got != want[i] {
			t.Errorf("%d: %s", i, got)
		}
		i++
	}
	if got := string(st.Payload()); got != strings.Join(want, "") {
		t.Error(got)
	}
	d, _ := st.Kid("u", "d")
	e, _ := d.Kid("", "e")
	if got := string(e.Payload()); got != `<e xmlns="u" f='&lt;'/>` {
		t.Error(got)
	}
	a, _ := st.Kid("urn:p", "a")
	c, ok := a.Kid(wire.NSClient, "c")
	if got := string(c.Payload()); !ok || got != `<c/>` {
		t.Error(got)
	}
	w := wire.NewWriter().Start("urn:w", "w").Raw(st.Payload()).Raw(nil)
	if got := string(w.Payload()); got != `<w xmlns="urn:w"><p:a xmlns="jabber:client" xmlns:p="urn:p" xmlns:q="urn:q" q:b='1'><c/></p:a><d xmlns='u'><e f='&lt;'/></d><body xmlns="jabber:client">x</body></w>` {
		t.Error(got)
	}
}

func TestEdit(t *testing.T) {
	a := wire.MustAddr("a@b/c")
	st := one(t, `<message to='a@b/c' id='1' type='chat' x='"' xmlns:p='urn:p'>t<p:a/>u<b/><delay xmlns='d'/>v</message>`)
	extra := wire.NewWriter().Elem("n", "n", "").Payload()
	for i, c := range []struct {
		edit *wire.Edit
		want string
	}{
		{st.Edit(), `<message to="a@b/c" id="1" type="chat" xml:lang="en" x='"' xmlns:p='urn:p'>t<p:a/>u<b/><delay xmlns='d'/>v</message>`},
		{st.Edit().Cut(func(k wire.Kid) bool { return k.Is("d", "delay") }).Cut(func(k wire.Kid) bool { return k.Is("", "b") }).Append(extra), `<message to="a@b/c" id="1" type="chat" xml:lang="en" x='"' xmlns:p='urn:p'>t<p:a/>uv<n xmlns="n"/></message>`},
		{st.Edit().Cut(func(wire.Kid) bool { return true }).Prepend(extra).SetID("").SetType("a'b").SetLang(""), `<message to="a@b/c" type="a&apos;b" x='"' xmlns:p='urn:p'><n xmlns="n"/>tuv</message>`},
	} {
		got := strings.ReplaceAll(string(c.edit.Stanza().Append(nil)), `x="&quot;"`, `x='"'`)
		if got = strings.ReplaceAll(got, `"urn:p"`, `'urn:p'`); got != c.want {
			t.Errorf("%d: %s", i, got)
		}
	}
	if st.Edit().SetLang("").Stanza().Lang() != "" || st.Edit().Stanza().To() != a || st.ID() != "1" {
		t.Error("the original or its addresses changed")
	}
	if n := one(t, `<r xmlns='urn:xmpp:sm:3'/>`); string(n.Edit().SetID("1").Stanza().Append(nil)) != string(n.Append(nil)) {
		t.Error("a nonza was edited")
	}
}

func TestWith(t *testing.T) {
	for in, want := range map[string]string{
		`<message to='a@b/c' id='1' xmlns:p='urn:p'>t<p:a/><delay xmlns='d'/>v</message>`: `<message to="a@b/c" xml:lang="en" id='1' xmlns:p='urn:p'>t<p:a/><delay xmlns='d'/>v<n xmlns="n"><m/></n></message>`,
		`<presence/>`:                        `<presence xml:lang="en"><n xmlns="n"><m/></n></presence>`,
		`<iq id='2' type='get'><body/></iq>`: `<iq xml:lang="en" id='2' type='get'><body/><n xmlns="n"><m/></n></iq>`,
		`<r xmlns='urn:xmpp:sm:3'/>`:         `<r xmlns='urn:xmpp:sm:3'/>`,
	} {
		st := one(t, in)
		got := st.With(wire.Payload(`<n xmlns="n"><m/></n>`))
		if string(got.Append(nil)) != want {
			t.Errorf("%s", got.Append(nil))
		}
		if k, ok := got.Kid("n", "n"); st.Kind() != wire.KindOther && (!ok || string(k.Payload()) != `<n xmlns="n"><m/></n>`) {
			t.Errorf("%s: the child is %s", in, k.Payload())
		}
	}
	st := one(t, `<message><body/></message>`)
	for _, bad := range []string{``, `<a>`, `<a/><b/>`, `x`, `<p:a/>`} {
		if got := st.With(wire.Payload(bad)); !got.IsZero() {
			t.Errorf("%q was added: %s", bad, got.Append(nil))
		}
	}
	if got := st.With(wire.Payload(`<message to='x'/>`)); string(got.Append(nil)) != `<message xml:lang="en"><body/><message to='x'/></message>` {
		t.Errorf("%s", got.Append(nil))
	}
}

func TestReplies(t *testing.T) {
	st := one(t, `<iq type='get' id='1' from='a@b/c' to='d'><q xmlns='u'/></iq>`)
	if got := string(st.Result(nil).Append(nil)); got != `<iq from="d" to="a@b/c" id="1" type="result"/>` {
		t.Error(got)
	}
	e := stanza.Error{Type: stanza.Auth, Condition: stanza.NotAuthorized, By: jid.MustParse("d"), Text: map[string]string{"en": "a <b>"}}
	if got := string(st.ErrorReply(e).Append(nil)); got != `<iq from="d" to="a@b/c" id="1" type="error"><q xmlns='u'/><error type="auth" by="d"><not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/><text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">a &lt;b&gt;</text></error></iq>` {
		t.Error(got)
	}
	big := one(t, `<message from='a@b/c'><body>`+strings.Repeat("a", 4<<10)+`</body></message>`)
	if reply := big.ErrorReply(e); reply.NumKids() != 1 || reply.Type() != "error" || reply.To() != big.From() {
		t.Error(reply.NumKids())
	}
}

// RFC 6120 §8.3.3.5, §8.3.4.
func TestErrorReplyDetail(t *testing.T) {
	st := wire.New(wire.KindIQ, "get", "1", wire.MustAddr("a@b/c"), wire.MustAddr("d"))
	e := stanza.Error{Type: stanza.Cancel, Condition: stanza.Gone, Text: map[string]string{"en": "x"}}
	text := `<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">x</text></error>`
	for _, c := range []struct {
		name   string
		detail wire.Payload
		want   string
	}{
		{"the condition itself", wire.NewWriter().Elem(stanza.NSError, "gone", "xmpp:e?join").Payload(),
			`<error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">xmpp:e?join</gone>` + text},
		{"another condition", wire.NewWriter().Elem("urn:x", "gone", "y").Payload(),
			`<error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>` + strings.TrimSuffix(text, "</error>") + `<gone xmlns="urn:x">y</gone></error>`},
	} {
		if got := string(st.ErrorReply(e, c.detail).Append(nil)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// TestWriter: whatever it is told, what it writes is well-formed.
func TestWriter(t *testing.T) {
	w := wire.NewWriter().Start("u", "a").Attr("x", `<'">`).AttrIf("y", "").AttrIf("xml:lang", "de").
		Elem("", "b", "1\x00\xff2").ElemIf("", "no", "").Elem("v", "c", "").Start("jabber:server", "d").Start("", "e").End().End().Text("]]>").End().ElemIf("", "body", "&")
	if got := string(w.Payload()); got != `<a xmlns="u" x="&lt;&apos;&quot;&gt;" xml:lang="de"><b>1`+"\ufffd"+`2</b><c xmlns="v"/><d xmlns="jabber:client"><e/></d>]]&gt;</a><body>&amp;</body>` || w.Err() != nil {
		t.Error(got, w.Err())
	}
	for i, w := range []*wire.Writer{
		wire.NewWriter().Start("", "a b"),
		wire.NewWriter().Start("", ""),
		wire.NewWriter().Start("", "a:b"),
		wire.NewWriter().Start("", "a").Attr("x y", ""),
		wire.NewWriter().Start("", "a").Attr("xmlns", "u"),
		wire.NewWriter().Start("", "a").Attr("x", "").Attr("x", ""),
		wire.NewWriter().Start("", "a").End().Attr("x", ""),
		wire.NewWriter().Text("x"),
		wire.NewWriter().End(),
		wire.NewWriter().Start("http://www.w3.org/2000/xmlns/", "a"),
		wire.NewWriter().Start(wire.NSXML, "a"),
	} {
		if p := w.Payload(); p != nil || w.Err() == nil {
			t.Errorf("%d: %s, %v", i, p, w.Err())
		}
	}
	if wire.NewWriter().Payload() != nil {
		t.Error("something of nothing")
	}
	if got := string(wire.NewWriter().Start("u", "a").Start("", "b").Text("x").Payload()); got != `<a xmlns="u"><b>x</b></a>` {
		t.Error(got)
	}
	f := wire.NewWriter().Start("urn:xmpp:forward:0", "forwarded").Stanza(one(t, `<message to='a'><body/></message>`)).Payload()
	if got := string(f); got != `<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client" to="a" xml:lang="en"><body/></message></forwarded>` {
		t.Error(got)
	}
}

// TestMarshal: mellium's types and encoding/xml's structs come out once, with one xmlns (Go issue 43168).
func TestMarshal(t *testing.T) {
	type item struct {
		XMLName xml.Name `xml:"urn:i item"`
		A       string   `xml:"a,attr"`
		L       string   `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		O       string   `xml:"urn:o o,attr"`
		B       string   `xml:"urn:b b"`
		C       string   `xml:"c"`
	}
	for i, c := range []struct {
		v    any
		want string
	}{
		{item{A: "<", L: "en", O: "1", B: "x", C: "&"}, `<item xmlns="urn:i" a="&lt;" xml:lang="en" xmlns:a4="urn:o" a4:o="1"><b xmlns="urn:b">x</b><c>&amp;</c></item>`},
		{info.Feature{Var: "urn:f"}, `<feature xmlns="http://jabber.org/protocol/disco#info" var="urn:f"/>`},
		{roster.Item{JID: jid.MustParse("a@b"), Subscription: "both", Group: []string{"g"}}, `<item jid="a@b" subscription="both"><group>g</group></item>`},
		{wire.Payload(`<a/>`), `<a/>`},
		{one(t, `<presence xml:lang=''/>`), `<presence xmlns="jabber:client" xml:lang=''/>`},
	} {
		p, err := wire.Marshal(c.v)
		if err != nil || string(p) != c.want {
			t.Errorf("%d: %s, %v", i, p, err)
		}
	}
	st := one(t, `<message xmlns:x='urn:x'><q xmlns='u'><x:q x:a='1'/></q></message>`)
	p, err := wire.Marshal(st.TokenReader())
	if again, perr := wire.Parse(p); err != nil || perr != nil || !again.Has("u", "q") {
		t.Errorf("%s: %v %v", p, err, perr)
	}
	if p, err := wire.Marshal(func() {}); err == nil {
		t.Error(string(p))
	}
}

func TestDecode(t *testing.T) {
	st := one(t, `<iq type='get' id='1' from='a@b/c' to='b' xmlns:d='http://jabber.org/protocol/disco#info'><d:query node='n&amp;'><d:feature var='x'/></d:query></iq>`)
	var q struct {
		stanza.IQ
		Query struct {
			Node    string `xml:"node,attr"`
			Feature []info.Feature
		} `xml:"http://jabber.org/protocol/disco#info query"`
	}
	if err := st.Decode(&q); err != nil || q.ID != "1" || q.From.String() != "a@b/c" || q.Query.Node != "n&" {
		t.Error(q, err)
	}
	k, _ := st.Kid("http://jabber.org/protocol/disco#info", "query")
	var query disco.InfoQuery
	if err := k.Decode(&query); err != nil || query.Node != "n&" {
		t.Error(query, err)
	}
}

func TestParse(t *testing.T) {
	for i, c := range []struct {
		in string
		ok bool
	}{
		{`<message xmlns="jabber:client"/>`, true}, {`<message xmlns="jabber:server"/>`, true}, {`<message/>`, true},
		{`<stream:features xmlns:stream="http://etherx.jabber.org/streams"/>`, true}, {`<open xmlns="urn:x"/>`, true},
		{``, false}, {`<`, false}, {`</a>`, false}, {` <message/>`, false}, {`<message/> `, false}, {`<message/><message/>`, false},
		{`<message>`, false}, {`x`, false}, {`<?xml version='1.0'?><message/>`, false}, {`<foo/>`, false}, {`<message`, false},
	} {
		if st, err := wire.Parse([]byte(c.in)); (err == nil) != c.ok || st.IsZero() == c.ok {
			t.Errorf("%d: %v", i, err)
		}
	}
	if _, err := wire.LoginLimits.Parse([]byte(`<message>` + strings.Repeat("a", 10<<10) + `</message>`)); err == nil {
		t.Error("no bound")
	}
	if a, b := wire.NewID(), wire.NewID(); len(a) != 16 || a == b {
		t.Error(a, b)
	}
}
