package wire

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// text validates character data from s.pos on and leaves s.pos at the next `<`, or at the first byte that needs more
// behind it. A literal CR makes the element odd: its canonical form has LF (XML 1.0 §2.11).
func (s *Scanner) text(b []byte) *fault {
	i := s.pos
	for i < len(b) {
		c := b[i]
		if class[c]&clText != 0 {
			i = plainRun(b, i+1)
			continue
		}
		switch {
		case c == '<':
			s.pos = i
			return nil
		case c >= utf8.RuneSelf:
			n, more, f := utf8Char(b[i:])
			if f != nil || more {
				s.pos = i
				return f
			}
			i += n
		case c == '&':
			n, more, f := referenceAt(b[i:])
			if f != nil || more {
				s.pos = i
				return f
			}
			i += n
		case c == '>':
			// `]]>` ends no CDATA section here (XML 1.0 §2.4). What stands before is text of this run or markup, which
			// ends with `>`, or with the `]]>` of a section, whose last byte is `>` too.
			if i >= 2 && b[i-1] == ']' && b[i-2] == ']' {
				s.pos = i
				return errCDATAEnd
			}
			i++
		case c == ']':
			i++
		case c == '\r':
			s.w.odd = true
			i++
		default:
			s.pos = i
			return errChar
		}
	}
	s.pos = i
	return nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainRun returns the first index from i on whose byte is not plain text, going by words of eight bytes where it can.
func plainRun(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		amp, close := x^(ones*'&'), x^(ones*']')
		angle := (x | ones*2) ^ (ones * '>') // `<` and `>` differ in that bit
		if (x|(x-ones*' ')|(amp-ones)|(close-ones)|(angle-ones))&highs != 0 {
			break // a byte that is special, or whose neighbour is: the loop below tells
		}
	}
	for i < len(b) && class[b[i]]&clText != 0 {
		i++
	}
	return i
}

// plainValue is plainRun for attribute values.
func plainValue(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quot, angle := x^(ones*'"'), x^(ones*'<')
		amp := (x | ones) ^ (ones * '\'') // `&` and `'` differ in that bit
		if (x|(x-ones*' ')|(quot-ones)|(angle-ones)|(amp-ones))&highs != 0 {
			break
		}
	}
	for i < len(b) && class[b[i]]&clAttr != 0 {
		i++
	}
	return i
}

// utf8Char validates the multi-byte character that b begins with: shortest form, no surrogate, a Char of XML 1.0.
// more means that b ends within it.
func utf8Char(b []byte) (n int, more bool, f *fault) {
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 {
		if !utf8.FullRune(b) {
			return 0, true, nil
		}
		return 0, false, errChar
	}
	if r == 0xFFFE || r == 0xFFFF {
		return 0, false, errChar
	}
	return n, false, nil
}

// referenceAt validates the reference that b begins with.
func referenceAt(b []byte) (n int, more bool, f *fault) {
	if r, n := dereference(b); n > 0 {
		_ = r
		return n, false, nil
	}
	for i := 1; i < len(b) && i < maxReference; i++ {
		switch c := b[i]; {
		case c == ';' && i > 1 && b[1] != '#' && isNCName(string(b[1:i])):
			return 0, false, errEntity // RFC 6120 §11.1
		case c == '#' && i == 1, c < utf8.RuneSelf && class[c]&clName != 0:
		default:
			return 0, false, errReference
		}
	}
	if len(b) < maxReference {
		return 0, true, nil
	}
	if b[1] != '#' {
		return 0, false, errEntity
	}
	return 0, false, errReference
}

var (
	cdataOpen  = []byte("<![CDATA[")
	cdataClose = []byte("]]>")
)

// cdata reads a CDATA section from s.pos on. It returns the index behind it, or 0 if more is needed.
// s.seen remembers how far its bytes are validated; the canonical form has plain text instead.
func (s *Scanner) cdata(b []byte) (int, *fault) {
	rest := b[s.pos:]
	if len(rest) < len(cdataOpen) {
		if !bytes.HasPrefix(cdataOpen, rest) {
			return 0, errComment
		}
		return 0, nil
	}
	if !bytes.HasPrefix(rest, cdataOpen) || len(s.w.stack) == 0 {
		return 0, errComment
	}
	s.w.odd = true
	start := s.pos + len(cdataOpen)
	i := max(start, s.seen)
	for i < len(b) {
		c := b[i]
		switch {
		case c == ']':
			if len(b)-i < len(cdataClose) {
				s.seen = i
				return 0, nil
			}
			if bytes.HasPrefix(b[i:], cdataClose) {
				s.seen = 0
				return i + len(cdataClose), nil
			}
			i++
		case c >= utf8.RuneSelf:
			n, more, f := utf8Char(b[i:])
			if f != nil {
				return 0, f
			}
			if more {
				s.seen = i
				return 0, nil
			}
			i += n
		case c >= 0x20 || isSpace(c):
			i++
		default:
			return 0, errChar
		}
	}
	s.seen = i
	return 0, nil
}
