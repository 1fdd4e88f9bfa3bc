package wire

import (
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/jid"
)

// Addr is a canonical XMPP address (RFC 7622): two addresses are the same if == says so, and it is a map key.
//
// It is one string and two offsets, 24 bytes. The zero Addr is no address. An Addr may share the memory of the stanza or
// string that it was made from.
type Addr struct {
	s     string
	at    uint16 // bytes of the local part; 0 if there is none
	slash uint16 // where the resource's slash stands, or len(s)
	esc   bool   // the resource has a character that an attribute value cannot hold; the other parts never have one
}

// ErrAddr is wrapped by every error about an address. The answer to a stanza is jid-malformed (RFC 6120 §8.3.3.8).
var ErrAddr = errors.New("wire: not an address")

// maxPart bounds each part of an address in bytes (RFC 7622 §3.2–3.4).
const maxPart = 1023

// ParseAddr returns the canonical form of s, or an error that wraps [ErrAddr].
//
// Plain lower-case ASCII is taken as it is, without an allocation, and shares the memory of s; the rest goes through
// PRECIS and IDNA.
// s must be unescaped text, not an XML attribute value.
func ParseAddr(s string) (Addr, error) {
	slash := strings.IndexByte(s, '/')
	if slash < 0 {
		slash = len(s)
	}
	at := strings.IndexByte(s[:slash], '@')
	dom := s[at+1 : slash]
	if at < 0 {
		at = 0
	} else if at == 0 || at > maxPart || !plainLocal(s[:at]) {
		return parseSlow(s)
	}
	if !plainDomain(dom) || slash < len(s) && !plainResource(s[slash+1:]) {
		return parseSlow(s)
	}
	return Addr{s: s, at: uint16(at), slash: uint16(slash), esc: needsEscape(s[slash:])}, nil
}

// MustAddr is ParseAddr for constants and tests. It panics on an error.
func MustAddr(s string) Addr {
	a, err := ParseAddr(s)
	if err != nil {
		panic(err)
	}
	return a
}

// NewAddr joins the parts; local and resource may be empty. The parts are canonicalised as by [ParseAddr].
func NewAddr(local, domain, resource string) (Addr, error) {
	if local == "" && resource == "" {
		if strings.ContainsAny(domain, "@/") {
			return Addr{}, fmt.Errorf("%w: a domain with @ or / in it", ErrAddr)
		}
		return ParseAddr(domain)
	}
	if strings.ContainsAny(local, "@/") || strings.ContainsAny(domain, "@/") {
		return Addr{}, fmt.Errorf("%w: a part with @ or / in it", ErrAddr)
	}
	s := domain
	if local != "" {
		s = local + "@" + domain
	}
	if resource != "" {
		s += "/" + resource
	}
	return ParseAddr(s)
}

// parseSlow asks mellium. A form that is not its own canonical form is refused, since it could not be a key.
func parseSlow(s string) (Addr, error) {
	if len(s) > 3*maxPart+2 {
		return Addr{}, fmt.Errorf("%w: too long", ErrAddr)
	}
	j, err := jid.Parse(s)
	if err != nil {
		return Addr{}, fmt.Errorf("%w: %v", ErrAddr, err)
	}
	again, err := jid.Parse(j.String())
	if err != nil || again.String() != j.String() {
		return Addr{}, fmt.Errorf("%w: it has no stable form", ErrAddr)
	}
	return fromJID(j)
}

func fromJID(j jid.JID) (Addr, error) {
	l, d, r := j.Localpart(), j.Domainpart(), j.Resourcepart()
	if len(l) > maxPart || len(d) > maxPart || len(r) > maxPart || d == "" {
		return Addr{}, fmt.Errorf("%w: a part is empty or too long", ErrAddr)
	}
	if strings.HasPrefix(d, ".") || strings.Contains(d, "..") {
		return Addr{}, fmt.Errorf("%w: an empty label in the domain", ErrAddr) // RFC 1034 §3.1
	}
	s := j.String()
	slash := len(d)
	if l != "" {
		slash += len(l) + 1
	}
	return Addr{s: s, at: uint16(len(l)), slash: uint16(slash), esc: needsEscape(r)}, nil
}

func needsEscape(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x80 && (class[c]&clAttr == 0 || c == '>') {
			return true
		}
	}
	return false
}

// String returns the whole canonical address.
func (a Addr) String() string { return a.s }

// Local returns the part before the @, escaped as it is on the wire (XEP-0106), or "".
func (a Addr) Local() string { return a.s[:a.at] }

// Domain returns the domain part.
func (a Addr) Domain() string {
	if a.at == 0 {
		return a.s[:a.slash]
	}
	return a.s[a.at+1 : a.slash]
}

// Resource returns the part behind the slash, or "".
func (a Addr) Resource() string {
	if int(a.slash) >= len(a.s) {
		return ""
	}
	return a.s[a.slash+1:]
}

// Bare returns the address without its resource. It does not allocate.
func (a Addr) Bare() Addr { return Addr{s: a.s[:a.slash], at: a.at, slash: a.slash} }

// Host returns the domain alone. It does not allocate.
func (a Addr) Host() Addr {
	d := a.Domain()
	return Addr{s: d, slash: uint16(len(d))}
}

// Clone returns a with memory of its own: for what is kept longer than the stanza that a came from.
func (a Addr) Clone() Addr {
	a.s = strings.Clone(a.s)
	return a
}

// IsZero reports whether a is no address at all.
func (a Addr) IsZero() bool { return a.s == "" }

// IsFull reports whether a has a resource.
func (a Addr) IsFull() bool { return int(a.slash) < len(a.s) }

// IsBare reports whether a is local@domain without a resource: an account or a room.
func (a Addr) IsBare() bool { return a.at > 0 && int(a.slash) == len(a.s) }

// IsHost reports whether a is a domain alone.
func (a Addr) IsHost() bool { return a.at == 0 && a.s != "" && int(a.slash) == len(a.s) }

// Compare orders addresses by their bytes, as stores and archives do: -1, 0 or +1.
func (a Addr) Compare(b Addr) int { return strings.Compare(a.s, b.s) }

// WithResource returns a with another resource. An empty one is an error: use Bare.
func (a Addr) WithResource(r string) (Addr, error) {
	if a.IsZero() || r == "" {
		return Addr{}, fmt.Errorf("%w: an empty part", ErrAddr)
	}
	return ParseAddr(a.s[:a.slash] + "/" + r)
}

// JID returns a as mellium's type, for its functions at the edge. It allocates.
func (a Addr) JID() jid.JID {
	if a.IsZero() {
		return jid.JID{}
	}
	j, _ := jid.Parse(a.s)
	return j
}

// MarshalText implements encoding.TextMarshaler, for JSON and the like.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.s), nil }

// UnmarshalText implements encoding.TextUnmarshaler; an empty text is the zero Addr.
func (a *Addr) UnmarshalText(b []byte) (err error) {
	*a = Addr{}
	if len(b) > 0 {
		*a, err = ParseAddr(string(b))
	}
	return err
}

// EscapeLocal makes any text a local part: it escapes what RFC 7622 forbids there (XEP-0106 §4).
func EscapeLocal(s string) string { return escapeLocal(s) }

// UnescapeLocal reverses EscapeLocal (XEP-0106 §4).
func UnescapeLocal(s string) string { return unescapeLocal(s) }
