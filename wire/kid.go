package wire

import (
	"encoding/xml"
	"iter"
	"strings"
)

// Kid is an element within a stanza: a child, or a child's child. It is a view of the stanza's bytes, immutable, and read
// only as far as it is asked. The zero Kid has no name and no content.
type Kid struct {
	d                  *data
	up                 *Kid       // parent, where that is not the stanza itself
	decls              []prefixed // what its tag declares; set where it is a parent, so that no tag is read per child
	ns, def            string     // own namespace; default namespace inside
	start, tagEnd, end int
	prefix             int // bytes of the prefix, colon included
	name               int // bytes of the local name
}

// doc returns the stanza's canonical bytes.
func (k Kid) doc() string {
	if k.d == nil {
		return ""
	}
	return k.d.raw
}

// root is the stanza's element as a Kid.
func (d *data) root() Kid {
	if d.raw == "" {
		return Kid{}
	}
	return Kid{d: d, ns: d.name.Space, def: d.name.Space, tagEnd: int(d.tagEnd), end: len(d.raw), name: len(d.name.Local)}
}

func (d *data) kid(k *kidSpot) Kid {
	out := Kid{
		d: d, ns: k.ns, start: int(k.start), tagEnd: int(k.tagEnd), end: int(k.end),
		prefix: int(k.prefix), name: int(k.nameLen),
	}
	out.def = k.ns
	if k.prefix > 0 {
		out.def = d.name.Space
		if v, ok := declared(out.tag(), ""); ok {
			out.def = sameNS(v)
		}
	}
	return out
}

// tag returns the start tag.
func (k Kid) tag() string { return k.doc()[k.start:k.tagEnd] }

// local returns the name without its prefix.
func (k Kid) local() string {
	if k.name == 0 {
		return ""
	}
	from := k.start + 1 + k.prefix
	return k.doc()[from : from+k.name]
}

// Name returns the name; jabber:server is reported as jabber:client.
func (k Kid) Name() xml.Name { return xml.Name{Space: k.ns, Local: k.local()} }

// Is reports whether the element has that name; an empty space is the content namespace, as for [Stanza.Kid].
func (k Kid) Is(space, local string) bool {
	if space == "" || space == NSServer {
		space = NSClient
	}
	return k.ns == space && k.local() == local && local != ""
}

// Attr returns an attribute without namespace, unescaped, or "".
func (k Kid) Attr(local string) string { return tagAttr(k.tag(), local) }

// HasAttr reports whether an attribute without namespace is present, be it empty.
func (k Kid) HasAttr(local string) bool {
	_, ok := rawAttr(k.tag(), local)
	return ok
}

// Lang returns the element's own xml:lang, or "".
func (k Kid) Lang() string { return tagAttr(k.tag(), "xml:lang") }

// Text returns the character data directly in the element, unescaped, that of its children left out.
func (k Kid) Text() string {
	body := k.body()
	i := strings.IndexByte(body, '<')
	if i < 0 {
		return unescape(body, false)
	}
	var b strings.Builder
	for {
		b.WriteString(body[:i])
		end := elementEnd(body, i)
		if body = body[end:]; body == "" {
			break
		}
		if i = strings.IndexByte(body, '<'); i < 0 {
			b.WriteString(body)
			break
		}
	}
	return unescape(b.String(), false)
}

// body returns what stands between the tags.
func (k Kid) body() string {
	if k.tagEnd >= k.end {
		return ""
	}
	return k.doc()[k.tagEnd:strings.LastIndexByte(k.doc()[:k.end], '<')]
}

// Kids yields the element's own children in order.
func (k Kid) Kids() iter.Seq[Kid] {
	return func(yield func(Kid) bool) {
		doc, end, up := k.doc(), k.tagEnd+len(k.body()), k.asParent()
		for i := k.tagEnd; i < end; {
			j := strings.IndexByte(doc[i:end], '<')
			if j < 0 {
				return
			}
			kid := up.child(i + j)
			if !yield(kid) {
				return
			}
			i = kid.end
		}
	}
}

// child reads the element that starts at i, within k.
func (k *Kid) child(i int) Kid {
	kid := k.childTag(i)
	kid.end = elementEnd(k.d.raw, i)
	return kid
}

// childTag is child without the end of the element, which costs a walk over it.
func (k *Kid) childTag(i int) Kid {
	kid := Kid{d: k.d, up: k, start: i, tagEnd: tagEnd(k.d.raw, i)}
	kid.prefix, kid.name = tagName(kid.tag())
	kid.def = k.def
	if v, ok := declared(kid.tag(), ""); ok {
		kid.def = sameNS(v)
	}
	kid.ns = kid.def
	if kid.prefix > 0 {
		kid.ns, _ = kid.lookup(kid.d.raw[i+1 : i+kid.prefix])
		kid.ns = sameNS(kid.ns)
	}
	return kid
}

// lookup finds what a prefix stands for, from the element outwards.
func (k Kid) lookup(prefix string) (string, bool) {
	if prefix == "xml" {
		return NSXML, true
	}
	if v, ok := declared(k.tag(), prefix); ok {
		return v, true
	}
	for up := k.up; up != nil; up = up.up {
		if v, ok := find(up.decls, prefix); ok {
			return v, true
		}
	}
	return find(k.d.decls, prefix)
}

// asParent returns a copy for children to point at.
func (k Kid) asParent() *Kid {
	k.decls = declarations(k.tag())
	return &k
}

func find(decls []prefixed, prefix string) (string, bool) {
	for _, p := range decls {
		if p.prefix == prefix {
			return p.uri, true
		}
	}
	return "", false
}

// declarations returns the prefixes that a start tag declares.
func declarations(tag string) (out []prefixed) {
	if !strings.Contains(tag, "xmlns:") {
		return nil
	}
	eachAttr(tag, func(name, value string) bool {
		if p, ok := strings.CutPrefix(name, "xmlns:"); ok {
			out = append(out, prefixed{p, unescape(value, true)})
		}
		return true
	})
	return out
}

// Kid returns the first own child of that name; an empty space is the element's own namespace.
func (k Kid) Kid(space, local string) (Kid, bool) {
	switch space {
	case "":
		space = k.ns
	case NSServer:
		space = NSClient
	}
	for c := range k.Kids() {
		if c.ns == space && c.local() == local {
			return c, true
		}
	}
	return Kid{}, false
}

// Payload returns the element as bytes that stand alone: what it inherits is declared on it.
func (k Kid) Payload() Payload {
	if k.name == 0 {
		return nil
	}
	raw := k.doc()[k.start:k.end]
	out := make([]byte, 0, len(raw)+64)
	out = append(out, raw[:1+k.prefix+k.name]...)
	if _, own := declared(k.tag(), ""); !own {
		if def := k.inherited(); def != NSClient {
			out = AppendAttr(out, nsDelims, def)
		}
	}
	out = k.appendInherited(out, raw)
	return append(out, raw[1+k.prefix+k.name:]...)
}

// inherited returns the default namespace outside of the element.
func (k Kid) inherited() string {
	if k.up != nil {
		return k.up.def
	}
	if k.start == 0 {
		return NSClient
	}
	if k.prefix == 0 {
		return k.ns // it has no declaration of its own, or nobody asks
	}
	return k.def
}

// appendInherited declares the prefixes that ancestors declared and raw may use.
func (k Kid) appendInherited(out []byte, raw string) []byte {
	done := declarations(k.tag())
	add := func(decls []prefixed) {
		for _, p := range decls {
			if _, again := find(done, p.prefix); !again && strings.Contains(raw, p.prefix+":") {
				done = append(done, p)
				out = AppendAttr(out, "xmlns:"+p.prefix, p.uri)
			}
		}
	}
	for up := k.up; up != nil; up = up.up {
		add(up.decls)
	}
	if k.start > 0 {
		add(k.d.decls)
	}
	return out
}
