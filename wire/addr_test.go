package wire_test

import (
	"errors"
	"strings"
	"testing"

	"mellium.im/xmpp/jid"

	"salon.im/salon/wire"
)

func TestParseAddr(t *testing.T) {
	long := strings.Repeat("a", 1023)
	for i, c := range []struct{ in, want string }{
		{"juliet@capulet.example/balcony", "juliet@capulet.example/balcony"},
		{"A@B.C/R", "a@b.c/R"},
		{"capulet.example", "capulet.example"},
		{"capulet.example.", "capulet.example"},
		{"capulet.example/r@x/y", "capulet.example/r@x/y"},
		{"a@b/c@d/e", "a@b/c@d/e"},
		{"ünï@bücher.example/ß", "ünï@bücher.example/ß"},
		{"ａ@b.c", "a@b.c"},
		{"a@xn--bcher-kva.example", "a@bücher.example"},
		{`d\27artagnan@musketeers.example`, `d\27artagnan@musketeers.example`},
		{"a@[::1]/r", "a@[::1]/r"},
		{"a@127.0.0.1", "a@127.0.0.1"},
		{"localhost", "localhost"},
		{"a@b/ x ", "a@b/ x "},
		{long + "@b/" + long, long + "@b/" + long},
		{long + "a@b", ""},
		{"a@b/" + long + "a", ""},
		{strings.Repeat("a.", 600) + "b", ""},
		{"", ""},
		{"@b", ""},
		{"a@", ""},
		{"a@/r", ""},
		{"/r", ""},
		{"a@b/", ""},
		{"a@b@c", ""},
		{"a b@c", ""},
		{"a<b@c", ""},
		{"a\n@c", ""},
		{"a@b/\n", ""},
		{"a@b\x00", ""},
		{"a@-b", ""},
		{"a@b..c", ""},
		{"a@\xff", ""},
		{"\xff@b", ""},
		{"a@b/\xff", ""},
		{"a@b c", ""},
		{"a@b&c", ""},
	} {
		a, err := wire.ParseAddr(c.in)
		if a.String() != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, wire.ErrAddr) {
			t.Errorf("%d: %.40q: %q, %v", i, c.in, a, err)
		}
	}
}

func TestAddrParts(t *testing.T) {
	for i, c := range []struct {
		in, local, domain, resource string
		full, bare, host            bool
	}{
		{"a@b/c", "a", "b", "c", true, false, false},
		{"a@b", "a", "b", "", false, true, false},
		{"b", "", "b", "", false, false, true},
		{"b/c", "", "b", "c", true, false, false},
		{"Ä@B/é", "ä", "b", "é", true, false, false},
	} {
		a := wire.MustAddr(c.in)
		if a.Local() != c.local || a.Domain() != c.domain || a.Resource() != c.resource {
			t.Errorf("%d: %q %q %q", i, a.Local(), a.Domain(), a.Resource())
		}
		if a.IsFull() != c.full || a.IsBare() != c.bare || a.IsHost() != c.host || a.IsZero() {
			t.Errorf("%d: is not what it is", i)
		}
		same, err := wire.NewAddr(c.local, c.domain, c.resource)
		if err != nil || same != a {
			t.Errorf("%d: %v %v", i, same, err)
		}
		if a.JID().String() != a.String() {
			t.Errorf("%d: %v", i, a.JID())
		}
		var text wire.Addr
		if b, _ := a.MarshalText(); text.UnmarshalText(b) != nil || text != a {
			t.Errorf("%d: %v", i, text)
		}
		bare, _ := wire.NewAddr(c.local, c.domain, "")
		if a.Bare() != bare || a.Host() != wire.MustAddr(c.domain) {
			t.Errorf("%d: %v %v", i, a.Bare(), a.Host())
		}
		if r, err := bare.WithResource("x&'"); err != nil || r.Resource() != "x&'" || r.Bare() != bare {
			t.Errorf("%d: %v %v", i, r, err)
		}
	}
	if a, b := wire.MustAddr("a@b"), wire.MustAddr("a@b/c"); a.Compare(b) >= 0 || b.Compare(a) <= 0 || a.Compare(a) != 0 || (wire.Addr{}).Compare(a) >= 0 {
		t.Error("addresses are not ordered by their bytes")
	}
	if (wire.Addr{}).JID().String() != "" || !(wire.Addr{}).Bare().IsZero() || (wire.Addr{}).IsHost() {
		t.Error("the zero address is something")
	}
	if _, err := wire.NewAddr("a/b", "c", ""); err == nil {
		t.Error("a slash moved from the local part")
	}
	if _, err := wire.MustAddr("a@b").WithResource(""); err == nil {
		t.Error("an empty resource")
	}
	if n := testing.AllocsPerRun(100, func() { a, _ := wire.ParseAddr("a@b.example/c d"); _, _ = a.Bare(), a.Host() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestEscapeLocal: XEP-0106 §4, with its examples (§5).
func TestEscapeLocal(t *testing.T) {
	for i, c := range []struct{ in, out string }{
		{"space cadet", `space\20cadet`},
		{`call me "ishmael"`, `call\20me\20\22ishmael\22`},
		{"at&t guy", `at\26t\20guy`},
		{"d'artagnan", `d\27artagnan`},
		{"/.fanboy", `\2f.fanboy`},
		{"::foo::", `\3a\3afoo\3a\3a`},
		{"<foo>", `\3cfoo\3e`},
		{"user@host", `user\40host`},
		{`c:\net`, `c\3a\net`},
		{`c:\\net`, `c\3a\\net`},
		{`c:\cool stuff`, `c\3a\cool\20stuff`},
		{`c:\5commas`, `c\3a\5c5commas`},
		{`\2plus\2is\4`, `\2plus\2is\4`},
		{`\`, `\`}, {"", ""},
	} {
		if got := wire.EscapeLocal(c.in); got != c.out || wire.UnescapeLocal(got) != c.in {
			t.Errorf("%d: %q, back %q", i, got, wire.UnescapeLocal(got))
		}
	}
}

// FuzzAddr: the canonical form is its own, agrees with mellium, survives an attribute, and any text can be a local part.
func FuzzAddr(f *testing.F) {
	for _, in := range []string{"a@b/c", "A@B.C/R", "bücher.example", "a@b/é\u2003x", "ﬁ@b", `\20@b`, "a@1.2.3.4", "a@[::1]", "a@b./&'<\"", "ß@ß/ß", "\u212b@b"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if got := wire.UnescapeLocal(wire.EscapeLocal(in)); got != in {
			t.Fatalf("escaping: %q", got)
		}
		a, err := wire.ParseAddr(in)
		theirs, jerr := jid.Parse(in)
		if err != nil {
			if !a.IsZero() {
				t.Fatal("an address and an error")
			}
			return
		}
		if jerr != nil || theirs.String() != a.String() || theirs.Localpart() != a.Local() ||
			theirs.Domainpart() != a.Domain() || theirs.Resourcepart() != a.Resource() {
			t.Fatalf("%q, for mellium %q, %v", a, theirs, jerr)
		}
		again, err := wire.ParseAddr(a.String())
		if err != nil || again != a {
			t.Fatalf("%q becomes %q, %v", a, again, err)
		}
		st, err := wire.Parse(wire.New(wire.KindMessage, "", "", a, a).Append(nil))
		if err != nil || st.To() != a || st.From() != a {
			t.Fatalf("%q in a stanza: %q, %v", a, st.To(), err)
		}
	})
}
