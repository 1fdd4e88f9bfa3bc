package wire_test

import (
	"fmt"
	"testing"

	"salon.im/salon/wire"
)

// FuzzWith adds a child to a stanza, twice, and holds what comes of it against the edit that it stands for.
func FuzzWith(f *testing.F) {
	for _, stanza := range []string{
		`<message to='a@b/c' id='1' xmlns:p='urn:p'>t<p:a/><delay xmlns='d'/>v</message>`, `<presence/>`,
		`<iq id='a&amp;b' type='get'><body/></iq>`, `<message id='jabber:client'></message>`, `<r xmlns='u'/>`,
		`<message xmlns='jabber:client' xml:lang='d"e' from='@@'><p:a xmlns:p='u'><p:b/><c/></p:a></message>`,
		`<message><a/><b/><c/></message>`, `<message><a/><b/><c/><a/><b/><c/><a/><b/></message>`,
	} {
		for _, child := range []string{
			`<n xmlns="n"><m/></n>`, `<body>x</body>`, `<x:y xmlns:x='u'/>`, `<message xmlns='u'/>`, `<iq/>`, ` <a/>`, `<a/> `,
			`<a xmlns='u' xmlns:q='v'><q:b/><c xmlns=''/></a>`, `<a xmlns='jabber:client'/>`,
		} {
			f.Add(stanza, child)
		}
	}
	f.Fuzz(func(t *testing.T, text, child string) {
		st, err := wire.Parse([]byte(text))
		if err != nil {
			return
		}
		was, p := string(st.Append(nil)), wire.Payload(child)
		got, want := st.With(p), st.Edit().Append(p).Stanza()
		if string(st.Append(nil)) != was {
			t.Errorf("the stanza itself became %s", st.Append(nil))
		}
		if got.IsZero() && !want.IsZero() {
			return // p is more than one element, or has a prefix of the stanza's
		}
		if outline(got) != outline(want) {
			t.Errorf("with the child it is\n%s, not\n%s", outline(got), outline(want))
		}
		if got, want = got.With(p), want.Edit().Append(p).Stanza(); outline(got) != outline(want) {
			t.Errorf("with both children it is\n%s, not\n%s", outline(got), outline(want))
		}
	})
}

// outline is what a stanza means, but for attributes of children.
func outline(st wire.Stanza) string {
	b := fmt.Appendf(nil, "%v %q %q %q %v %v %d", st.Name(), st.ID(), st.Type(), st.Lang(), st.From(), st.To(), st.NumKids())
	for k := range st.Kids() {
		b = fmt.Appendf(b, "\n%v %q", k.Name(), k.Text())
		for kid := range k.Kids() {
			b = fmt.Appendf(b, "\n  %v %q", kid.Name(), kid.Text())
		}
	}
	return string(b)
}
