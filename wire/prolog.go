package wire

import (
	"bytes"
	"strings"
)

// maxDecl bounds the XML declaration in bytes.
const maxDecl = 256

// prolog passes the XML declaration and white space. It returns the index of the `<` of the header, or -1 if more is needed.
func (s *Scanner) prolog(b []byte) (int, bool, *fault) {
	if len(b) == 0 {
		return -1, false, nil
	}
	switch {
	case b[0] == 0 || b[0] >= 0xFE || len(b) > 1 && b[1] == 0:
		return 0, false, errEncoding // UTF-16 or UTF-32, with or without a mark (RFC 6120 §11.6)
	case b[0] == 0xEF:
		return 0, false, errBOM
	}
	i := 0
	if s.fresh {
		i = skipSpace(b, 0)
	}
	const open = "<?xml"
	decl := false
	if rest := b[i:]; len(rest) < len(open)+1 && strings.HasPrefix(open, string(rest)) {
		return -1, false, nil
	} else if bytes.HasPrefix(rest, []byte(open)) && isSpace(rest[len(open)]) {
		end := bytes.Index(rest[:min(len(rest), maxDecl)], []byte("?>"))
		if end < 0 {
			if len(rest) >= maxDecl {
				return 0, false, errXMLDecl
			}
			return -1, false, nil
		}
		if f := xmlDecl(rest[len(open):end]); f != nil {
			return 0, false, f
		}
		decl = true
		i += end + 2
	}
	i = skipSpace(b, i)
	switch {
	case i >= len(b):
		return -1, decl, nil
	case b[i] != '<':
		return 0, false, errProlog
	case i+1 < len(b) && (b[i+1] == '!' || b[i+1] == '?'):
		return 0, false, errComment
	}
	return i, decl, nil
}

// xmlDecl checks what stands between `<?xml` and `?>` (XML 1.0 §2.8; RFC 6120 §11.5, §11.6).
func xmlDecl(b []byte) *fault {
	w := work{}
	order := []string{"version", "encoding", "standalone"}
	for i := 0; ; {
		start := i
		if i = skipSpace(b, i); i >= len(b) {
			break
		}
		// A byte behind the text, so that a complete attribute is not taken for an incomplete one.
		next, f := w.attr(append(b[:len(b):len(b)], ' '), start, i)
		if i == start || f != nil || next == 0 || next > len(b) {
			return errXMLDecl
		}
		a := w.attrs[len(w.attrs)-1]
		value := string(a.val.of(b))
		for len(order) > 0 && order[0] != string(a.name.of(b)) && order[0] != "version" {
			order = order[1:]
		}
		if len(order) == 0 || order[0] != string(a.name.of(b)) {
			return errXMLDecl
		}
		switch order[0] {
		case "version":
			if value != "1.0" {
				return errXMLDecl
			}
		case "encoding":
			if !strings.EqualFold(value, "UTF-8") {
				return errEncoding
			}
		case "standalone":
			if value != "yes" && value != "no" {
				return errXMLDecl
			}
		}
		order = order[1:]
		i = next
	}
	if len(w.attrs) == 0 {
		return errXMLDecl
	}
	return nil
}
