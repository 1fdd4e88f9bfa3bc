package wire

// Parse reads one stored stanza or nonza, as Append or AppendStandalone wrote it. It is as strict as a stream: the whole
// of b must be one element, and its size is bounded by 16 MiB. The error is a *[SyntaxError]. It keeps no reference to b.
func Parse(b []byte) (Stanza, error) { return storedLimits.Parse(b) }

// Parse reads one element that came alone, such as a WebSocket frame (RFC 7395 §3.3.3), within the limits l.
// A stanza may name its content namespace or not. White space around it is not accepted.
func (l Limits) Parse(b []byte) (Stanza, error) {
	st, f := parse(b, l.orDefault(), "", false)
	if f != nil {
		return Stanza{}, f.at(0)
	}
	return st, nil
}

// storedScope is the context in which stored bytes stand: what every stream of ours declares.
var storedScope = scope{name: "stream:stream", content: NSClient, def: NSClient, stored: true, binds: []prefixed{{"stream", NSStream}}}

// parse reads one whole element. lang is inherited; again means that b is canonical already.
func parse(b []byte, l Limits, lang string, again bool) (Stanza, *fault) {
	sc := Scanner{limits: l, hdr: &storedScope, state: stIdle}
	if lang != "" {
		with := storedScope
		with.lang = lang
		sc.hdr = &with
	}
	if len(b) < 2 || b[0] != '<' || b[1] == '/' {
		return Stanza{}, errTag
	}
	defer sc.release()
	sc.begin()
	n, f := sc.element(b)
	switch {
	case f != nil:
		return Stanza{}, f
	case n > l.StanzaBytes || n == 0 && len(b) > l.StanzaBytes:
		return Stanza{}, errBytes
	case n != len(b):
		return Stanza{}, errTag
	case sc.w.odd && again:
		return Stanza{}, errTag // canonical bytes that are not canonical
	case sc.w.odd:
		return sc.canonical(b)
	}
	return sc.freeze(b), nil
}
