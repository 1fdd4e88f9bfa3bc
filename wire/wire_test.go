package wire_test

import (
	"testing"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

const clientHeader = `<?xml version='1.0'?><stream:stream to='example.org' version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:x='urn:x'>`

// scan reads everything in one piece: the stanzas, and the error that ended it.
func scan(t testing.TB, header, in string) ([]wire.Stanza, error) {
	t.Helper()
	sc := wire.NewScanner(wire.SessionLimits)
	buf := []byte(header + in)
	var out []wire.Stanza
	for {
		tok, n, err := sc.Next(buf)
		if err != nil {
			return out, err
		}
		buf = buf[n:]
		switch tok.Type {
		case wire.TokenStanza:
			out = append(out, tok.Stanza())
		case wire.TokenMore, wire.TokenEnd:
			return out, nil
		}
	}
}

func one(t testing.TB, in string) wire.Stanza {
	t.Helper()
	all, err := scan(t, clientHeader, in)
	if err != nil || len(all) != 1 {
		t.Fatalf("%q: %d stanzas, %v", in, len(all), err)
	}
	return all[0]
}

func TestWalk(t *testing.T) {
	for i, c := range []struct{ in, out string }{
		{`<message to='a@b/c' from="x" type='chat'><body>hi</body></message>`, `<message from="x" to="a@b/c" xml:lang="en" type='chat'><body>hi</body></message>`},
		{`<presence/>`, `<presence xml:lang="en"/>`},
		{`<stream:error><x:y/></stream:error>`, `<error xmlns="http://etherx.jabber.org/streams" xmlns:x="urn:x"><x:y/></error>`},
		{`<r xmlns='urn:xmpp:sm:3'/>`, `<r xmlns='urn:xmpp:sm:3'/>`},
		{`<message><![CDATA[<a>]]><x:a x:b='1'/></message>`, `<message xml:lang="en" xmlns:x="urn:x">&lt;a&gt;<x:a x:b="1"/></message>`},
		{`<c:iq xmlns:c='jabber:client' type='get' id='1'><q xmlns='u'/></c:iq>`, `<iq xml:lang="en" type="get" id="1"><q xmlns="u"/></iq>`},
	} {
		if got := string(one(t, c.in).Append(nil)); got != c.out {
			t.Errorf("%d:\n got %s\nwant %s", i, got, c.out)
		}
	}
	st := one(t, `<iq to='room@b' from='a@b/c' id='7' type='get'><query xmlns='u' a='&lt;'><item/>x&amp;y</query></iq>`)
	k, ok := st.Kid("u", "query")
	if !ok || k.Attr("a") != "<" || k.Text() != "x&y" || string(k.Payload()) != `<query xmlns='u' a='&lt;'><item/>x&amp;y</query>` {
		t.Error(k, ok)
	}
	var q struct {
		Item []struct{} `xml:"item"`
	}
	if err := k.Decode(&q); err != nil || len(q.Item) != 1 {
		t.Error(err, q)
	}
	if got := string(st.ErrorReply(stanza.Error{Type: stanza.Cancel, Condition: stanza.ItemNotFound}).Append(nil)); got != `<iq from="room@b" to="a@b/c" id="7" type="error"><query xmlns='u' a='&lt;'><item/>x&amp;y</query><error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>` {
		t.Error(got)
	}
	if got := string(st.Edit().Cut(func(k wire.Kid) bool { return true }).SetType("set").Stanza().AppendStandalone(nil)); got != `<iq xmlns="jabber:client" from="a@b/c" to="room@b" id="7" type="set" xml:lang="en"/>` {
		t.Error(got)
	}
	f := wire.NewWriter().Start(wire.NSStream, "features").Start("urn:x", "y").Payload()
	if got := string(wire.NewNonza(f).Append(nil)); got != `<stream:features><y xmlns="urn:x"/></stream:features>` {
		t.Error(got)
	}
	p := wire.NewFormWriter("form", "ft").Boolean("b", "B", true).Payload()
	st = wire.New(wire.KindIQ, "set", "1", wire.Addr{}, wire.Addr{}, p)
	k, _ = st.Kid(wire.NSForm, "x")
	form, err := wire.ReadForm(k)
	if v, ok := form.Bool("b"); err != nil || !v || !ok || form.FormType != "ft" {
		t.Error(form, err)
	}
}
