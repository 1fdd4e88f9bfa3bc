package wire

import "strings"

// The functions of this file read bytes that the scanner has validated, and only those: they find, they do not check.
// Canonical bytes have no CDATA section, comment or processing instruction.

// tagEnd returns the index behind the tag that starts at i.
func tagEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '>':
			return i + 1
		case '"', '\'':
			j := strings.IndexByte(s[i+1:], s[i])
			if j < 0 {
				return len(s)
			}
			i += j + 1
		}
	}
	return len(s)
}

// elementEnd returns the index behind the element whose start tag is at i.
func elementEnd(s string, i int) int {
	for depth := 0; ; {
		end := tagEnd(s, i)
		switch {
		case i+1 < len(s) && s[i+1] == '/':
			depth--
		case end < 2 || s[end-2] != '/':
			depth++
		}
		if depth == 0 || end >= len(s) {
			return end
		}
		j := strings.IndexByte(s[end:], '<')
		if j < 0 {
			return len(s)
		}
		i = end + j
	}
}

// tagName returns the bytes of a start tag's prefix, colon included, and of its local name.
func tagName(tag string) (prefix, name int) {
	i := 1
	for i < len(tag) && (class[tag[i]]&clName != 0 || tag[i] == ':') {
		if tag[i] == ':' {
			prefix = i
		}
		i++
	}
	return prefix, i - 1 - prefix
}

// eachAttr calls f with each attribute of a start tag, name and value as written, until it returns false.
func eachAttr(tag string, f func(name, value string) bool) {
	prefix, n := tagName(tag)
	for i := 1 + prefix + n; i < len(tag); {
		for i < len(tag) && isSpace(tag[i]) {
			i++
		}
		if i >= len(tag) || tag[i] == '>' || tag[i] == '/' {
			return
		}
		start := i
		for i < len(tag) && tag[i] != '=' && !isSpace(tag[i]) {
			i++
		}
		name := tag[start:i]
		for i < len(tag) && tag[i] != '"' && tag[i] != '\'' {
			i++
		}
		if i >= len(tag) {
			return
		}
		j := strings.IndexByte(tag[i+1:], tag[i])
		if j < 0 || !f(name, tag[i+1:i+1+j]) {
			return
		}
		i += j + 2
	}
}

// rawAttr returns an attribute's value as written; name is as written, too.
func rawAttr(tag, name string) (value string, ok bool) {
	if !strings.Contains(tag, name) {
		return "", false
	}
	eachAttr(tag, func(n, v string) bool {
		if n == name {
			value, ok = v, true
		}
		return !ok
	})
	return value, ok
}

// tagAttr returns an attribute's value, unescaped, or "".
func tagAttr(tag, name string) string {
	v, _ := rawAttr(tag, name)
	return unescape(v, true)
}

// declared returns what a start tag declares for a prefix; the empty prefix is the default namespace.
func declared(tag, prefix string) (string, bool) {
	name := nsDelims
	if prefix != "" {
		name = "xmlns:" + prefix
	}
	v, ok := rawAttr(tag, name)
	return unescape(v, true), ok
}
