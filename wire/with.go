package wire

import "strings"

// With returns the stanza with one child more, behind the last. p must be one element. It is Edit().Append(p).Stanza(), but
// validates the child alone, since the rest is validated: what is added to every message on its way.
func (s Stanza) With(p Payload) Stanza {
	d := s.data()
	kid, f := parse(p, storedLimits, "", false)
	if f != nil {
		return Stanza{}
	}
	at := int(d.tagEnd) + len(d.root().body())
	k := kid.d
	plain := k.kind == KindOther && !strings.Contains(k.name.Local, ":") // as all that we add
	if d.kind == KindOther || at == len(d.raw) || !plain || len(d.raw)+len(k.raw) > storedLimits.StanzaBytes {
		return s.Edit().Append(p).Stanza()
	}
	more := newData(len(d.kids) + 1)
	kids := more.kids
	*more = *d
	more.raw = strings.Join([]string{d.raw[:at], k.raw, d.raw[at:]}, "")
	tag := more.raw[:d.tagEnd]
	more.name.Local = tag[1:d.splice]
	more.id, more.typ, more.lang = within(tag, d.id), within(tag, d.typ), within(tag, d.lang)
	more.decls = declarations(tag)
	for _, old := range d.kids {
		old.ns = within(more.raw[old.start:old.tagEnd], old.ns)
		kids = append(kids, old)
	}
	more.kids = append(kids, kidSpot{
		ns: k.name.Space, start: int32(at), tagEnd: int32(at) + k.tagEnd, end: int32(at + len(k.raw)),
		nameLen: uint16(len(k.name.Local)),
	})
	return Stanza{d: more, to: s.to, from: s.from}
}

// within returns v as a piece of text where it stands there, so that it keeps nothing else in memory.
func within(text, v string) string {
	switch at := strings.Index(text, v); {
	case v == NSClient:
		return NSClient
	case at >= 0:
		return text[at : at+len(v)]
	}
	return strings.Clone(v)
}
