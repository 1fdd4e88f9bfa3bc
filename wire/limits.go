package wire

// Limits bounds what a peer may send. Zero fields mean the value of [LoginLimits]. RFC 6120 §13.12.
type Limits struct {
	// StanzaBytes bounds one element under the stream, and the stream header, from `<` to `>`, in bytes.
	StanzaBytes int
	// Depth bounds nested elements; the stanza itself counts as 1.
	Depth int
	// Attributes bounds the attributes of one element, namespace declarations included.
	Attributes int
	// Namespaces bounds the namespace declarations in force at one place of a stanza.
	Namespaces int
}

// LoginLimits hold until a peer is authenticated, SessionLimits after it.
var (
	LoginLimits   = Limits{StanzaBytes: 10 << 10, Depth: 16, Attributes: 64, Namespaces: 64}
	SessionLimits = Limits{StanzaBytes: 256 << 10, Depth: 64, Attributes: 64, Namespaces: 64}
)

const (
	// maxKids bounds the first level of children, which we index: 32 bytes each.
	maxKids = 512
	// maxName bounds an element or attribute name, prefix included, in bytes.
	maxName = 1023
	// maxGrowth bounds the canonical form of a stanza as a multiple of what we read.
	maxGrowth = 5
	// maxLang bounds a language tag that we take from a stream header, in bytes (RFC 5646 §4.4.1 asks for 35).
	maxLang = 35
)

// storedLimits are for what we wrote ourselves: an accepted stanza plus what we added to it.
var storedLimits = Limits{StanzaBytes: 16 << 20, Depth: 1 << 10, Attributes: 1 << 8, Namespaces: 1 << 10}

func (l Limits) orDefault() Limits {
	pick := func(v, d int) int {
		if v > 0 {
			return v
		}
		return d
	}
	return Limits{
		StanzaBytes: pick(l.StanzaBytes, LoginLimits.StanzaBytes),
		Depth:       pick(l.Depth, LoginLimits.Depth),
		Attributes:  pick(l.Attributes, LoginLimits.Attributes),
		Namespaces:  pick(l.Namespaces, LoginLimits.Namespaces),
	}
}
