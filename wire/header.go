package wire

import "strings"

// Header is a stream header (RFC 6120 §4.7). To and From are zero where absent or malformed; ToErr and FromErr tell.
type Header struct {
	To, From       Addr
	ToErr, FromErr error  // wraps ErrAddr
	ID             string // §4.7.3
	Version        string // §4.7.5, "" where absent: a stream of before RFC 3920
	Lang           string // §4.7.4, "" where absent or not a language tag
	ContentNS      string // jabber:client or jabber:server, as the peer wrote it
	Prefix         string // of the stream element: "stream", or "" if it has none
	XMLDecl        bool   // an XML declaration came first
}

// header reads the XML declaration and the stream header. It consumes nothing before both are complete.
func (s *Scanner) header(buf []byte) (Token, int, error) {
	if s.w == nil {
		s.begin()
		s.state, s.hdr = stHeader, &scope{}
	}
	s.pending = true
	fail := func(f *fault) (Token, int, error) { return Token{}, 0, f.at(s.offset + int64(s.pos)) }
	i, decl, f := s.prolog(buf)
	if f != nil {
		return fail(f)
	}
	if len(buf) > s.limits.StanzaBytes && i+1 >= len(buf) {
		return fail(errBytes)
	}
	if i < 0 || i+1 >= len(buf) {
		return Token{}, 0, nil
	}
	s.pos = i
	if s.partial && !s.tagEnds(buf) {
		if len(buf) > s.limits.StanzaBytes {
			return fail(errBytes)
		}
		return Token{}, 0, nil
	}
	h, end, f := s.headerTag(buf, i)
	switch {
	case f != nil:
		return fail(f)
	case end > s.limits.StanzaBytes:
		return fail(errBytes)
	case end == 0 && s.partial:
		return fail(errTag)
	case end == 0:
		s.partial, s.seen, s.quote = true, i+1, 0
		if s.tagEnds(buf) {
			return fail(errTag)
		}
		if len(buf) > s.limits.StanzaBytes {
			return fail(errBytes)
		}
		return Token{}, 0, nil
	}
	h.XMLDecl = decl
	s.state = stIdle
	if buf[end-2] == '/' {
		s.state = stEmptyEnd
	}
	s.pos, s.seen, s.partial, s.pending = 0, 0, false, false
	s.offset += int64(end)
	s.release()
	return Token{Type: TokenHeader, Header: &h}, end, nil
}

// headerTag reads the start tag at i. It returns the index behind it, or 0 if more is needed.
func (s *Scanner) headerTag(b []byte, i int) (h Header, end int, f *fault) {
	w := s.w
	w.odd = false
	from := i + 1
	i, colon, f := name(b, from)
	if f != nil || i >= len(b) {
		return h, 0, f
	}
	qname := span{int32(from), int32(i)}
	for w.attrs = w.attrs[:0]; ; {
		start := i
		if i = skipSpace(b, i); i >= len(b) {
			return h, 0, nil
		}
		if b[i] == '>' || b[i] == '/' {
			break
		}
		if i == start {
			return h, 0, errTag
		}
		if len(w.attrs) >= s.limits.Attributes {
			return h, 0, errAttrs
		}
		if i, f = w.attr(b, start, i); f != nil || i == 0 {
			return h, 0, f
		}
	}
	if b[i] == '/' {
		if i++; i >= len(b) {
			return h, 0, nil
		}
		if b[i] != '>' {
			return h, 0, errTag
		}
	}
	h, f = s.headerMeaning(b, qname, colon)
	return h, i + 1, f
}

// headerMeaning resolves the namespaces of a complete header and reads its attributes.
func (s *Scanner) headerMeaning(b []byte, qname span, colon int) (h Header, f *fault) {
	w := s.w
	hdr := &scope{name: string(qname.of(b))}
	for i := range w.attrs {
		a := &w.attrs[i]
		var bind binding
		switch {
		case string(a.name.of(b)) == "xmlns":
		case a.colon != 0 && string(b[a.name.off:a.colon]) == "xmlns":
			bind.prefix = span{a.colon + 1, a.name.end}
		default:
			continue
		}
		bind.uri.lit = unescape(string(a.val.of(b)), true)
		if f := allowed(b, bind); f != nil {
			return h, f
		}
		if len(hdr.binds) >= s.limits.Namespaces || len(hdr.binds) >= 64 {
			return h, errBindings
		}
		if bind.prefix.len() == 0 {
			hdr.def = bind.uri.lit
		} else {
			hdr.binds = append(hdr.binds, prefixed{string(bind.prefix.of(b)), bind.uri.lit})
		}
	}
	s.hdr = hdr
	if f := s.checkAttrs(b); f != nil {
		if f == errPrefix {
			f = errHeaderPrefix
		}
		return h, f
	}
	if f := hdr.streamName(&h, colon-int(qname.off)); f != nil {
		return h, f
	}
	for i := range w.attrs {
		a := &w.attrs[i]
		value := unescape(string(a.val.of(b)), true)
		switch string(a.name.of(b)) {
		case "to":
			h.To, h.ToErr = ParseAddr(value)
		case "from":
			h.From, h.FromErr = ParseAddr(value)
		case "id":
			h.ID = value
		case "version":
			h.Version = value
			if !version(value) {
				return h, errVersion
			}
		case "xml:lang":
			if languageTag(value) {
				h.Lang = value
			}
		}
	}
	hdr.lang = h.Lang
	s.hdr = hdr.intern()
	return h, nil
}

// streamName checks the element's name and finds the content namespace: the default one, or one that has a prefix
// (RFC 6120 §4.8). colon is relative to the name.
func (hdr *scope) streamName(h *Header, colon int) *fault {
	ns, local := hdr.def, hdr.name
	if colon > 0 {
		h.Prefix, local = hdr.name[:colon], hdr.name[colon+1:]
		ns = ""
		for _, p := range hdr.binds {
			if p.prefix == h.Prefix {
				ns = p.uri
			}
		}
		if ns == "" {
			return errHeaderPrefix
		}
	}
	switch {
	case ns != NSStream && local == "stream":
		return errStreamNS
	case ns != NSStream || local != "stream":
		return errStreamName
	}
	if contentNS(hdr.def) {
		hdr.content = hdr.def
	}
	for _, p := range hdr.binds {
		if hdr.content == "" && contentNS(p.uri) {
			hdr.content = p.uri
		}
	}
	if hdr.content == "" {
		return errContentNS
	}
	h.ContentNS = hdr.content
	return nil
}

// usual are the scopes of nearly all streams, shared so that an idle scanner is small.
var usual = []*scope{
	{name: "stream:stream", content: NSClient, def: NSClient, binds: []prefixed{{"stream", NSStream}}},
	{name: "stream:stream", content: NSClient, def: NSClient, lang: "en", binds: []prefixed{{"stream", NSStream}}},
	{name: "stream:stream", content: NSServer, def: NSServer, binds: []prefixed{{"stream", NSStream}, {"db", "jabber:server:dialback"}}},
}

func (hdr *scope) intern() *scope {
	for _, u := range usual {
		if u.name == hdr.name && u.def == hdr.def && u.lang == hdr.lang && len(u.binds) == len(hdr.binds) {
			same := true
			for i := range u.binds {
				same = same && u.binds[i] == hdr.binds[i]
			}
			if same {
				return u
			}
		}
	}
	return hdr
}

// version reports whether s is a number, a point and a number (RFC 6120 §4.7.5).
func version(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	_, ok1 := number(major, 10)
	_, ok2 := number(minor, 10)
	return ok && ok1 && ok2
}

// languageTag reports whether s looks like RFC 5646 and is short enough to be passed on.
func languageTag(s string) bool {
	if s == "" || len(s) > maxLang {
		return false
	}
	for i := 0; i < len(s); i++ {
		if class[s[i]]&clName == 0 || s[i] == '.' || s[i] == '_' {
			return false
		}
	}
	return true
}
