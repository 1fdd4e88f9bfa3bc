package wire

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// TokenReader yields the stanza's tokens with their namespaces resolved and without xmlns attributes, `to` and `from`
// included: what mellium's types decode from.
func (s Stanza) TokenReader() xml.TokenReader {
	if s.d == nil {
		return &tokens{}
	}
	t := &tokens{kid: s.d.root()}
	if s.from.s != "" {
		t.extra = append(t.extra, xml.Attr{Name: xml.Name{Local: "from"}, Value: s.from.s})
	}
	if s.to.s != "" {
		t.extra = append(t.extra, xml.Attr{Name: xml.Name{Local: "to"}, Value: s.to.s})
	}
	return t
}

// Decode unmarshals the whole stanza into v. Fine for IQs; not for the path that a message takes.
func (s Stanza) Decode(v any) error { return decode(s.TokenReader(), v) }

// TokenReader yields the element's tokens with their namespaces resolved and without xmlns attributes.
func (k Kid) TokenReader() xml.TokenReader { return &tokens{kid: k} }

// Decode unmarshals the element into v.
func (k Kid) Decode(v any) error { return decode(k.TokenReader(), v) }

func decode(r xml.TokenReader, v any) error {
	if err := xml.NewTokenDecoder(r).Decode(v); err != nil {
		return fmt.Errorf("wire: decode %T: %w", v, err)
	}
	return nil
}

// tokens walks validated bytes. stack holds the open elements.
type tokens struct {
	kid   Kid // to begin with
	extra []xml.Attr
	stack []*Kid
	i     int
	end   bool // the element at the top is an empty-element tag: its end comes next
	done  bool
}

// Token implements xml.TokenReader.
func (t *tokens) Token() (xml.Token, error) {
	if len(t.stack) == 0 {
		if t.done || t.kid.name == 0 {
			return nil, io.EOF
		}
		t.done = true
		return t.start(t.kid, t.extra), nil
	}
	top := t.stack[len(t.stack)-1]
	if t.end {
		return t.pop(top), nil
	}
	doc := t.kid.d.raw
	if doc[t.i] != '<' {
		n := strings.IndexByte(doc[t.i:], '<')
		text := doc[t.i : t.i+n]
		t.i += n
		return xml.CharData(unescape(text, false)), nil
	}
	if doc[t.i+1] == '/' {
		t.i = tagEnd(doc, t.i)
		return t.pop(top), nil
	}
	return t.start(top.childTag(t.i), nil), nil
}

func (t *tokens) start(k Kid, extra []xml.Attr) xml.StartElement {
	el := xml.StartElement{Name: k.Name(), Attr: append([]xml.Attr(nil), extra...)}
	eachAttr(k.tag(), func(name, value string) bool {
		prefix, local, has := strings.Cut(name, ":")
		if name == nsDelims || has && prefix == nsDelims {
			return true
		}
		a := xml.Attr{Name: xml.Name{Local: name}, Value: unescape(value, true)}
		if has {
			a.Name.Local = local
			a.Name.Space, _ = k.lookup(prefix)
		}
		el.Attr = append(el.Attr, a)
		return true
	})
	t.stack = append(t.stack, k.asParent())
	t.i = k.tagEnd
	t.end = k.d.raw[k.tagEnd-2] == '/'
	return el
}

func (t *tokens) pop(top *Kid) xml.EndElement {
	t.end = false
	t.stack = t.stack[:len(t.stack)-1]
	return xml.EndElement{Name: top.Name()}
}

// Marshal turns a value into a payload: a Payload, a Stanza (standing alone), an xml.TokenReader, anything with a method
// TokenReader (mellium's types), or what encoding/xml can marshal. Our Writer writes the bytes in every case.
func Marshal(v any) (Payload, error) {
	w := NewWriter()
	switch v := v.(type) {
	case Payload:
		return v, nil
	case Stanza:
		return w.Stanza(v).Payload(), nil
	case xml.TokenReader:
		return w.copy(v)
	case interface{ TokenReader() xml.TokenReader }:
		return w.copy(v.TokenReader())
	}
	b, err := xml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("wire: marshal %T: %w", v, err)
	}
	return w.copy(xml.NewDecoder(strings.NewReader(string(b))))
}

// copy writes all tokens of r.
func (w *Writer) copy(r xml.TokenReader) (Payload, error) {
	for {
		tok, err := r.Token()
		switch t := tok.(type) {
		case xml.StartElement:
			w.token(t)
		case xml.EndElement:
			w.End()
		case xml.CharData:
			if len(w.stack) > 0 || strings.TrimSpace(string(t)) != "" {
				w.Text(string(t))
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("wire: marshal: %w", err)
		}
		if tok == nil {
			break
		}
	}
	p := w.Payload()
	return p, w.err
}

// token writes a start tag as a token describes it: an xmlns attribute counts where the name has no namespace.
func (w *Writer) token(t xml.StartElement) {
	space := t.Name.Space
	for _, a := range t.Attr {
		if space == "" && a.Name.Space == "" && a.Name.Local == nsDelims {
			space = a.Value
		}
	}
	w.Start(space, t.Name.Local)
	for i, a := range t.Attr {
		switch {
		case a.Name.Local == nsDelims || a.Name.Space == nsDelims || strings.HasPrefix(a.Name.Local, "xmlns:"):
		case a.Name.Space == NSXML || a.Name.Space == "xml":
			w.Attr("xml:"+a.Name.Local, a.Value)
		case a.Name.Space != "":
			w.prefixed(fmt.Sprintf("a%d", i), a)
		default:
			w.Attr(a.Name.Local, a.Value)
		}
	}
}

// prefixed writes an attribute that has a namespace, with a prefix made for it.
func (w *Writer) prefixed(prefix string, a xml.Attr) {
	if !w.open || !isNCName(a.Name.Local) || a.Name.Space == nsXMLNS {
		w.fail("attribute name " + a.Name.Local)
		return
	}
	w.b = AppendAttr(w.b, "xmlns:"+prefix, a.Name.Space)
	w.b = AppendAttr(w.b, prefix+":"+a.Name.Local, a.Value)
}
