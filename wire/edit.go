package wire

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"strings"

	"mellium.im/xmpp/stanza"
)

// New builds a message, presence or IQ. Empty typ and id and zero addresses are left out. A payload that no function of
// this package made, and that is not well-formed, makes the zero Stanza.
func New(kind Kind, typ, id string, from, to Addr, p ...Payload) Stanza {
	e := Edit{kind: kind, typ: typ, id: id, from: from, to: to, after: p}
	return e.Stanza()
}

// NewNonza makes an element that is no stanza, such as <a/>, <enabled/> or the stream's features, from a payload of one
// element. Elements of the streams namespace are written with its usual prefix.
func NewNonza(p Payload) Stanza {
	st, f := parse(p, storedLimits, "", false)
	if f != nil {
		return Stanza{}
	}
	return st
}

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a random id of 16 characters, 80 bits.
func NewID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return idText.EncodeToString(b[:])
}

// Edit collects changes to a stanza; Stanza applies them all in one rebuild.
type Edit struct {
	kind          Kind
	typ, id, lang string
	extra         string // other attributes, as written
	from, to      Addr
	cut           []func(Kid) bool
	base          Stanza
	before, after []Payload

	firstCut   [1]func(Kid) bool // so that a usual edit allocates once
	firstAfter [2]Payload
}

// Edit begins changes. The stanza itself stays as it is. A nonza can only be read: its edit changes nothing.
func (s Stanza) Edit() *Edit {
	d := s.data()
	e := &Edit{kind: d.kind, typ: d.typ, id: d.id, from: s.from, to: s.to, base: s}
	e.cut, e.after = e.firstCut[:0], e.firstAfter[:0]
	eachAttr(d.raw[:d.tagEnd], func(name, value string) bool {
		switch name {
		case "id", "type":
		case "xml:lang":
			e.lang = unescape(value, true)
		default:
			e.extra += " " + name + `="` + strings.ReplaceAll(value, `"`, "&quot;") + `"`
		}
		return true
	})
	return e
}

// Cut removes the children for which f is true.
func (e *Edit) Cut(f func(Kid) bool) *Edit { e.cut = append(e.cut, f); return e }

// Append adds behind the last child.
func (e *Edit) Append(p ...Payload) *Edit { e.after = append(e.after, p...); return e }

// Prepend adds before the first child; a later call adds before an earlier one.
func (e *Edit) Prepend(p ...Payload) *Edit {
	e.before = append(p[:len(p):len(p)], e.before...)
	return e
}

// SetType sets the type; empty removes it.
func (e *Edit) SetType(v string) *Edit { e.typ = v; return e }

// SetID sets the id; empty removes it.
func (e *Edit) SetID(v string) *Edit { e.id = v; return e }

// SetLang sets xml:lang; empty removes it.
func (e *Edit) SetLang(v string) *Edit { e.lang = v; return e }

// Stanza rebuilds and validates. The addresses are those of the original.
func (e *Edit) Stanza() Stanza {
	if e.kind == KindOther {
		return e.base
	}
	n := 64 + e.base.Len()
	for _, ps := range [2][]Payload{e.before, e.after} {
		for _, p := range ps {
			n += len(p)
		}
	}
	b := make([]byte, 0, n)
	b = append(b, '<')
	b = append(b, e.kind.String()...)
	for _, a := range [3][2]string{{"id", e.id}, {"type", e.typ}, {"xml:lang", e.lang}} {
		if a[1] != "" {
			b = AppendAttr(b, a[0], a[1])
		}
	}
	b = append(b, e.extra...)
	b = append(b, '>')
	tag := len(b)
	for _, p := range e.before {
		b = append(b, p...)
	}
	b = e.appendKept(b)
	for _, p := range e.after {
		b = append(b, p...)
	}
	if len(b) == tag {
		b = append(b[:tag-1], '/', '>')
	} else {
		b = append(b, '<', '/')
		b = append(b, e.kind.String()...)
		b = append(b, '>')
	}
	st, f := parse(b, storedLimits, "", false)
	if f != nil {
		return Stanza{}
	}
	st.from, st.to = e.from, e.to
	if e.base.d != nil {
		st.d.err = e.base.d.err
	}
	return st
}

// appendKept copies the children that stay, and the text between them.
func (e *Edit) appendKept(b []byte) []byte {
	d := e.base.d
	if d == nil {
		return b
	}
	at := int(d.tagEnd)
	body := at + len(d.root().body())
	if len(e.cut) == 0 {
		return append(b, d.raw[at:body]...)
	}
	for k := range e.base.Kids() {
		for _, cut := range e.cut {
			if cut(k) {
				b = append(b, d.raw[at:k.start]...)
				at = k.end
				break
			}
		}
	}
	return append(b, d.raw[at:body]...)
}

// Payload returns all children as one payload; text between them is left out.
func (s Stanza) Payload() Payload {
	var out Payload
	for k := range s.Kids() {
		out = append(out, k.Payload()...)
	}
	return out
}

// Result returns the answer to an IQ request: same id, addresses swapped, p or nothing as the child (RFC 6120 §8.2.3).
func (s Stanza) Result(p Payload) Stanza {
	return New(KindIQ, "result", s.ID(), s.to, s.from, p)
}

// maxEcho bounds the original children in an error, in bytes.
const maxEcho = 4 << 10

// ErrorReply returns the stanza as an error to its sender: addresses swapped, same id, the original children where they
// are small, then the error (RFC 6120 §8.3.1), with detail as its application-specific conditions (§8.3.4). A detail that is
// the condition of e takes its place: <gone/> and <redirect/> hold the new address (§8.3.3.5, §8.3.3.14). The caller checks
// that s is no error or result itself.
func (s Stanza) ErrorReply(e stanza.Error, detail ...Payload) Stanza {
	p, err := Marshal(e)
	if err != nil {
		p = NewWriter().Start("", "error").Attr("type", "cancel").Elem(stanza.NSError, "undefined-condition", "").Payload()
	}
	for _, d := range detail {
		p = withDetail(p, d, string(e.Condition))
	}
	var echo Payload
	if s.Len() <= maxEcho {
		echo = s.Payload()
	}
	return New(s.Kind(), "error", s.ID(), s.to, s.from, echo, p)
}

// withDetail puts d behind what <error/> has, or in the place of its condition.
func withDetail(p, d Payload, condition string) Payload {
	open := []byte("<" + condition + ` xmlns="` + stanza.NSError + `"`)
	if empty := append(bytes.Clone(open), "/>"...); bytes.HasPrefix(d, open) && bytes.Contains(p, empty) {
		return bytes.Replace(p, empty, d, 1)
	}
	if body, ok := bytes.CutSuffix(p, []byte("</error>")); ok {
		return append(append(bytes.Clone(body), d...), "</error>"...)
	}
	return p
}
