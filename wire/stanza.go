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
	few    [4]kidSpot
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
	d := &data{kind: r.kind, splice: r.name.end}
	var st Stanza
	st.d = d
	if r.kind != KindOther {
		st.to = s.addr(d, b, &r.to, &s.to)
		st.from = s.addr(d, b, &r.from, &s.from)
	}
	shift := d.copyRaw(b, r, s.hdr.lang)
	d.tagEnd = r.tagEnd + shift
	d.name = xml.Name{Space: NSClient, Local: d.raw[1:d.splice]}
	if r.kind == KindOther {
		d.name.Space = sameNS(d.namespace(r.ns, shift, b))
	}
	d.id, d.typ, d.lang = value(b, &r.id), value(b, &r.typ), value(b, &r.lang)
	if d.lang == "" && r.lang.name.end == 0 && r.kind != KindOther {
		d.lang = s.hdr.lang
	}
	d.kids = d.few[:0]
	if len(w.kids) > len(d.few) {
		d.kids = make([]kidSpot, 0, len(w.kids))
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
		spot.ns = sameNS(d.namespace(k.ns, shift, b))
		d.kids = append(d.kids, spot)
	}
	return st
}

// namespace returns v as a string that shares memory with the stanza where it can.
func (d *data) namespace(v nsval, shift int32, b []byte) string {
	switch {
	case v.lit != "":
		return v.lit
	case v.len() == 0:
		return ""
	case v.is(b, NSClient):
		return NSClient
	case v.is(b, NSServer):
		return NSServer
	case v.off < d.tagEnd-shift: // on the element itself: the cuts may lie on either side
		return string(v.of(b))
	}
	return d.raw[v.off+shift : v.end+shift]
}

// copyRaw copies the bytes without `to`, `from` and the redundant xmlns, and with the stream's language where the stanza
// has none (RFC 6120 §4.7.4, §8.1.5). It returns by how much what follows the start tag moved.
func (d *data) copyRaw(b []byte, r *rootSpan, lang string) int32 {
	if r.kind == KindOther {
		d.raw = string(b)
		return 0
	}
	cuts := [3]attr{r.to, r.from, r.xmlns}
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
		n += len(` =""`) + len(langName) + len(lang)
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
	return int32(len(d.raw) - len(b))
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
	out, err := ParseAddr(value(b, a))
	if err != nil {
		d.err = err
		return Addr{}
	}
	*last = out
	return out
}

// value returns an attribute's value, unescaped.
func value(b []byte, a *attr) string {
	v := a.val.of(b)
	if len(v) == 0 {
		return ""
	}
	if known, ok := usualValues[string(v)]; ok {
		return known
	}
	if !a.ref {
		return string(v)
	}
	return unescape(string(v), true)
}

// usualValues need no memory of their own.
var usualValues = func() map[string]string {
	m := map[string]string{}
	for _, v := range []string{"chat", "groupchat", "normal", "headline", "error", "get", "set", "result", "unavailable",
		"subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "en"} {
		m[v] = v
	}
	return m
}()

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
