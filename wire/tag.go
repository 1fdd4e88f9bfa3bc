package wire

import "bytes"

// attr is one attribute of the tag being read.
type attr struct {
	span        // from the white space before it to behind its closing quote
	name  span  // as written
	val   span  // between the quotes, as written
	colon int32 // index of the colon, or 0
	ref   bool  // the value has references
}

// startTag reads the start tag at s.pos. It returns the index behind it, or 0 if more is needed.
func (s *Scanner) startTag(b []byte) (int, *fault) {
	w := s.w
	i, colon, f := name(b, s.pos+1)
	if f != nil || i >= len(b) {
		return 0, f
	}
	qname := span{int32(s.pos + 1), int32(i)}
	w.attrs = w.attrs[:0]
	for {
		start := i
		i = skipSpace(b, i)
		if i >= len(b) {
			return 0, nil
		}
		if b[i] == '>' || b[i] == '/' {
			break
		}
		if i == start {
			return 0, errTag
		}
		if len(w.attrs) >= s.limits.Attributes {
			return 0, errAttrs
		}
		i, f = w.attr(b, start, i)
		if f != nil || i == 0 {
			return 0, f
		}
	}
	empty := b[i] == '/'
	if empty {
		if i++; i >= len(b) {
			return 0, nil
		}
		if b[i] != '>' {
			return 0, errTag
		}
	}
	i++
	return i, s.open(b, qname, colon, i, empty)
}

// attr reads one attribute: start is the white space before it, i its first byte. It returns 0 if more is needed.
func (w *work) attr(b []byte, start, i int) (int, *fault) {
	from := i
	i, colon, f := name(b, i)
	if f != nil || i >= len(b) {
		return 0, f
	}
	a := attr{name: span{int32(from), int32(i)}, colon: int32(colon)}
	if b[i] != '=' {
		if i = skipSpace(b, i); i >= len(b) {
			return 0, nil
		}
		if b[i] != '=' {
			return 0, errAttr
		}
	}
	if i = skipSpace(b, i+1); i >= len(b) {
		return 0, nil
	}
	quote := b[i]
	if quote != '"' && quote != '\'' {
		return 0, errAttr
	}
	i++
	a.val.off = int32(i)
	i, f = w.value(b, i, quote, &a)
	if f != nil || i >= len(b) {
		return 0, f
	}
	a.val.end = int32(i)
	i++
	a.off, a.end = int32(start), int32(i)
	for j := range w.attrs {
		o := &w.attrs[j]
		if o.name.len() == a.name.len() && bytes.Equal(o.name.of(b), a.name.of(b)) {
			return 0, errAttrTwice
		}
	}
	w.attrs = append(w.attrs, a)
	return i, nil
}

// value validates an attribute value from i on. It returns the index of its closing quote, or len(b).
func (w *work) value(b []byte, i int, quote byte, a *attr) (int, *fault) {
	for i < len(b) {
		c := b[i]
		if class[c]&clAttr != 0 {
			i = plainValue(b, i+1)
			continue
		}
		switch {
		case c == quote:
			return i, nil
		case c == '"' || c == '\'':
			i++
		case c == '&':
			n, more, f := referenceAt(b[i:])
			if f != nil {
				return 0, f
			}
			if more {
				return len(b), nil
			}
			a.ref = true
			i += n
		case c >= 0x80:
			n, more, f := utf8Char(b[i:])
			if f != nil {
				return 0, f
			}
			if more {
				return len(b), nil
			}
			i += n
		case isSpace(c): // not a space: TAB, LF, CR
			w.odd = true
			i++
		case c == '<':
			return 0, errAttr
		default:
			return 0, errChar
		}
	}
	return i, nil
}

// name reads a name from i on: ASCII, at most one colon with a name on both sides. It returns the index behind it and
// that of the colon, or 0. If the index is len(b), the name may go on.
func name(b []byte, i int) (end, colon int, f *fault) {
	start := i
	for part := i; ; part = i {
		if i >= len(b) {
			return i, colon, nil
		}
		if class[b[i]]&clNameStart == 0 {
			return 0, 0, errName
		}
		for i < len(b) && class[b[i]]&clName != 0 {
			i++
		}
		_ = part
		if i-start > maxName {
			return 0, 0, errNameBytes
		}
		if i >= len(b) || b[i] != ':' {
			return i, colon, nil
		}
		if colon != 0 {
			return 0, 0, errName
		}
		colon = i
		i++
	}
}

// endTag reads the end tag at s.pos. It returns the index behind it, or 0 if more is needed.
func (s *Scanner) endTag(b []byte) (int, *fault) {
	w := s.w
	if len(w.stack) == 0 {
		return 0, errEndTag
	}
	top := w.stack[len(w.stack)-1]
	want := top.name.of(b)
	rest := b[s.pos+2:]
	if len(rest) < len(want) {
		if !bytes.HasPrefix(want, rest) {
			return 0, errEndTag
		}
		return 0, nil
	}
	if !bytes.HasPrefix(rest, want) {
		return 0, errEndTag
	}
	i := s.pos + 2 + len(want)
	if i < len(b) && b[i] != '>' {
		i = skipSpace(b, i)
	}
	if i >= len(b) {
		return 0, nil
	}
	if b[i] != '>' {
		return 0, errEndTag
	}
	i++
	w.close(i)
	return i, nil
}

// close leaves the innermost element, whose last byte is before end.
func (w *work) close(end int) {
	top := len(w.stack) - 1
	w.binds = w.binds[:w.stack[top].binds]
	w.stack = w.stack[:top]
	if top == 1 {
		w.kids[len(w.kids)-1].end = int32(end)
	}
}
