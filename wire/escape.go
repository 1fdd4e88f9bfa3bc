package wire

import (
	"strings"
	"unicode/utf8"
)

// AppendAttr appends ` name="value"` to dst. name must be a literal of ours.
//
// It escapes & < > " ' and writes TAB, LF and CR as references, so that no receiver normalises them (XML 1.0 §3.3.3).
// What XML cannot carry is dropped, invalid UTF-8 becomes U+FFFD.
func AppendAttr(dst []byte, name, value string) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	dst = appendEscaped(dst, value, clAttr)
	return append(dst, '"')
}

// appendText appends s as character data.
func appendText(dst []byte, s string) []byte { return appendEscaped(dst, s, clText) }

// appendEscaped appends s, where bytes of the class plain stand for themselves.
func appendEscaped(dst []byte, s string, plain uint8) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if class[c]&plain != 0 && c != '>' {
			i++
			continue
		}
		size, esc := 1, ""
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				esc = "\uFFFD"
			case xmlChar(r):
				i += size
				continue
			}
		} else if esc = reference(c, plain); esc == "" && c == ']' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = append(dst, esc...)
		i += size
		from = i
	}
	return append(dst, s[from:]...)
}

// reference returns how to write c where it cannot stand for itself; empty means that XML cannot carry it at all.
func reference(c byte, plain uint8) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '\r':
		return "&#13;"
	case '"':
		return "&quot;"
	case '\'':
		return "&apos;"
	case '\t':
		return "&#9;"
	case '\n':
		return "&#10;"
	}
	_ = plain
	return ""
}

// unescape returns what validated character data or a validated attribute value stands for.
// Literal line ends become LF (XML 1.0 §2.11); in attributes literal white space becomes a space (§3.3.3).
func unescape(s string, attr bool) string {
	special := "&\r"
	if attr {
		special = "&\r\n\t"
	}
	i := strings.IndexAny(s, special)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i >= 0 {
		b.WriteString(s[:i])
		n := 1
		switch c := s[i]; {
		case c == '&':
			r, size := dereference(s[i:])
			if size == 0 { // not reached: the scanner accepted it
				r, size = '&', 1
			}
			b.WriteRune(r)
			n = size
		case c == '\r' && i+1 < len(s) && s[i+1] == '\n':
			n = 2
			fallthrough
		default:
			if attr {
				b.WriteByte(' ')
			} else {
				b.WriteByte('\n')
			}
		}
		s = s[i+n:]
		i = strings.IndexAny(s, special)
	}
	b.WriteString(s)
	return b.String()
}

// maxReference bounds a reference from & to ; in bytes. XML has no bound, but no writer pads with zeros.
const maxReference = 12

// dereference reads the reference that s begins with. It returns its character and length, or length 0 if s does not
// begin with a complete and legal reference.
func dereference[T string | []byte](s T) (rune, int) {
	end := -1
	for i := 1; i < len(s) && i < maxReference; i++ {
		if s[i] == ';' {
			end = i
			break
		}
	}
	if end < 2 {
		return 0, 0
	}
	if s[1] != '#' {
		switch string(s[1:end]) {
		case "amp":
			return '&', end + 1
		case "lt":
			return '<', end + 1
		case "gt":
			return '>', end + 1
		case "quot":
			return '"', end + 1
		case "apos":
			return '\'', end + 1
		}
		return 0, 0
	}
	digits, base := s[2:end], rune(10)
	if len(digits) > 0 && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	r, ok := number(digits, base)
	if !ok || !xmlChar(r) {
		return 0, 0
	}
	return r, end + 1
}

func number[T string | []byte](digits T, base rune) (rune, bool) {
	var r rune
	for i := 0; i < len(digits); i++ {
		d := rune(digits[i])
		switch {
		case d >= '0' && d <= '9':
			d -= '0'
		case base == 16 && d >= 'a' && d <= 'f':
			d -= 'a' - 10
		case base == 16 && d >= 'A' && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, len(digits) > 0
}
