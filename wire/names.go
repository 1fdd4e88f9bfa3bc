package wire

// Namespaces that the wire format itself knows.
const (
	NSClient = "jabber:client"                        // RFC 6120 §4.8.2: content of client streams
	NSServer = "jabber:server"                        // RFC 6120 §4.8.2: content of server streams
	NSStream = "http://etherx.jabber.org/streams"     // RFC 6120 §4.8.1
	NSXML    = "http://www.w3.org/XML/1998/namespace" // Namespaces in XML §3
	nsXMLNS  = "http://www.w3.org/2000/xmlns/"        // Namespaces in XML §3
	nsDelims = "xmlns"                                // the attribute name that declares
)

// contentNS reports whether ns is a content namespace: the two that we treat as one.
func contentNS(ns string) bool { return ns == NSClient || ns == NSServer }

// sameNS folds the two content namespaces into jabber:client, the name that we report.
func sameNS(ns string) string {
	if ns == NSServer {
		return NSClient
	}
	return ns
}

// Classes of bytes, as bits of class.
const (
	clNameStart = 1 << iota // may begin an NCName; ASCII only
	clName                  // may continue an NCName
	clSpace                 // XML white space
	clAttr                  // stands for itself in an attribute value whatever quotes it
	clText                  // stands for itself in text; `]` and `>` are left out, they may be part of `]]>`
)

var class = func() (t [256]uint8) {
	for c := range t {
		b := byte(c)
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_'
		if letter {
			t[c] |= clNameStart
		}
		if letter || b >= '0' && b <= '9' || b == '-' || b == '.' {
			t[c] |= clName
		}
		if b == ' ' || b == '\t' || b == '\r' || b == '\n' {
			t[c] |= clSpace
		}
		if b >= 0x20 && b < 0x80 {
			if b != '&' && b != '<' && b != '"' && b != '\'' {
				t[c] |= clAttr
			}
			if b != '&' && b != '<' && b != ']' && b != '>' {
				t[c] |= clText
			}
		}
		if b == '\t' || b == '\n' {
			t[c] |= clText
		}
	}
	return t
}()

func isSpace(b byte) bool { return class[b]&clSpace != 0 }

// isNCName reports whether s is a name that we would accept, without a prefix.
func isNCName(s string) bool {
	if s == "" || len(s) > maxName || class[s[0]]&clNameStart == 0 {
		return false
	}
	for i := 1; i < len(s); i++ {
		if class[s[i]]&clName == 0 {
			return false
		}
	}
	return true
}

// xmlChar reports whether XML 1.0 allows r in a document (§2.2, production Char).
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
