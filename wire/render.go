package wire

import "strings"

// Append appends the stanza for a stream whose default namespace is the content namespace, client or server: without
// xmlns, with `to` and `from` where they are set. The zero Stanza appends nothing.
func (s Stanza) Append(dst []byte) []byte { return s.append(dst, "") }

// AppendStandalone appends the stanza with xmlns='jabber:client', for the archive, <forwarded/> (XEP-0297 §3) and
// WebSocket frames (RFC 7395 §3.3.3). Nonzas are the same as with Append, but for the streams prefix, which is declared.
func (s Stanza) AppendStandalone(dst []byte) []byte {
	if dst == nil && s.d != nil {
		dst = make([]byte, 0, len(s.d.raw)+len(s.from.s)+len(s.to.s)+64) // 64: the attributes' names, and xmlns
	}
	return s.append(dst, ` xmlns="jabber:client"`)
}

func (s Stanza) append(dst []byte, xmlns string) []byte {
	d := s.d
	if d == nil {
		return dst
	}
	if d.kind == KindOther {
		return d.appendNonza(dst, xmlns != "")
	}
	raw := d.raw
	dst = append(dst, raw[:d.splice]...)
	dst = append(dst, xmlns...)
	if s.from.s != "" {
		dst = s.from.appendAttr(dst, ` from="`)
	}
	if s.to.s != "" {
		dst = s.to.appendAttr(dst, ` to="`)
	}
	return append(dst, raw[d.splice:]...)
}

// appendAttr appends the address as an attribute; open is a space, its name and `="`. This runs once per recipient.
func (a Addr) appendAttr(dst []byte, open string) []byte {
	dst = append(dst, open...)
	if a.esc {
		dst = appendEscaped(dst, a.s, clAttr)
	} else {
		dst = append(dst, a.s...)
	}
	return append(dst, '"')
}

// appendNonza writes elements of the streams namespace with the prefix that clients expect (RFC 6120 §4.8.5).
func (d *data) appendNonza(dst []byte, declare bool) []byte {
	const prefix, decl = "stream:", ` xmlns:stream="` + NSStream + `"`
	const own = ` xmlns="` + NSStream + `"`
	rest, ok := strings.CutPrefix(d.raw[d.splice:], own)
	if d.name.Space != NSStream || !ok || !d.kidsStandAlone() || strings.Contains(d.raw[:d.tagEnd], "xmlns:stream") {
		return append(dst, d.raw...)
	}
	dst = append(dst, '<')
	dst = append(dst, prefix...)
	dst = append(dst, d.name.Local...)
	if declare {
		dst = append(dst, decl...)
	}
	end := "</" + d.name.Local + ">"
	body, hasEnd := strings.CutSuffix(rest, end)
	dst = append(dst, body...)
	if hasEnd {
		dst = append(dst, "</"...)
		dst = append(dst, prefix...)
		dst = append(dst, end[2:]...)
	}
	return dst
}

// kidsStandAlone reports whether no child needs the element's default namespace.
func (d *data) kidsStandAlone() bool {
	for i := range d.kids {
		k := &d.kids[i]
		if k.ns == NSStream || k.prefix != 0 {
			return false
		}
	}
	return true
}

// WithTo returns the stanza for another address; the bytes are shared. The zero Addr removes `to`. A nonza stays as it is.
func (s Stanza) WithTo(a Addr) Stanza {
	s.to = a
	return s
}

// WithFrom returns the stanza from another address; the bytes are shared. The zero Addr removes `from`.
func (s Stanza) WithFrom(a Addr) Stanza {
	s.from = a
	return s
}
