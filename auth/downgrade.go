package auth

import (
	"encoding/base64"
	"slices"
	"strings"
)

// downgradeHash returns the value of the attribute "h" of a server-first message: the hash over what was advertised, with the
// hash function of the running mechanism, in base64.
//
// The client compares it with what reached it; its proof covers the attribute, so whoever changes both the lists and the hash
// breaks the proof. The server has nothing more to verify, and ignores such attributes from a client as RFC 5802 §5.1 says for
// every unknown one. bindings is empty if <sasl-channel-binding/> was not sent.
//
// XEP-0474 §6.1 (0.5.0).
func downgradeHash(h Hash, mechanisms, bindings []string) string {
	var s strings.Builder
	s.WriteString(strings.Join(sorted(mechanisms), "\x1e"))
	if len(bindings) > 0 {
		s.WriteString("\x1f")
		s.WriteString(strings.Join(sorted(bindings), "\x1e"))
	}
	sum := h.New()()
	sum.Write([]byte(s.String()))
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// sorted returns a copy in the order of i;octet, which is Go's own for strings. RFC 4790 §9.3.
func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}
