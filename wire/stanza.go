package wire

import (
	"encoding/xml"
	"iter"
)

// Kind says which stanza it is.
type Kind uint8

// The kinds. KindOther is any element that is no stanza: <r/>, <auth/>, <stream:features/>; we call it a nonza.
const (
	KindOther Kind = iota
	KindMessage
	KindPresence
	KindIQ
)

func (k Kind) String() string { return [...]string{"nonza", "message", "presence", "iq"}[k&3] }

// Stanza is a validated element, immutable: canonical bytes and an index, both shared by all copies, and the two
// addresses, which a copy may change. 56 bytes. The zero Stanza is none. Safe for any goroutine.
//
// In the canonical bytes of a stanza its name has no prefix, and the tag neither xmlns nor `to` nor `from`; these are
// spliced in as it is written. Strings that a Stanza or its children return share its memory: clone what is to be kept
// longer than it.
type Stanza struct {
	d        *data
	to, from Addr
}

// data is what all copies share.
type data struct {
	raw    string // canonical bytes
	name   xml.Name
	id     string
	typ    string
	lang   string
	err    error // `to` or `from` is not an address
	kids   []kidSpot
	decls  []prefixed // what the element's tag declares
	splice int32      // where attributes are spliced: behind the name
	tagEnd int32      // behind the start tag
	kind   Kind
}

// kidSpot is an indexed child in data.raw.
type kidSpot struct {
	ns                 string
	start, tagEnd, end int32
	prefix, nameLen    uint16 // bytes of the prefix with its colon, of the local name
}

// IsZero reports whether s is no stanza.
func (s Stanza) IsZero() bool { return s.d == nil }

// none stands in for the data of the zero Stanza.
var none data

func (s Stanza) data() *data {
	if s.d == nil {
		return &none
	}
	return s.d
}

// Kind says which stanza it is.
func (s Stanza) Kind() Kind { return s.data().kind }

// Name returns the element's name. For stanzas the namespace is jabber:client, whatever stream they came from.
func (s Stanza) Name() xml.Name { return s.data().name }

// To returns the address that it is for; zero where absent or malformed, and for a nonza.
func (s Stanza) To() Addr { return s.to }

// From returns the address that it claims to be from; zero where absent or malformed, and for a nonza.
func (s Stanza) From() Addr { return s.from }

// ID returns the id attribute, unescaped.
func (s Stanza) ID() string { return s.data().id }

// Type returns the type attribute, unescaped: "" where absent, whatever the default would be.
func (s Stanza) Type() string { return s.data().typ }

// Lang returns xml:lang, inherited from the stream header where the stanza has none (RFC 6120 §8.1.5).
func (s Stanza) Lang() string { return s.data().lang }

// Malformed returns an error if `to` or `from` is present and no address; the answer is jid-malformed
// (RFC 6120 §8.3.3.8). It wraps ErrAddr.
func (s Stanza) Malformed() error { return s.data().err }

// Len returns the bytes of the canonical form, without the spliced addresses: what queues count.
func (s Stanza) Len() int { return len(s.data().raw) }

// Attr returns an attribute without namespace, unescaped, or "". `to` and `from` are not among a stanza's: see To and From.
func (s Stanza) Attr(local string) string {
	d := s.data()
	return tagAttr(d.raw[:d.tagEnd], local)
}

// NumKids returns the number of children.
func (s Stanza) NumKids() int { return len(s.data().kids) }

// Kids yields the children in order.
func (s Stanza) Kids() iter.Seq[Kid] {
	return func(yield func(Kid) bool) {
		d := s.data()
		for i := range d.kids {
			if !yield(d.kid(&d.kids[i])) {
				return
			}
		}
	}
}

// Kid returns the first child of that name. An empty space is the content namespace, as is jabber:client.
func (s Stanza) Kid(space, local string) (Kid, bool) {
	if space == "" || space == NSServer {
		space = NSClient
	}
	d := s.data()
	for i := range d.kids {
		k := &d.kids[i]
		if k.ns == space && k.local(d.raw) == local {
			return d.kid(k), true
		}
	}
	return Kid{}, false
}

// Has reports whether there is a child of that name; space is as for [Stanza.Kid].
func (s Stanza) Has(space, local string) bool {
	_, ok := s.Kid(space, local)
	return ok
}

// Text returns the character data directly in the element, unescaped: the content of <auth/> or <response/>.
func (s Stanza) Text() string { return s.data().root().Text() }

func (k *kidSpot) local(raw string) string {
	from := int(k.start) + 1 + int(k.prefix)
	return raw[from : from+int(k.nameLen)]
}
