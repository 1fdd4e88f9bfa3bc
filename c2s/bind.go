package c2s

import (
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const (
	nsSession  = "urn:ietf:params:xml:ns:xmpp-session"
	nsRegister = "jabber:iq:register"
)

// earlyIQ answers the IQs that make sense before a session: registration before login, bind after it.
func (n *negotiation) earlyIQ(st wire.Stanza) (bound bool, err error) {
	if n.user.IsZero() {
		if !st.Has(nsRegister, "query") || st.Type() != "get" && st.Type() != "set" {
			return false, notAuthorized("") // RFC 6120 §4.9.3.12
		}
		if !n.registrationOpen() {
			// XEP-0077 §3.1: who asks learns that there is none, and may log in.
			return false, n.refuse(st, stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable})
		}
		return false, n.register(st)
	}
	if st.Type() != "set" || !st.Has(nsBind, "bind") {
		// RFC 6120 §7.1: nothing else before bind.
		return false, notAuthorized("bind a resource first")
	}
	return n.bind(st)
}

// bind makes the session (RFC 6120 §7).
func (n *negotiation) bind(st wire.Stanza) (bound bool, err error) {
	addr, se := n.resource(st)
	if se != nil {
		return false, n.answer(st.ErrorReply(*se))
	}
	s := newSession(n, addr)
	w := wire.NewWriter()
	w.Start(nsBind, "bind")
	w.Elem(nsBind, "jid", addr.String())
	w.End()
	s.out.Send(st.Result(w.Payload()).WithFrom(wire.Addr{}).WithTo(wire.Addr{}), 0)
	res, err := n.s.o.Router.Bind(n.s.ctx, s)
	if errors.Is(err, router.ErrTooMany) {
		// §7.6.2.1
		return false, n.answer(st.ErrorReply(stanza.Error{Type: stanza.Wait, Condition: stanza.ResourceConstraint}))
	}
	if err != nil {
		return false, err
	}
	s.begin(n, res)
	return true, nil
}

// resource returns the full JID that the client asked for, or one that we make (RFC 6120 §7.6, §7.7).
func (n *negotiation) resource(st wire.Stanza) (wire.Addr, *stanza.Error) {
	bad := &stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
	if st.ID() == "" {
		return wire.Addr{}, bad
	}
	kid, _ := st.Kid(nsBind, "bind")
	asked := newID()
	if r, ok := kid.Kid(nsBind, "resource"); ok && r.Text() != "" {
		asked = r.Text()
	}
	addr, err := n.user.WithResource(asked)
	if err != nil {
		return wire.Addr{}, bad // §7.7.2.1
	}
	return addr, nil
}

// answer writes a stanza during negotiation.
func (n *negotiation) answer(st wire.Stanza) error {
	return n.c.Write(st.WithTo(wire.Addr{}).Append(nil))
}
