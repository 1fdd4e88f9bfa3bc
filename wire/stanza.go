package wire

import (
	"encoding/xml"
	"iter"
	"strings"
)

// Kind says which stanza it is.
type Kind uint8

// The kinds. KindOther is any element that is no stanza: <r/>, <auth/>, <stream:features/>; we call it a nonza.
const (
	KindOther Kind = iota
	KindMessage
	KindPresence
	KindIQ
)

func (k Kind) String() string { return [...]string{"nonza", "message", "presence", "iq"}[k&3] }

// Stanza is a validated element, immutable: canonical bytes and an index, both shared by all copies, and the two
// addresses, which a copy may change. 56 bytes. The zero Stanza is none. Safe for any goroutine.
//
// In the canonical bytes of a stanza its name has no prefix, and the tag neither xmlns nor `to` nor `from`; these are
// spliced in as it is written.
type Stanza struct {
	d        *data
	to, from Addr
}

// data is what all copies share.
type data struct {
	raw    string // canonical bytes
	name   xml.Name
	id     string
	typ    string
	lang   string
	err    error // `to` or `from` is not an address
	kids   []kidSpot
	splice int32 // where attributes are spliced: behind the name
	tagEnd int32 // behind the start tag
	kind   Kind
}

// kidSpot is an indexed child in data.raw.
type kidSpot struct {
	ns                 string
	start, tagEnd, end int32
	prefix, nameLen    uint16 // bytes of the prefix with its colon, of the local name
}

// newData allocates the index of a stanza with n children in one piece.
func newData(n int) *data {
	switch {
	case n == 0:
		return &data{}
	case n <= 3:
		d := &struct {
			data
			kids [3]kidSpot
		}{}
		d.data.kids = d.kids[:0]
		return &d.data
	case n <= 8:
		d := &struct {
			data
			kids [8]kidSpot
		}{}
		d.data.kids = d.kids[:0]
		return &d.data
	}
	return &data{kids: make([]kidSpot, 0, n)}
}

// Stanza freezes the element: it copies the bytes once. It must be called before the next call of the scanner.
// It returns the zero Stanza for other tokens.
func (t Token) Stanza() Stanza {
	if t.Type != TokenStanza || t.s.w == nil {
		return Stanza{}
	}
	return t.s.freeze(t.buf)
}

func (s *Scanner) freeze(b []byte) Stanza {
	w := s.w
	r := &w.root
	if w.odd {
		return w.canon
	}
	d := newData(len(w.kids))
	d.kind, d.splice = r.kind, r.name.end
	var st Stanza
	st.d = d
	if r.kind != KindOther {
		st.to = s.addr(d, b, &r.to, &s.to)
		st.from = s.addr(d, b, &r.from, &s.from)
	}
	cuts, added := d.copyRaw(b, r, s.hdr.lang)
	d.name = xml.Name{Space: NSClient, Local: d.raw[1:d.splice]}
	shift := int32(len(d.raw) - len(b))
	d.tagEnd = r.tagEnd + shift
	within := func(p span) string { // bytes of the start tag, the cuts apart
		at := p.off + added
		for i := range cuts {
			if cuts[i].off < p.off {
				at -= int32(cuts[i].len())
			}
		}
		return d.raw[at : at+int32(p.len())]
	}
	namespace := func(v nsval) string {
		switch {
		case v.lit != "":
			return sameNS(v.lit)
		case v.content(b):
			return NSClient
		case v.off >= r.tagEnd:
			return d.raw[v.off+shift : v.end+shift]
		}
		return within(v.span)
	}
	if r.kind == KindOther {
		d.name.Space = namespace(r.ns)
	}
	for _, f := range [...]struct {
		a  *attr
		to *string
	}{{&r.id, &d.id}, {&r.typ, &d.typ}, {&r.lang, &d.lang}} {
		if f.a.name.end == 0 {
			continue
		}
		if *f.to = within(f.a.val); f.a.ref {
			*f.to = unescape(*f.to, true)
		}
	}
	if r.lang.name.end == 0 && r.kind != KindOther {
		d.lang = s.hdr.lang
	}
	for i := range w.kids {
		k := &w.kids[i]
		spot := kidSpot{start: k.start + shift, tagEnd: k.tagEnd + shift, end: k.end + shift}
		name := k.start + 1
		if k.colon != 0 {
			name = k.colon + 1
			spot.prefix = uint16(name - k.start - 1)
		}
		spot.nameLen = uint16(k.nameEnd - name)
		spot.ns = namespace(k.ns)
		d.kids = append(d.kids, spot)
	}
	return st
}

// copyRaw copies the bytes without `to`, `from` and the redundant xmlns, and with the stream's language where the stanza
// has none (RFC 6120 §4.7.4, §8.1.5). It returns what it cut and how many bytes it added before the attributes.
func (d *data) copyRaw(b []byte, r *rootSpan, lang string) (cuts [3]span, added int32) {
	if r.kind == KindOther {
		d.raw = string(b)
		return cuts, 0
	}
	cuts = [3]span{r.to.span, r.from.span, r.xmlns.span}
	if cuts[0].off > cuts[1].off {
		cuts[0], cuts[1] = cuts[1], cuts[0]
	}
	if cuts[1].off > cuts[2].off {
		cuts[1], cuts[2] = cuts[2], cuts[1]
	}
	if cuts[0].off > cuts[1].off {
		cuts[0], cuts[1] = cuts[1], cuts[0]
	}
	n := len(b)
	for i := range cuts {
		n -= cuts[i].len()
	}
	add := r.lang.name.end == 0 && lang != ""
	const langName = "xml:lang"
	if add {
		added = int32(len(` =""`) + len(langName) + len(lang))
		n += int(added)
	}
	var raw strings.Builder
	raw.Grow(n)
	from := r.name.end
	raw.Write(b[:from])
	if add {
		raw.WriteString(` ` + langName + `="`)
		raw.WriteString(lang)
		raw.WriteByte('"')
	}
	for i := range cuts {
		if cuts[i].len() > 0 {
			raw.Write(b[from:cuts[i].off])
			from = cuts[i].end
		}
	}
	raw.Write(b[from:])
	d.raw = raw.String()
	return cuts, added
}

// addr parses an address attribute; the one that this stream used last costs nothing.
func (s *Scanner) addr(d *data, b []byte, a *attr, last *Addr) Addr {
	if a.name.end == 0 {
		return Addr{}
	}
	v := a.val.of(b)
	if !a.ref && string(v) == last.s && len(v) > 0 {
		return *last
	}
	text := string(v)
	if a.ref {
		text = unescape(text, true)
	}
	out, err := ParseAddr(text)
	if err != nil {
		d.err = err
		return Addr{}
	}
	*last = out
	return out
}

// IsZero reports whether s is no stanza.
func (s Stanza) IsZero() bool { return s.d == nil }

// none stands in for the data of the zero Stanza.
var none data

func (s Stanza) data() *data {
	if s.d == nil {
		return &none
	}
	return s.d
}

// Kind says which stanza it is.
func (s Stanza) Kind() Kind { return s.data().kind }

// Name returns the element's name. For stanzas the namespace is jabber:client, whatever stream they came from.
func (s Stanza) Name() xml.Name { return s.data().name }

// To returns the address that it is for; zero where absent or malformed, and for a nonza.
func (s Stanza) To() Addr { return s.to }

// From returns the address that it claims to be from; zero where absent or malformed, and for a nonza.
func (s Stanza) From() Addr { return s.from }

// ID returns the id attribute, unescaped.
func (s Stanza) ID() string { return s.data().id }

// Type returns the type attribute, unescaped: "" where absent, whatever the default would be.
func (s Stanza) Type() string { return s.data().typ }

// Lang returns xml:lang, inherited from the stream header where the stanza has none (RFC 6120 §8.1.5).
func (s Stanza) Lang() string { return s.data().lang }

// Malformed returns an error if `to` or `from` is present and no address; the answer is jid-malformed
// (RFC 6120 §8.3.3.8). It wraps ErrAddr.
func (s Stanza) Malformed() error { return s.data().err }

// Len returns the bytes of the canonical form, without the spliced addresses: what queues count.
func (s Stanza) Len() int { return len(s.data().raw) }

// Attr returns an attribute without namespace, unescaped, or "". `to` and `from` are not among a stanza's: see To and From.
func (s Stanza) Attr(local string) string {
	d := s.data()
	return tagAttr(d.raw[:d.tagEnd], local)
}

// NumKids returns the number of children.
func (s Stanza) NumKids() int { return len(s.data().kids) }

// Kids yields the children in order.
func (s Stanza) Kids() iter.Seq[Kid] {
	return func(yield func(Kid) bool) {
		d := s.data()
		for i := range d.kids {
			if !yield(d.kid(&d.kids[i])) {
				return
			}
		}
	}
}

// Kid returns the first child of that name. An empty space is the content namespace, as is jabber:client.
func (s Stanza) Kid(space, local string) (Kid, bool) {
	if space == "" || space == NSServer {
		space = NSClient
	}
	d := s.data()
	for i := range d.kids {
		k := &d.kids[i]
		if k.ns == space && k.local(d.raw) == local {
			return d.kid(k), true
		}
	}
	return Kid{}, false
}

// Has reports whether there is a child of that name; space is as for [Stanza.Kid].
func (s Stanza) Has(space, local string) bool {
	_, ok := s.Kid(space, local)
	return ok
}

// Text returns the character data directly in the element, unescaped: the content of <auth/> or <response/>.
func (s Stanza) Text() string { return s.data().root().Text() }

func (k *kidSpot) local(raw string) string {
	from := int(k.start) + 1 + int(k.prefix)
	return raw[from : from+int(k.nameLen)]
}
