package wire

import (
	"errors"
	"fmt"

	"mellium.im/xmpp/stream"
)

// Conditions of RFC 6120 §4.9.3 that reading can end with.
const (
	condBadFormat           = "bad-format"
	condBadNamespacePrefix  = "bad-namespace-prefix"
	condInvalidNamespace    = "invalid-namespace"
	condNotWellFormed       = "not-well-formed"
	condPolicyViolation     = "policy-violation"
	condRestrictedXML       = "restricted-xml"
	condUnsupportedEncoding = "unsupported-encoding"
	condUnsupportedStanza   = "unsupported-stanza-type"
	condUnsupportedVersion  = "unsupported-version"
)

// SyntaxError says why a stream must end. The peer gets Condition, our log gets all of it.
//
// Offset counts bytes since the start of the stream or its last restart and points at, or shortly before, the fault.
// RFC 6120 §4.9.3.
type SyntaxError struct {
	Condition string
	Reason    string
	Offset    int64
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("wire: %s: %s at byte %d", e.Condition, e.Reason, e.Offset)
}

// Stream returns the stream error to send. It carries the condition and no text: the peer learns nothing else.
func (e *SyntaxError) Stream() stream.Error { return stream.Error{Err: e.Condition} }

// Is reports whether target is a stream error with the same condition, so that errors.Is(err, stream.NotWellFormed) works.
func (e *SyntaxError) Is(target error) bool {
	var se stream.Error
	return errors.As(target, &se) && se.Err == e.Condition
}

// fault is a SyntaxError before its place is known. Values are static, so that refusing costs no allocation.
type fault struct{ condition, reason string }

func (f *fault) at(off int64) error {
	return &SyntaxError{Condition: f.condition, Reason: f.reason, Offset: off}
}

var (
	errComment      = &fault{condRestrictedXML, "a comment, DTD or processing instruction"}
	errName         = &fault{condNotWellFormed, "a name that is not an ASCII NCName with at most one colon"}
	errAttr         = &fault{condNotWellFormed, "a malformed attribute"}
	errAttrTwice    = &fault{condNotWellFormed, "an attribute appears twice"}
	errTag          = &fault{condNotWellFormed, "a malformed tag"}
	errEndTag       = &fault{condNotWellFormed, "an end tag that does not match"}
	errPrefix       = &fault{condNotWellFormed, "an undeclared namespace prefix"}
	errHeaderPrefix = &fault{condBadNamespacePrefix, "an undeclared namespace prefix in the stream header"}
	errDeclaration  = &fault{condNotWellFormed, "a namespace declaration that XML forbids"}
	errChar         = &fault{condNotWellFormed, "a character that XML forbids, or invalid UTF-8"}
	errReference    = &fault{condNotWellFormed, "a malformed character reference"}
	errEntity       = &fault{condRestrictedXML, "an entity that XML does not predefine"}
	errCDATAEnd     = &fault{condNotWellFormed, "]]> in character data"}
	errStray        = &fault{condBadFormat, "character data between stanzas"}
	errProlog       = &fault{condNotWellFormed, "the stream does not begin with a stream header"}
	errXMLDecl      = &fault{condNotWellFormed, "a malformed XML declaration"}
	errEncoding     = &fault{condUnsupportedEncoding, "an encoding that is not UTF-8"}
	errBOM          = &fault{condNotWellFormed, "a byte order mark"}
	errStreamNS     = &fault{condInvalidNamespace, "the stream element is not in the streams namespace"}
	errStreamName   = &fault{condBadFormat, "the first element is not a stream header"}
	errContentNS    = &fault{condInvalidNamespace, "the header names no content namespace that we know"}
	errVersion      = &fault{condUnsupportedVersion, "a stream version that is not a number"}
	errStanzaNS     = &fault{condInvalidNamespace, "a stanza outside of the content namespace"}
	errStanzaName   = &fault{condUnsupportedStanza, "an element that is not a stanza"}
	errAfterEnd     = &fault{condNotWellFormed, "bytes after the end of the stream"}
	errBytes        = &fault{condPolicyViolation, "an element of too many bytes"}
	errNameBytes    = &fault{condPolicyViolation, "a name of too many bytes"}
	errDepth        = &fault{condPolicyViolation, "elements nested too deep"}
	errAttrs        = &fault{condPolicyViolation, "too many attributes in an element"}
	errBindings     = &fault{condPolicyViolation, "too many namespace declarations"}
	errKids         = &fault{condPolicyViolation, "too many children in a stanza"}
	errGrowth       = &fault{condPolicyViolation, "a stanza whose canonical form is over five times as long"}
)
