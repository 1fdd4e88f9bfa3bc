package c2s

import (
	"strconv"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// features lists what may be negotiated next (RFC 6120 §4.3.2).
func (n *negotiation) features() wire.Payload {
	w := wire.NewWriter()
	switch {
	case n.needsTLS():
		w.Start(nsTLS, "starttls")
		w.Elem(nsTLS, "required", "")
		w.End()
	case n.user.IsZero():
		n.loginFeatures(w)
	default:
		n.sessionFeatures(w)
	}
	return w.Payload()
}

func (n *negotiation) loginFeatures(w *wire.Writer) {
	if n.c.TLS() == nil {
		w.Elem(nsTLS, "starttls", "")
	}
	x := n.exchange()
	w.Start(nsSASL, "mechanisms")
	for _, m := range x.Offered() {
		w.Elem(nsSASL, "mechanism", m)
	}
	w.End()
	if types := x.BindingTypes(); len(types) > 0 {
		const ns = "urn:xmpp:sasl-cb:0" // XEP-0440 §3
		w.Start(ns, "sasl-channel-binding")
		for _, t := range types {
			w.Start(ns, "channel-binding")
			w.Attr("type", t)
			w.End()
		}
		w.End()
	}
	if n.registrationOpen() {
		w.Elem("http://jabber.org/features/iq-register", "register", "") // XEP-0077 §5
	}
	n.limits(w)
	n.caps(w)
}

func (n *negotiation) sessionFeatures(w *wire.Writer) {
	w.Start(nsBind, "bind")
	w.Elem(nsBind, "required", "")
	w.End()
	w.Start(nsSession, "session") // RFC 3921; RFC 6121 left it optional, and old clients ask for it
	w.Elem(nsSession, "optional", "")
	w.End()
	w.Elem(nsSM, "sm", "")                              // XEP-0198 §2
	w.Elem("urn:xmpp:features:rosterver", "ver", "")    // RFC 6121 §2.6.1
	w.Elem("urn:xmpp:features:pre-approval", "sub", "") // RFC 6121 §3.4
	n.limits(w)
	n.caps(w)
}

// limits says what a peer may send (XEP-0478 §3).
func (n *negotiation) limits(w *wire.Writer) {
	const ns = "urn:xmpp:stream-limits:0"
	l := n.s.o.Config().Limits
	bytes := l.StanzaBeforeLogin
	if !n.user.IsZero() {
		bytes = l.Stanza
	}
	w.Start(ns, "limits")
	w.Elem(ns, "max-bytes", strconv.FormatInt(int64(bytes), 10))
	if idle := n.s.o.Config().Stream.IdlePing; idle > 0 && !n.user.IsZero() {
		w.Elem(ns, "idle-seconds", strconv.Itoa(int((idle + n.s.o.Config().Stream.PingTimeout).Seconds())))
	}
	w.End()
}

func (n *negotiation) caps(w *wire.Writer) {
	if n.s.o.Caps != nil {
		w.Raw(n.s.o.Caps(n.host))
	}
}

func (n *negotiation) registrationOpen() bool {
	return n.s.o.Register != nil && n.s.o.Config().HostNamed(n.host).Registration == config.RegistrationOpen
}
