package auth

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// clientFirst is a client-first-message. RFC 5802 §7.
type clientFirst struct {
	gs2Header string // with both commas, as received
	flag      string // "n", "y" or "p=" and a name
	authzid   string // unescaped, "" for none
	bare      string // what the proof covers
	user      string // unescaped, not yet prepared
	nonce     string
}

// clientFinal is a client-final-message. RFC 5802 §7.
type clientFinal struct {
	binding      []byte // decoded: the gs2 header and the channel-binding data
	nonce        string
	proof        []byte
	withoutProof string // what the proof covers
}

func parseClientFirst(message string) (clientFirst, error) {
	var m clientFirst
	if !utf8.ValidString(message) || strings.Contains(message, "\x00") {
		return m, malformed("invalid-encoding")
	}
	parts := strings.SplitN(message, ",", 3)
	if len(parts) != 3 {
		return m, malformed("invalid-encoding")
	}
	m.flag, m.bare = parts[0], parts[2]
	m.gs2Header = message[:len(message)-len(m.bare)]
	if parts[1] != "" {
		var ok bool
		if m.authzid, ok = attribute(parts[1], "a="); !ok {
			return m, malformed("invalid-encoding")
		}
		if m.authzid, ok = unescapeName(m.authzid); !ok {
			return m, malformed("invalid-username-encoding")
		}
	}
	if err := m.parseBare(); err != nil {
		return m, err
	}
	return m, nil
}

func (m *clientFirst) parseBare() error {
	if strings.HasPrefix(m.bare, "m=") {
		return malformed("extensions-not-supported") // RFC 5802 §5.1: "m" must fail
	}
	attrs := strings.Split(m.bare, ",")
	if len(attrs) < 2 {
		return malformed("invalid-encoding")
	}
	escaped, hasName := attribute(attrs[0], "n=")
	nonce, hasNonce := attribute(attrs[1], "r=")
	if !hasName || !hasNonce || !printable(nonce) {
		return malformed("invalid-encoding")
	}
	var ok bool
	if m.user, ok = unescapeName(escaped); !ok {
		return malformed("invalid-username-encoding")
	}
	m.nonce = nonce
	return checkExtensions(attrs[2:])
}

func parseClientFinal(message string) (clientFinal, error) {
	var m clientFinal
	if !utf8.ValidString(message) || strings.Contains(message, "\x00") {
		return m, malformed("invalid-encoding")
	}
	attrs := strings.Split(message, ",")
	if len(attrs) < 3 {
		return m, malformed("invalid-encoding")
	}
	last := len(attrs) - 1
	binding, hasBinding := attribute(attrs[0], "c=")
	nonce, hasNonce := attribute(attrs[1], "r=")
	proof, hasProof := attribute(attrs[last], "p=")
	if !hasBinding || !hasNonce || !hasProof {
		return m, malformed("invalid-encoding")
	}
	var bindingOK, proofOK bool
	m.binding, bindingOK = strictBase64(binding)
	m.proof, proofOK = strictBase64(proof)
	if !bindingOK || !proofOK {
		return m, malformed("invalid-encoding")
	}
	m.nonce = nonce
	m.withoutProof = message[:len(message)-len(attrs[last])-1]
	return m, checkExtensions(attrs[2:last])
}

// attribute returns the value behind "x=", which must not be empty.
func attribute(s, key string) (value string, ok bool) {
	value, ok = strings.CutPrefix(s, key)
	return value, ok && value != ""
}

// checkExtensions accepts attributes that we do not know, and refuses "m" and the names that RFC 5802 §5.1 gives a place elsewhere.
func checkExtensions(attrs []string) error {
	for _, a := range attrs {
		if len(a) < 3 || a[1] != '=' || a[0]|0x20 < 'a' || a[0]|0x20 > 'z' {
			return malformed("invalid-encoding")
		}
		switch a[0] {
		case 'm':
			return malformed("extensions-not-supported")
		case 'a', 'n', 'r', 'c', 's', 'i', 'p', 'v', 'e':
			return malformed("invalid-encoding")
		}
	}
	return nil
}

// unescapeName undoes "=2C" and "=3D"; any other "=" is an error. RFC 5802 §5.1.
func unescapeName(s string) (name string, ok bool) {
	if !strings.Contains(s, "=") {
		return s, true
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "=")
		b.WriteString(before)
		switch {
		case !found:
			return b.String(), true
		case strings.HasPrefix(after, "2C"):
			b.WriteByte(',')
		case strings.HasPrefix(after, "3D"):
			b.WriteByte('=')
		default:
			return "", false
		}
		s = after[2:]
	}
}

// printable says whether s fits a nonce: ASCII 0x21 to 0x7E without the comma. RFC 5802 §7.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e || s[i] == ',' {
			return false
		}
	}
	return true
}

// strictBase64 decodes with padding, without the line ends that encoding/base64 would skip, and with zero spare bits.
func strictBase64(s string) (data []byte, ok bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	return data, err == nil
}
