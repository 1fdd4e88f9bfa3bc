package wire

import (
	"errors"
	"slices"
	"strconv"
)

// Payload is validated XML that stands alone: zero or more elements, nil for none. An element without xmlns is in the
// content namespace. Only Writer, Kid, Stanza and Marshal make one; it must not be modified.
type Payload []byte

// Writer builds payloads. What it returns is well-formed by construction: it balances tags, escapes, omits a redundant
// xmlns and drops what XML cannot carry. A misuse, such as a name that is none, is kept and told by Err; the payload is
// then nil.
//
//	w := wire.NewWriter()
//	w.Start("http://jabber.org/protocol/disco#info", "query")
//	w.Elem("", "feature", "")       // in the query's namespace
//	w.End()
//	return w.Payload(), nil
//
// A Writer belongs to one goroutine.
type Writer struct {
	b     []byte
	stack []written
	open  bool     // the last start tag awaits more attributes
	names []string // of the attributes that it has
	err   error

	firstStack [6]written // so that a usual payload costs two allocations
	firstNames [6]string
}

type written struct{ name, ns string }

var errWriter = errors.New("wire: writer misused")

// NewWriter returns an empty writer.
func NewWriter() *Writer {
	w := &Writer{b: make([]byte, 0, 256)}
	w.stack, w.names = w.firstStack[:0], w.firstNames[:0]
	return w
}

// ns returns the default namespace in force; at the top it is the content namespace.
func (w *Writer) ns() string {
	if n := len(w.stack); n > 0 {
		return w.stack[n-1].ns
	}
	return NSClient
}

// Start opens an element. An empty space means the namespace of the element around it; at the top, the content namespace.
func (w *Writer) Start(space, local string) *Writer {
	if !isNCName(local) {
		w.fail("element name " + strconv.Quote(local))
		local = "_"
	}
	if space == NSXML || space == nsXMLNS {
		w.fail("reserved namespace " + space)
		space = ""
	}
	w.seal()
	def := w.ns()
	if space == "" {
		space = def
	}
	space = sameNS(space)
	w.b = append(w.b, '<')
	w.b = append(w.b, local...)
	w.names = w.names[:0]
	if space != def {
		w.b = AppendAttr(w.b, nsDelims, space)
	}
	w.stack = append(w.stack, written{local, space})
	w.open = true
	return w
}

// Attr adds an attribute to the element just started; "xml:lang" is the only name with a prefix. It may not be repeated.
func (w *Writer) Attr(name, value string) *Writer {
	switch {
	case !w.open:
		w.fail("attribute " + strconv.Quote(name) + " outside of a start tag")
	case name != "xml:lang" && (!isNCName(name) || name == nsDelims):
		w.fail("attribute name " + strconv.Quote(name))
	case slices.Contains(w.names, name):
		w.fail("attribute " + name + " twice")
	default:
		w.names = append(w.names, name)
		w.b = AppendAttr(w.b, name, value)
	}
	return w
}

// AttrIf adds an attribute unless its value is empty.
func (w *Writer) AttrIf(name, value string) *Writer {
	if value == "" {
		return w
	}
	return w.Attr(name, value)
}

// Text adds character data. At the top there can be none.
func (w *Writer) Text(s string) *Writer {
	if s == "" {
		return w
	}
	if len(w.stack) == 0 {
		w.fail("text outside of an element")
		return w
	}
	w.seal()
	w.b = appendText(w.b, s)
	return w
}

// Raw adds a payload. Its elements keep their namespaces wherever it stands.
func (w *Writer) Raw(p Payload) *Writer {
	if len(p) == 0 {
		return w
	}
	w.seal()
	if w.ns() == NSClient {
		w.b = append(w.b, p...)
		return w
	}
	s := string(p)
	for i := 0; i < len(s) && s[i] == '<'; {
		end := elementEnd(s, i)
		prefix, n := tagName(s[i:])
		name := i + 1 + prefix + n
		w.b = append(w.b, s[i:name]...)
		if _, own := declared(s[i:tagEnd(s, i)], ""); !own {
			w.b = AppendAttr(w.b, nsDelims, NSClient)
		}
		w.b = append(w.b, s[name:end]...)
		i = end
	}
	return w
}

// Stanza adds a whole stanza with its namespace, as <forwarded/> wants it (XEP-0297 §3).
func (w *Writer) Stanza(s Stanza) *Writer {
	w.seal()
	w.b = s.AppendStandalone(w.b)
	return w
}

// End closes the innermost element.
func (w *Writer) End() *Writer {
	n := len(w.stack)
	if n == 0 {
		w.fail("one End too many")
		return w
	}
	name := w.stack[n-1].name
	w.stack = w.stack[:n-1]
	if w.open {
		w.b = append(w.b, '/', '>')
		w.open = false
		return w
	}
	w.b = append(w.b, '<', '/')
	w.b = append(w.b, name...)
	w.b = append(w.b, '>')
	return w
}

// Elem adds a whole element with text alone; an empty text gives an empty element.
func (w *Writer) Elem(space, local, text string) *Writer {
	return w.Start(space, local).Text(text).End()
}

// ElemIf adds a whole element unless its text is empty.
func (w *Writer) ElemIf(space, local, text string) *Writer {
	if text == "" {
		return w
	}
	return w.Elem(space, local, text)
}

// Err returns the first misuse, or nil.
func (w *Writer) Err() error { return w.err }

// Payload closes what is open and returns the bytes, or nil if there are none or Err is not nil. The writer starts anew.
func (w *Writer) Payload() Payload {
	for len(w.stack) > 0 {
		w.End()
	}
	b := w.b
	w.b, w.open = nil, false
	if w.err != nil || len(b) == 0 {
		return nil
	}
	return b
}

// seal ends the start tag.
func (w *Writer) seal() {
	if w.open {
		w.b = append(w.b, '>')
		w.open = false
	}
}

func (w *Writer) fail(what string) {
	if w.err == nil {
		w.err = errors.Join(errWriter, errors.New(what))
	}
}
