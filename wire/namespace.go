package wire

import "bytes"

// nsval is a namespace name: a range of the buffer, or a string where the bytes will not do.
type nsval struct {
	span
	lit string
}

func (v nsval) is(b []byte, s string) bool {
	if v.lit != "" {
		return v.lit == s
	}
	return string(v.of(b)) == s
}

func (v nsval) string(b []byte) string {
	if v.lit != "" {
		return v.lit
	}
	return string(v.of(b))
}

// content reports whether v is one of the two content namespaces.
func (v nsval) content(b []byte) bool {
	if v.lit == "" && v.len() != len(NSClient) {
		return false
	}
	return v.is(b, NSClient) || v.is(b, NSServer)
}

// binding is a declaration in force: prefix empty for the default.
type binding struct {
	prefix span
	uri    nsval
}

// scope is what a stream header declared.
type scope struct {
	name    string // of the stream element, prefix included
	content string // content namespace: jabber:client or jabber:server
	stored  bool   // not a stream: stanzas of both content namespaces are welcome
	def     string // default namespace, normally the same
	lang    string
	binds   []prefixed
}

type prefixed struct{ prefix, uri string }

// kidSpan is an indexed child.
type kidSpan struct {
	start, tagEnd, end int32
	colon, nameEnd     int32 // absolute; colon 0 if there is none
	ns                 nsval
}

// rootSpan is what the index keeps of the element itself.
type rootSpan struct {
	name                           span
	colon                          int32
	kind                           Kind
	tagEnd                         int32
	ns                             nsval
	declares                       bool // it declares prefixes
	to, from, id, typ, lang, xmlns attr // name.end is 0 where absent
}

// open enters an element whose start tag is complete: declarations, prefixes, index. It closes it again if it is empty.
func (s *Scanner) open(b []byte, qname span, colon, tagEnd int, empty bool) *fault {
	w := s.w
	depth := len(w.stack)
	if depth >= s.limits.Depth {
		return errDepth
	}
	fr := frame{name: qname, binds: len(w.binds)}
	parent := nsval{lit: s.hdr.def}
	if depth > 0 {
		parent = w.stack[depth-1].def
	}
	fr.def = parent
	plain := true // no declaration, no prefixed attribute
	for i := range w.attrs {
		a := &w.attrs[i]
		if a.colon == 0 && string(a.name.of(b)) != "xmlns" {
			continue
		}
		plain = false
		if f := s.declare(b, a, &fr, parent, depth); f != nil {
			return f
		}
	}
	if !plain {
		if f := s.checkAttrs(b); f != nil {
			return f
		}
	}
	ns := fr.def
	if colon != 0 {
		var f *fault
		used := w.used
		if ns, f = s.resolve(b, span{qname.off, int32(colon)}); f != nil {
			return f
		}
		if depth == 0 || parent.content(b) && ns.content(b) {
			w.odd, w.used = true, used // it will lose its prefix
		}
	} else if depth == 0 && ns.lit != "" && s.hdr.def != s.hdr.content {
		w.odd = true // the header's default, which is not the content's
	}
	w.stack = append(w.stack, fr)
	switch depth {
	case 0:
		if f := s.rootTag(b, qname, colon, tagEnd, ns); f != nil {
			return f
		}
	case 1:
		if len(w.kids) >= maxKids {
			return errKids
		}
		w.kids = append(w.kids, kidSpan{start: qname.off - 1, tagEnd: int32(tagEnd), colon: int32(colon), nameEnd: qname.end, ns: ns})
	}
	if empty {
		w.close(tagEnd)
	}
	return nil
}

// declare takes a namespace declaration among the attributes (Namespaces in XML §3); other attributes pass.
func (s *Scanner) declare(b []byte, a *attr, fr *frame, parent nsval, depth int) *fault {
	w := s.w
	var bind binding
	if a.colon != 0 {
		if string(b[a.name.off:a.colon]) != "xmlns" {
			return nil
		}
		bind.prefix = span{a.colon + 1, a.name.end}
	}
	bind.uri.span = a.val
	if a.ref || w.odd {
		raw := string(a.val.of(b))
		if v := unescape(raw, true); v != raw {
			bind.uri = nsval{lit: v}
			w.odd = w.odd || string(appendEscaped(nil, v, clAttr)) != raw // not as we write it
		}
	}
	if f := allowed(b, bind); f != nil {
		return f
	}
	if a.colon == 0 {
		fr.def = bind.uri
		if depth > 0 && parent.content(b) && fr.def.content(b) {
			w.odd = true
		}
	}
	if len(w.binds) >= s.limits.Namespaces {
		return errBindings
	}
	w.binds = append(w.binds, bind)
	return nil
}

// allowed checks the reserved prefixes and names.
func allowed(b []byte, bind binding) *fault {
	empty := bind.uri.lit == "" && bind.uri.len() == 0
	switch string(bind.prefix.of(b)) {
	case "xml":
		if !bind.uri.is(b, NSXML) {
			return errDeclaration
		}
		return nil
	case "xmlns":
		return errDeclaration
	case "":
	default:
		if empty {
			return errDeclaration
		}
	}
	if bind.uri.is(b, NSXML) || bind.uri.is(b, nsXMLNS) {
		return errDeclaration
	}
	return nil
}

// resolve finds what prefix stands for. Where the stream header declared it, the element is odd: its canonical form
// must stand alone.
func (s *Scanner) resolve(b []byte, prefix span) (nsval, *fault) {
	w := s.w
	p := prefix.of(b)
	for i := len(w.binds) - 1; i >= 0; i-- {
		if q := w.binds[i].prefix; q.len() == len(p) && bytes.Equal(q.of(b), p) {
			return w.binds[i].uri, nil
		}
	}
	if string(p) == "xml" {
		return nsval{lit: NSXML}, nil
	}
	for i := range s.hdr.binds {
		if s.hdr.binds[i].prefix == string(p) {
			w.odd = true
			w.used |= 1 << i
			return nsval{lit: s.hdr.binds[i].uri}, nil
		}
	}
	return nsval{}, errPrefix
}

// checkAttrs resolves prefixed attributes and refuses two with one expanded name (Namespaces in XML §6.3).
func (s *Scanner) checkAttrs(b []byte) *fault {
	attrs := s.w.attrs
	var seen [8]int
	n := 0
	for i := range attrs {
		a := &attrs[i]
		if a.colon == 0 || string(b[a.name.off:a.colon]) == "xmlns" {
			continue
		}
		ns, f := s.resolve(b, span{a.name.off, a.colon})
		if f != nil {
			return f
		}
		if n == len(seen) {
			return errAttrs // no writer uses more than eight prefixed attributes
		}
		for _, j := range seen[:n] {
			o := &attrs[j]
			if !bytes.Equal(b[o.colon+1:o.name.end], b[a.colon+1:a.name.end]) {
				continue
			}
			if other, _ := s.resolve(b, span{o.name.off, o.colon}); other.string(b) == ns.string(b) {
				return errAttrTwice
			}
		}
		seen[n] = i
		n++
	}
	return nil
}

// rootTag indexes the start tag of an element under the stream and says which elements may stand there.
func (s *Scanner) rootTag(b []byte, qname span, colon, tagEnd int, ns nsval) *fault {
	w := s.w
	r := &w.root
	r.name, r.colon, r.tagEnd, r.ns = qname, int32(colon), int32(tagEnd), ns
	local := qname.of(b)
	if colon != 0 {
		local = b[colon+1 : qname.end]
	}
	r.kind = kindOf(local)
	switch {
	case ns.is(b, s.hdr.content) || s.hdr.stored && ns.content(b):
		if r.kind == KindOther {
			return errStanzaName // RFC 6120 §4.9.3.24
		}
	case r.kind != KindOther || ns.content(b):
		return errStanzaNS // RFC 6120 §4.9.3.10
	case ns.is(b, ""), ns.is(b, NSStream) && string(local) == "stream": // a second header
		return errStanzaName
	}
	for i := range w.attrs {
		a := &w.attrs[i]
		r.declares = r.declares || a.colon != 0 && string(b[a.name.off:a.colon]) == nsDelims
		switch string(a.name.of(b)) {
		case "to":
			r.to = *a
		case "from":
			r.from = *a
		case "id":
			r.id = *a
		case "type":
			r.typ = *a
		case "xml:lang":
			r.lang = *a
		case "xmlns":
			r.xmlns = *a
		}
	}
	return nil
}

func kindOf(local []byte) Kind {
	switch string(local) {
	case "message":
		return KindMessage
	case "presence":
		return KindPresence
	case "iq":
		return KindIQ
	}
	return KindOther
}
