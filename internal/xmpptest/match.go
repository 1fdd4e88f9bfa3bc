package xmpptest

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strings"

	"salon.im/salon/wire"
)

// node is an element of a pattern or of what came.
type node struct {
	name  xml.Name
	attrs map[xml.Name]string
	kids  []*node
	text  string
	open  bool // a pattern's: other children may be there
}

// parsePattern reads elements in the content namespace.
func parsePattern(text string) ([]*node, error) {
	d := xml.NewDecoder(strings.NewReader(`<x xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">` + text + `</x>`))
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	root, err := readNode(d, tok.(xml.StartElement))
	if err != nil {
		return nil, err
	}
	if len(root.kids) == 0 || root.text != "" {
		return nil, errors.New("the block has elements, and nothing beside them")
	}
	return root.kids, nil
}

func readNode(d *xml.Decoder, start xml.StartElement) (*node, error) {
	n := &node{name: start.Name, attrs: map[xml.Name]string{}}
	for _, a := range start.Attr {
		if a.Name.Space != "xmlns" && a.Name != (xml.Name{Local: "xmlns"}) {
			n.attrs[a.Name] = a.Value
		}
	}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			kid, err := readNode(d, t)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
		case xml.CharData:
			n.text += string(t)
		case xml.EndElement:
			n.text = strings.TrimSpace(n.text)
			if rest, ok := strings.CutSuffix(n.text, "…"); ok {
				n.text, n.open = strings.TrimSpace(rest), true
			}
			return n, nil
		}
	}
}

func nodeOf(st wire.Stanza) (*node, error) {
	n, err := parsePattern(string(st.AppendStandalone(nil)))
	if err != nil {
		return nil, err
	}
	n[0].open = false
	return n[0], nil
}

// vars are the names that a script has captured.
type vars map[string]string

var placeholder = regexp.MustCompile(`\{([a-z][a-z0-9-]*)\}`)

// fill replaces placeholders in what is sent.
func (v vars) fill(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(p string) string {
		name := p[1 : len(p)-1]
		if v[name] == "" {
			v[name] = wire.NewID()
		}
		return v[name]
	})
}

// value holds a value against a pattern, and captures.
func (v vars) value(pattern, got string) bool {
	if other, ok := strings.CutPrefix(pattern, "{!"); ok {
		known, captured := v[strings.TrimSuffix(other, "}")]
		return captured && got != known
	}
	if !strings.Contains(pattern, "{") {
		return pattern == got
	}
	var names []string
	expr, last := "^(?s:", 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(pattern, -1) {
		expr += regexp.QuoteMeta(pattern[last:m[0]])
		name := pattern[m[2]:m[3]]
		if known, ok := v[name]; ok && name != "any" {
			expr += regexp.QuoteMeta(known)
		} else {
			expr += "(.*)"
			names = append(names, name)
		}
		last = m[1]
	}
	m := regexp.MustCompile(expr + regexp.QuoteMeta(pattern[last:]) + ")$").FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for i, name := range names {
		if name != "any" {
			v[name] = m[i+1]
		}
	}
	return true
}

// match holds an element against a pattern. It returns "" or what differs; only a match captures.
func (v vars) match(p, got *node) string {
	try := maps.Clone(v)
	if why := try.element(p, got, true); why != "" {
		return why
	}
	maps.Copy(v, try)
	return ""
}

func (v vars) element(p, got *node, top bool) string {
	if p.name != got.name {
		return fmt.Sprintf("it is <%s xmlns=%q>, not <%s xmlns=%q>", got.name.Local, got.name.Space, p.name.Local, p.name.Space)
	}
	for name, want := range p.attrs {
		value, ok := got.attrs[name]
		switch {
		case want == "{none}" && ok:
			return fmt.Sprintf("<%s> has %s=%q", p.name.Local, name.Local, value)
		case want != "{none}" && !ok:
			return fmt.Sprintf("<%s> has no %s", p.name.Local, name.Local)
		case want != "{none}" && !v.value(want, value):
			return fmt.Sprintf("<%s> has %s=%q, not %q", p.name.Local, name.Local, value, v.shown(want))
		}
	}
	typed := xml.Name{Local: "type"}
	if _, asked := p.attrs[typed]; top && !asked && got.attrs[typed] != "" {
		return fmt.Sprintf("<%s> is of type %q", p.name.Local, got.attrs[typed])
	}
	if !v.value(p.text, got.text) && (p.text != "" || !p.open) {
		return fmt.Sprintf("<%s> says %q, not %q", p.name.Local, got.text, v.shown(p.text))
	}
	return v.children(p, got, top && got.attrs[typed] == "error")
}

// children finds each of the pattern's, and looks at what is left over.
func (v vars) children(p, got *node, failed bool) string {
	left := append([]*node(nil), got.kids...)
	for _, want := range p.kids {
		why := "there is none"
		found := -1
		for i, kid := range left {
			if kid.name != want.name {
				continue
			}
			try := maps.Clone(v)
			if why = try.element(want, kid, false); why == "" {
				maps.Copy(v, try)
				found = i
				break
			}
		}
		if found < 0 {
			return fmt.Sprintf("<%s> lacks <%s xmlns=%q>: %s", p.name.Local, want.name.Local, want.name.Space, why)
		}
		left = append(left[:found], left[found+1:]...)
	}
	for _, kid := range left {
		if !p.open && !passedOver(p, got, kid, failed) {
			return fmt.Sprintf("<%s> has a <%s xmlns=%q> that is not expected", p.name.Local, kid.name.Local, kid.name.Space)
		}
	}
	return ""
}

// passedOver reports whether a child needs no mention.
func passedOver(p, got, kid *node, failed bool) bool {
	switch {
	case kid.name == occupantID && !failed:
		return fromRoom(got) && got.count(occupantID) == 1
	case kid.name == stanzaID && !failed:
		return got.count(stanzaID) == 1 && kid.attrs[xml.Name{Local: "id"}] != forged
	case failed: // what came is brought back
		return kid.name.Local != "error"
	}
	return p.name.Local == "error" && kid.name == xml.Name{Space: "urn:ietf:params:xml:ns:xmpp-stanzas", Local: "text"}
}

var (
	occupantID = xml.Name{Space: "urn:xmpp:occupant-id:0", Local: "occupant-id"}
	stanzaID   = xml.Name{Space: "urn:xmpp:sid:0", Local: "stanza-id"}
)

// forged is the id that a script gives to a stanza-id of its own making: one that arrives is never passed over.
const forged = "forged"

// fromRoom reports whether a stanza comes from somebody in a room, or names its moderator: nothing else has an occupant-id.
func fromRoom(n *node) bool {
	return strings.Contains(n.attrs[xml.Name{Local: "from"}]+n.attrs[xml.Name{Local: "by"}], "@conference.")
}

// count returns how many children have that name.
func (n *node) count(name xml.Name) (c int) {
	for _, kid := range n.kids {
		if kid.name == name {
			c++
		}
	}
	return c
}

// shown is a pattern's value with what was captured.
func (v vars) shown(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(p string) string {
		if known, ok := v[p[1:len(p)-1]]; ok {
			return known
		}
		return p
	})
}
