package wire_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"testing"

	"salon.im/salon/wire"
)

// headers are the contexts in which FuzzReader reads its input.
var headers = []string{
	clientHeader,
	`<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'>`,
	`<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client'>`,
}

// seen is what a scanner made of an input.
type seen struct {
	stanzas []wire.Stanza
	ends    []int
	closed  bool
	err     error
}

// scanChunks feeds in pieces whose sizes come from cuts, over and over; without cuts it feeds all at once.
func scanChunks(in, cuts []byte) (s seen) {
	sc := wire.NewScanner(wire.LoginLimits)
	have, at, done := 0, 0, 0
	for i := 0; ; i++ {
		step := len(in)
		if len(cuts) > 0 {
			step = int(cuts[i%len(cuts)])%17 + 1
		}
		have = min(len(in), have+step)
		for {
			tok, n, err := sc.Next(in[at:have:have])
			at += n
			if err != nil {
				s.err = err
				return s
			}
			switch tok.Type {
			case wire.TokenStanza:
				s.stanzas = append(s.stanzas, tok.Stanza())
				s.ends = append(s.ends, at)
			case wire.TokenEnd:
				s.closed = true
			}
			if tok.Type == wire.TokenMore {
				break
			}
		}
		if have == len(in) {
			if done++; done > 1 {
				return s
			}
		}
	}
}

// oracle reads with encoding/xml: for each element under the stream its end and its meaning.
func oracle(in []byte, n int) (ends []int, meanings [][]string, kids [][]xml.Name, err error) {
	d := xml.NewDecoder(bytes.NewReader(in))
	depth := 0
	var toks []xml.Token
	var names []xml.Name
	for len(ends) < n {
		tok, err := d.Token()
		if err != nil {
			return ends, meanings, kids, err
		}
		tok = xml.CopyToken(tok)
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth == 3 {
				names = append(names, fold(t.Name))
			}
		case xml.EndElement:
			depth--
		}
		if depth > 1 || depth == 1 && len(toks) > 0 {
			toks = append(toks, tok)
		}
		if depth == 1 && len(toks) > 0 {
			ends, meanings, kids = append(ends, int(d.InputOffset())), append(meanings, meaning(toks)), append(kids, names)
			toks, names = nil, nil
		}
	}
	return ends, meanings, kids, nil
}

// spaces reads literal white space in attributes as XML does and encoding/xml does not (XML 1.0 §3.3.3).
var spaces = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ", "\r", " ")

func fold(n xml.Name) xml.Name {
	n.Space = spaces.Replace(n.Space)
	if n.Space == wire.NSServer {
		n.Space = wire.NSClient
	}
	return n
}

// meaning is what tokens say, whatever way they say it: namespaces resolved, attributes sorted, text joined.
func meaning(toks []xml.Token) []string {
	var out []string
	text := ""
	flush := func() {
		if text != "" {
			out = append(out, "text "+text)
		}
		text = ""
	}
	for _, tok := range toks {
		switch t := tok.(type) {
		case xml.CharData:
			text += string(t)
		case xml.StartElement:
			flush()
			var attrs []string
			for _, a := range t.Attr {
				if a.Name.Local == "xmlns" && a.Name.Space == "" || a.Name.Space == "xmlns" {
					continue
				}
				if len(out) == 0 && a.Name.Space == wire.NSXML && a.Name.Local == "lang" {
					continue // inherited from the header where absent
				}
				v := spaces.Replace(a.Value)
				a.Name.Space = spaces.Replace(a.Name.Space)
				if len(out) == 0 && (a.Name == xml.Name{Local: "to"} || a.Name == xml.Name{Local: "from"}) {
					// A literal TAB is a space to us and a reference to TAB is no address; encoding/xml reads them alike.
					addr, err := wire.ParseAddr(v)
					if err != nil || strings.Contains(v, " ") {
						continue
					}
					v = addr.String()
				}
				attrs = append(attrs, fmt.Sprintf("%v=%q", a.Name, v))
			}
			sort.Strings(attrs)
			out = append(out, fmt.Sprint("start ", fold(t.Name), attrs))
		case xml.EndElement:
			flush()
			out = append(out, fmt.Sprint("end ", fold(t.Name)))
		}
	}
	flush()
	return out
}

func tokensOf(t *testing.T, r xml.TokenReader) (toks []xml.Token) {
	for {
		tok, err := r.Token()
		if tok != nil {
			toks = append(toks, xml.CopyToken(tok))
		}
		if errors.Is(err, io.EOF) {
			return toks
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzReader holds the scanner against encoding/xml: what we accept it accepts, with the same end, children and meaning;
// pieces give what the whole gives; the canonical form is its own canonical form and means the same.
func FuzzReader(f *testing.F) {
	for _, in := range fuzzSeeds {
		f.Add(byte(0), []byte(in), []byte{0})
		f.Add(byte(1), []byte(in), []byte{3, 1})
		f.Add(byte(2), []byte(strings.NewReplacer("<message", "<c:message", "</message", "</c:message").Replace(in)), []byte{})
	}
	for _, h := range append(headers, "<?xml version='1.0' encoding='UTF-8'?>\n<a:stream xmlns='jabber:server' xmlns:a='http://etherx.jabber.org/streams' xmlns:b='u' b:c='' from='a@b'>") {
		f.Add(byte(len(headers)), []byte(h+fuzzSeeds[0]+fuzzSeeds[5]+fuzzSeeds[6]), []byte{5})
	}
	f.Fuzz(func(t *testing.T, which byte, body, cuts []byte) {
		in := body // with its own header
		if i := int(which) % (len(headers) + 1); i < len(headers) {
			in = append([]byte(headers[i]), body...)
		}
		whole := scanChunks(in, nil)
		if len(cuts) > 0 {
			comparePieces(t, whole, scanChunks(in, cuts))
		}
		ends, meanings, kids, err := oracle(in, len(whole.stanzas))
		if err != nil {
			t.Fatalf("we accept what encoding/xml does not: %v", err)
		}
		start := 0
		for i, st := range whole.stanzas {
			if ends[i] != whole.ends[i] {
				t.Fatalf("stanza %d ends at %d, for encoding/xml at %d", i, whole.ends[i], ends[i])
			}
			j := 0
			for k := range st.Kids() {
				if j >= len(kids[i]) || fold(k.Name()) != kids[i][j] {
					t.Fatalf("child %d is %v, want %v", j, k.Name(), kids[i])
				}
				j++
			}
			if j != len(kids[i]) {
				t.Fatalf("%d children, want %v", j, kids[i])
			}
			checkCanonical(t, st, meanings[i], ends[i]-start)
			checkWith(t, st)
			start = ends[i]
		}
	})
}

// checkWith holds a stanza with one child more against what its bytes say.
func checkWith(t *testing.T, st wire.Stanza) {
	if st.Kind() == wire.KindOther {
		return
	}
	got := st.With(wire.Payload(`<e xmlns="u" a="b"/>`))
	want, err := wire.Parse(got.AppendStandalone(nil))
	if err != nil || describe(got) != describe(want) || got.NumKids() != st.NumKids()+1 {
		t.Fatalf("with a child %v it is\n%s, not\n%s", err, describe(got), describe(want))
	}
}

// describe says what the index of a stanza has.
func describe(st wire.Stanza) string {
	b := fmt.Appendf(nil, "%v %q %q %q %v %v %s", st.Name(), st.ID(), st.Type(), st.Lang(), st.From(), st.To(), st.Append(nil))
	for k := range st.Kids() {
		b = fmt.Appendf(b, "\n%v %s %q", k.Name(), k.Payload(), k.Text())
	}
	return string(b)
}

func comparePieces(t *testing.T, whole, pieces seen) {
	if len(whole.stanzas) != len(pieces.stanzas) || whole.closed != pieces.closed {
		t.Fatalf("whole: %d stanzas %v %v; pieces: %d stanzas %v %v", len(whole.stanzas), whole.closed, whole.err, len(pieces.stanzas), pieces.closed, pieces.err)
	}
	// An error may wait for the end of its tag, so that pieces may still want more; never the other way round.
	if whole.err == nil && pieces.err != nil {
		t.Fatalf("pieces: %v", pieces.err)
	}
	for i := range whole.stanzas {
		a, b := whole.stanzas[i], pieces.stanzas[i]
		if whole.ends[i] != pieces.ends[i] || string(a.AppendStandalone(nil)) != string(b.AppendStandalone(nil)) {
			t.Fatalf("whole %q, pieces %q", a.AppendStandalone(nil), b.AppendStandalone(nil))
		}
	}
}

func checkCanonical(t *testing.T, st wire.Stanza, want []string, size int) {
	if got := meaning(tokensOf(t, st.TokenReader())); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("our tokens mean\n%q, not\n%q", got, want)
	}
	bytesOf := st.AppendStandalone(nil)
	_, m, _, err := oracle(append([]byte("<x>"), bytesOf...), 1)
	if err != nil || fmt.Sprint(m[0]) != fmt.Sprint(want) {
		t.Fatalf("canonical %q: %v, means\n%q, not\n%q", bytesOf, err, m, want)
	}
	again, err := wire.Parse(bytesOf)
	if err != nil {
		t.Fatalf("canonical %q: %v", bytesOf, err)
	}
	if got := again.AppendStandalone(nil); string(got) != string(bytesOf) {
		t.Fatalf("canonical %q becomes %q", bytesOf, got)
	}
	if again.ID() != st.ID() || again.Type() != st.Type() || again.To() != st.To() || again.From() != st.From() || again.Name() != st.Name() {
		t.Fatalf("the index of %q changed", bytesOf)
	}
	if st.Len() > 5*size+len(` xml:lang="en"`) {
		t.Fatalf("%d bytes became %d", size, st.Len())
	}
	if st.Kind() != wire.KindOther && string(st.Edit().Stanza().Payload()) != string(st.Payload()) {
		t.Fatalf("editing nothing makes %q of %q", st.Edit().Stanza().Append(nil), bytesOf)
	}
	checkPayloads(t, st)
}

// checkPayloads takes each child, and each child of a child, out of the stanza: it must mean the same alone.
func checkPayloads(t *testing.T, st wire.Stanza) {
	check := func(k wire.Kid) {
		out := wire.New(wire.KindMessage, "", "", wire.Addr{}, wire.Addr{}, k.Payload())
		if out.IsZero() || out.NumKids() != 1 {
			t.Fatalf("payload %q does not stand alone", k.Payload())
		}
		for got := range out.Kids() {
			a, b := meaning(tokensOf(t, got.TokenReader())), meaning(tokensOf(t, k.TokenReader()))
			if fmt.Sprint(a) != fmt.Sprint(b) || got.Text() != k.Text() {
				t.Fatalf("payload %q means\n%q, not\n%q", k.Payload(), a, b)
			}
		}
	}
	for k := range st.Kids() {
		check(k)
		for c := range k.Kids() {
			check(c)
		}
	}
	if w := wire.NewWriter().Start("urn:wrap", "w").Raw(st.Payload()); wire.NewNonza(w.Payload()).NumKids() != st.NumKids() {
		t.Fatalf("wrapped children of %q are not as many", st.Append(nil))
	}
}
