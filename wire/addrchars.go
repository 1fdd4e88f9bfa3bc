package wire

import "strings"

// The three plain… functions name the texts that RFC 7622 leaves as they are. They may refuse too much, never too little.

// plainLocal: lower-case printable ASCII without the characters of RFC 7622 §3.3.1.
func plainLocal(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c >= 0x7F || c >= 'A' && c <= 'Z':
			return false
		case c == '"' || c == '&' || c == '\'' || c == '/' || c == ':' || c == '<' || c == '>' || c == '@':
			return false
		}
	}
	return true
}

// plainDomain: two or more LDH labels, or one, without anything that IDNA or IP address parsing would look at.
func plainDomain(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	label, letters := 0, false // label counts the bytes of the current one
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z':
			letters = true
		case c >= '0' && c <= '9':
		case c == '-':
			if label == 0 || label == 2 || label == 3 || i+1 == len(s) || s[i+1] == '.' {
				return false
			}
		case c == '.':
			if label == 0 || i+1 == len(s) {
				return false
			}
			label, letters = -1, false
		default:
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return letters // a last label of digits alone may be an IPv4 address
}

// plainResource: printable ASCII, the space included (PRECIS OpaqueString, RFC 8265 §4.2).
func plainResource(s string) bool {
	if len(s) == 0 || len(s) > maxPart {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7F {
			return false
		}
	}
	return true
}

// Characters that XEP-0106 escapes, and their codes.
const jidEscapes = ` "&'/:<>@\`

func escapeLocal(s string) string {
	if !strings.ContainsAny(s, jidEscapes) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		// A backslash is escaped only where it would otherwise begin an escape (XEP-0106 §4.2).
		if strings.IndexByte(jidEscapes, c) < 0 || c == '\\' && !escapeAt(s[i:]) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('\\')
		b.WriteByte("0123456789abcdef"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}

func unescapeLocal(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && escapeAt(s[i:]) {
			c, _ := number(s[i+1:i+3], 16)
			b.WriteByte(byte(c))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// escapeAt reports whether s begins with one of the ten escapes.
func escapeAt(s string) bool {
	if len(s) < 3 || s[0] != '\\' {
		return false
	}
	c, ok := number(s[1:3], 16)
	return ok && strings.IndexByte(jidEscapes, byte(c)) >= 0
}
