package wire

import "strings"

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
// The first call gives the scanner's working arrays back, so that a reader may block behind it and holds nothing.
// It returns the zero Stanza for other tokens.
func (t Token) Stanza() Stanza {
	if t.Type != TokenStanza {
		return Stanza{}
	}
	s := t.s
	if s.w == nil { // asked again: index the bytes again
		s = &Scanner{limits: storedLimits, hdr: s.hdr}
		s.begin()
		if _, f := s.element(t.buf); f != nil {
			return Stanza{}
		}
		if s.w.odd {
			s.w.canon, _ = s.canonical(t.buf)
		}
	}
	st := s.freeze(t.buf)
	s.release()
	return st
}

func (s *Scanner) freeze(b []byte) Stanza {
	w := s.w
	r := &w.root
	if w.odd {
		return w.canon
	}
	d := newData(len(w.kids))
	d.kind, d.splice = r.kind, r.name.end
	st := Stanza{d: d}
	m := move{d: d, in: b, tagEnd: r.tagEnd}
	if r.kind == KindOther {
		d.raw = string(b)
		d.name.Space = m.namespace(r.ns)
	} else {
		st.to = s.addr(d, b, &r.to, &s.to)
		st.from = s.addr(d, b, &r.from, &s.from)
		m.copy(r, s.hdr.lang)
		d.name.Space = NSClient
		if r.lang.name.end == 0 {
			d.lang = s.hdr.lang
		}
	}
	d.name.Local = d.raw[1:d.splice]
	d.tagEnd = r.tagEnd + m.shift
	m.value(&r.id, &d.id)
	m.value(&r.typ, &d.typ)
	m.value(&r.lang, &d.lang)
	if r.declares {
		d.decls = declarations(d.raw[:d.tagEnd])
	}
	for i := range w.kids {
		k := &w.kids[i]
		name := k.start + 1
		if k.colon != 0 {
			name = k.colon + 1
		}
		d.kids = append(d.kids, kidSpot{
			start: k.start + m.shift, tagEnd: k.tagEnd + m.shift, end: k.end + m.shift,
			prefix: uint16(name - k.start - 1), nameLen: uint16(k.nameEnd - name), ns: m.namespace(k.ns),
		})
	}
	return st
}

// move is how bytes went from the buffer to the canonical form.
type move struct {
	d      *data
	in     []byte
	cuts   [3]span
	added  int32 // before the attributes
	shift  int32 // of all behind the start tag
	tagEnd int32 // in the buffer
}

// copy copies the bytes without `to`, `from` and the redundant xmlns, and with the stream's language where the stanza
// has none (RFC 6120 §4.7.4, §8.1.5).
func (m *move) copy(r *rootSpan, lang string) {
	c := &m.cuts
	c[0], c[1], c[2] = r.to.span, r.from.span, r.xmlns.span
	for _, i := range [3]int{0, 1, 0} { // sort three
		if c[i].off > c[i+1].off {
			c[i], c[i+1] = c[i+1], c[i]
		}
	}
	const open, end = ` xml:lang="`, `"`
	if r.lang.name.end == 0 && lang != "" {
		m.added = int32(len(open) + len(lang) + len(end))
	}
	m.shift = m.added - int32(c[0].len()+c[1].len()+c[2].len())
	var raw strings.Builder
	raw.Grow(len(m.in) + int(m.shift))
	from := r.name.end
	raw.Write(m.in[:from])
	if m.added > 0 {
		raw.WriteString(open)
		raw.WriteString(lang)
		raw.WriteString(end)
	}
	for i := range c {
		if c[i].len() > 0 {
			raw.Write(m.in[from:c[i].off])
			from = c[i].end
		}
	}
	raw.Write(m.in[from:])
	m.d.raw = raw.String()
}

// within returns a range of the start tag, which no cut touches, in the canonical form.
func (m *move) within(p span) string {
	at := p.off + m.added
	for _, c := range m.cuts {
		if c.off < p.off {
			at -= int32(c.len())
		}
	}
	return m.d.raw[at : at+int32(p.len())]
}

// value sets to to what the attribute says, if it is present.
func (m *move) value(a *attr, to *string) {
	if a.name.end == 0 {
		return
	}
	if *to = m.within(a.val); a.ref {
		*to = unescape(*to, true)
	}
}

// namespace returns v as a string that shares memory with the canonical form where it can.
func (m *move) namespace(v nsval) string {
	switch {
	case v.lit != "":
		return sameNS(v.lit)
	case v.content(m.in):
		return NSClient
	case v.off >= m.tagEnd:
		return m.d.raw[v.off+m.shift : v.end+m.shift]
	}
	return m.within(v.span)
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
