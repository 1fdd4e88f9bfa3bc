package wire

import "strings"

// canonical re-renders an element of unusual shape, and reads the result again with the same strictness.
//
// What becomes of it: the element's name loses its prefix, and so do elements of the content namespace among its children;
// prefixes that the stream header declared are declared on the element; CDATA becomes text; literal TAB, CR and LF in
// attributes become spaces, and CR in text LF, as every XML parser reads them; a repeated declaration of the content
// namespace goes. Everything else keeps its bytes.
func (s *Scanner) canonical(b []byte) (Stanza, *fault) {
	c := canon{in: string(b), hdr: s.hdr, used: s.w.used, kind: s.w.root.kind}
	out := c.render()
	if len(out) > maxGrowth*len(b) {
		return Stanza{}, errGrowth
	}
	st, f := parse(out, storedLimits, s.hdr.lang, true)
	if f != nil {
		return Stanza{}, f
	}
	return st, nil
}

// canon is one run of the slow path. Its input is validated.
type canon struct {
	in    string
	hdr   *scope
	used  uint64
	kind  Kind
	out   []byte
	stack []canonFrame
	drop  string // the declaration of the element's own prefix, where nothing else needs it
}

// canonFrame is an open element: how it was named, and the default namespaces inside, as read and as written.
type canonFrame struct {
	name     string
	decls    []prefixed
	was, now string
}

func (c *canon) render() []byte {
	c.out = make([]byte, 0, len(c.in)+len(c.in)/4+64)
	for i := 0; i < len(c.in); {
		rest := c.in[i:]
		switch {
		case rest[0] != '<':
			n := strings.IndexByte(rest, '<')
			c.out = appendLines(c.out, rest[:n])
			i += n
		case strings.HasPrefix(rest, string(cdataOpen)):
			n := strings.Index(rest, string(cdataClose))
			text := string(appendLines(nil, rest[len(cdataOpen):n]))
			c.out = appendText(c.out, text)
			i += n + len(cdataClose)
		case rest[1] == '/':
			top := c.stack[len(c.stack)-1]
			c.stack = c.stack[:len(c.stack)-1]
			c.out = append(c.out, '<', '/')
			c.out = append(c.out, top.name...)
			c.out = append(c.out, '>')
			i = tagEnd(c.in, i)
		default:
			end := tagEnd(c.in, i)
			c.start(c.in[i:end])
			i = end
		}
	}
	return c.out
}

// start writes a start tag.
func (c *canon) start(tag string) {
	prefix, n := tagName(tag)
	local := tag[1+prefix : 1+prefix+n]
	fr := canonFrame{decls: declarations(tag), was: c.hdr.def, now: NSClient}
	if c.kind == KindOther {
		fr.now = "\x00" // whatever it is, declare it
	}
	root := len(c.stack) == 0
	if !root {
		fr.was, fr.now = c.stack[len(c.stack)-1].was, c.stack[len(c.stack)-1].now
	}
	own, hasOwn := declared(tag, "")
	if hasOwn {
		fr.was = own
	}
	ns := fr.was
	fr.name = local
	if prefix > 0 {
		ns = c.lookup(fr.decls, tag[1:prefix])
		if !root && !(contentNS(ns) && contentNS(fr.now)) {
			fr.name = tag[1 : 1+prefix+n]
			ns = fr.now // written with its prefix, so that only a declaration for its children matters
			if hasOwn {
				ns = own
			}
		}
	}
	c.out = append(c.out, '<')
	c.out = append(c.out, fr.name...)
	if sameNS(ns) != sameNS(fr.now) {
		fr.now = ns
		c.out = AppendAttr(c.out, nsDelims, ns)
	}
	if root {
		for i, p := range c.hdr.binds {
			if _, again := declared(tag, p.prefix); c.used&(1<<i) != 0 && !again {
				c.out = AppendAttr(c.out, "xmlns:"+p.prefix, p.uri)
			}
		}
	}
	if root && prefix > 0 && !c.uses(tag[1:1+prefix]) {
		c.drop = "xmlns:" + tag[1:prefix]
	}
	c.attrs(tag)
	c.drop = ""
	if tag[len(tag)-2] == '/' {
		c.out = append(c.out, '/', '>')
		return
	}
	c.out = append(c.out, '>')
	c.stack = append(c.stack, fr)
}

// attrs writes all attributes but the declaration of the default namespace.
func (c *canon) attrs(tag string) {
	eachAttr(tag, func(name, value string) bool {
		switch {
		case name == nsDelims, name == c.drop:
		case strings.HasPrefix(name, "xmlns:"):
			c.out = AppendAttr(c.out, name, unescape(value, true))
		default:
			quote := byte('"')
			if strings.IndexByte(value, '"') >= 0 {
				quote = '\''
			}
			c.out = append(c.out, ' ')
			c.out = append(c.out, name...)
			c.out = append(c.out, '=', quote)
			c.out = appendSpaces(c.out, value)
			c.out = append(c.out, quote)
		}
		return true
	})
}

// uses reports whether a name other than the outermost element's has the prefix, which ends with its colon.
func (c *canon) uses(prefix string) (yes bool) {
	for i, first := 0, true; i < len(c.in) && !yes; first = false {
		end := tagEnd(c.in, i)
		if strings.HasPrefix(c.in[i:], string(cdataOpen)) {
			end = i + strings.Index(c.in[i:], string(cdataClose))
		} else if tag := c.in[i:end]; tag[1] != '/' {
			yes = !first && strings.HasPrefix(tag[1:], prefix)
			eachAttr(tag, func(name, _ string) bool {
				yes = yes || strings.HasPrefix(name, prefix)
				return true
			})
		}
		next := strings.IndexByte(c.in[end:], '<')
		if next < 0 {
			return yes
		}
		i = end + next
	}
	return yes
}

// lookup finds what a prefix stands for in an element with these declarations of its own.
func (c *canon) lookup(own []prefixed, prefix string) string {
	if v, ok := find(own, prefix); ok {
		return v
	}
	for i := len(c.stack) - 1; i >= 0; i-- {
		if v, ok := find(c.stack[i].decls, prefix); ok {
			return v
		}
	}
	if v, ok := find(c.hdr.binds, prefix); ok {
		return v
	}
	return NSXML
}

// appendLines appends text with its line ends as LF (XML 1.0 §2.11).
func appendLines(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, '\r')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(append(dst, s[:i]...), '\n')
		if s = s[i+1:]; s != "" && s[0] == '\n' {
			s = s[1:]
		}
	}
}

// appendSpaces appends an attribute value with literal white space as spaces (XML 1.0 §3.3.3), references untouched.
func appendSpaces(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			continue
		}
		if isSpace(c) {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}
