package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mellium.im/xmpp/form"

	"salon.im/salon/wire"
)

func readForm(t testing.TB, p wire.Payload) (wire.Form, error) {
	st := wire.New(wire.KindIQ, "set", "1", wire.Addr{}, wire.Addr{}, p)
	for k := range st.Kids() {
		return wire.ReadForm(k)
	}
	t.Skip("no child")
	return wire.Form{}, nil
}

func TestForm(t *testing.T) {
	p := wire.NewFormWriter("form", "urn:f").Title("T").Instructions("I").Fixed("text").Boolean("b", "B", true).Boolean("c", "", false).
		TextSingle("ts", "TS", "<").TextPrivate("tp", "", "").TextMulti("tm", "", "1", "2").
		ListSingle("ls", "", "x", wire.Option{Label: "X", Value: "x"}, wire.Option{Value: "y"}).
		ListMulti("lm", "", []string{"x", "y"}, wire.Option{Value: "x"}).
		JIDMulti("jm", "", wire.MustAddr("a@b"), wire.MustAddr("c@d")).Payload()
	f, err := readForm(t, p)
	if err != nil || f.Type != "form" || f.FormType != "urn:f" || f.Title != "T" || len(f.Fields) != 10 {
		t.Fatal(f, err)
	}
	if f.Value("ts") != "<" || !f.Has("tp") || f.Value("tp") != "" || f.Has("none") || strings.Join(f.Values("tm"), ",") != "1,2" ||
		f.Value("ls") != "x" || len(f.Values("lm")) != 2 || strings.Join(f.Values("jm"), ",") != "a@b,c@d" {
		t.Error(f)
	}
	if v, ok := f.Bool("b"); !v || !ok {
		t.Error("b")
	}
	if v, ok := f.Bool("c"); v || !ok {
		t.Error("c")
	}
	if _, ok := f.Bool("ts"); ok {
		t.Error("no boolean")
	}
	var theirs form.Data
	st := wire.New(wire.KindIQ, "set", "1", wire.Addr{}, wire.Addr{}, p)
	k, _ := st.Kid(wire.NSForm, "x")
	if err := k.Decode(&theirs); err != nil || theirs.Title() != "T" {
		t.Error(err, theirs.Title())
	}
}

func TestReadForm(t *testing.T) {
	field := func(n, values int) string {
		return fmt.Sprintf("<field var='%d'>%s</field>", n, strings.Repeat("<value/>", values))
	}
	many := func(n, values int) (out string) {
		for i := range n {
			out += field(i, values)
		}
		return out
	}
	for i, c := range []struct {
		in string
		ok bool
	}{
		{``, true}, {`<field var='a'/><field var='b'/>`, true}, {`<field type='fixed'/><field type='fixed'/>`, true},
		{`<field/>`, false}, {`<field var='a'/><field var='a'/>`, false},
		{many(256, 0), true}, {many(257, 0), false}, {many(1, 1000), true}, {many(7, 143), false},
	} {
		f, err := readForm(t, wire.Payload(`<x xmlns='jabber:x:data' type='submit'>`+c.in+`</x>`))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, wire.ErrForm) || f.Type == "" && c.ok {
			t.Errorf("%d: %v", i, err)
		}
	}
	if f, err := readForm(t, wire.Payload(`<x xmlns='jabber:x:data'/>`)); err != nil || f.Type != "submit" {
		t.Error(f, err)
	}
	for _, in := range []string{`<x xmlns='jabber:x:data' type='other'/>`, `<x xmlns='other'/>`, `<y xmlns='jabber:x:data'/>`} {
		if _, err := readForm(t, wire.Payload(in)); !errors.Is(err, wire.ErrForm) {
			t.Error(in, err)
		}
	}
}

// FuzzForm: a form that we accept keeps its meaning when we write it, and stays within its bounds.
func FuzzForm(f *testing.F) {
	f.Add([]byte(`<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>u</value></field><field var='a'><value>1</value><value/></field></x>`))
	f.Add([]byte(`<d:x xmlns:d='jabber:x:data'><d:title>t</d:title><d:field type='fixed' label='&lt;'><value xmlns='jabber:x:data'>x</value></d:field></d:x>`))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := readForm(t, wire.Payload(in))
		if err != nil {
			return
		}
		w := wire.NewFormWriter(a.Type, "").Title(a.Title)
		values := 0
		for _, x := range a.Fields {
			values += len(x.Values)
			w.Field(x.Type, x.Var, x.Label, "", nil, x.Values...)
			if x.Var != "" && fmt.Sprint(a.Values(x.Var)) != fmt.Sprint(x.Values) {
				t.Fatal("two fields of one name")
			}
		}
		if len(a.Fields) > 256 || values > 1000 {
			t.Fatal("no bound")
		}
		b, err := readForm(t, w.Payload())
		if err != nil || fmt.Sprintf("%q", a) != fmt.Sprintf("%q", b) {
			t.Fatalf("%q becomes %q, %v", a, b, err)
		}
	})
}

// TestFormOrder: title and instructions stand before all fields, as the schema of XEP-0004 §8 has them.
func TestFormOrder(t *testing.T) {
	got := string(wire.NewFormWriter("form", "urn:x").Title("t").Instructions("i").Fixed("f").Payload())
	want := `<x xmlns="jabber:x:data" type="form"><title>t</title><instructions>i</instructions><field var="FORM_TYPE" type="hidden"><value>urn:x</value></field>` +
		`<field type="fixed"><value>f</value></field></x>`
	if got != want {
		t.Errorf("got %s", got)
	}
	if got := string(wire.NewFormWriter("result", "urn:x").Payload()); got != `<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>urn:x</value></field></x>` {
		t.Errorf("got %s", got)
	}
}

// XEP-0122 §3.2.2: a number says its bounds.
func TestFormInteger(t *testing.T) {
	got := string(wire.NewFormWriter("form", "").Integer("n", "N", 2, 0, 9).Payload())
	want := `<x xmlns="jabber:x:data" type="form"><field var="n" type="text-single" label="N"><validate xmlns="http://jabber.org/protocol/xdata-validate"` +
		` datatype="xs:integer"><range min="0" max="9"/></validate><value>2</value></field></x>`
	if got != want {
		t.Errorf("got %s", got)
	}
}
