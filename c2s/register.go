package c2s

import (
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// register answers in-band registration before login (XEP-0077 §3.1). The rate and the rules are Options.Register's.
func (n *negotiation) register(st wire.Stanza) error {
	q, _ := st.Kid(nsRegister, "query")
	if st.Type() == "get" {
		w := wire.NewWriter()
		w.Start(nsRegister, "query")
		w.Elem(nsRegister, "instructions", "Choose a username and a password.")
		w.Elem(nsRegister, "username", "")
		w.Elem(nsRegister, "password", "")
		w.End()
		return n.answer(st.Result(w.Payload()))
	}
	if st.Type() != "set" || q.Name().Local == "" {
		return n.refuse(st, stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest})
	}
	user, ok1 := q.Kid(nsRegister, "username")
	password, ok2 := q.Kid(nsRegister, "password")
	if !ok1 || !ok2 || password.Text() == "" {
		return n.refuse(st, stanza.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable}) // §3.1.1
	}
	addr, err := wire.NewAddr(user.Text(), n.host, "")
	if err != nil || addr.Local() == "" {
		return n.refuse(st, stanza.Error{Type: stanza.Modify, Condition: stanza.JIDMalformed})
	}
	if err := n.s.o.Register(n.ctx, addr, password.Text(), n.c.RemoteAddr()); err != nil {
		var se stanza.Error
		if !errors.As(err, &se) {
			n.s.o.Log.Error("registration failed", "err", err)
			se = stanza.Error{Type: stanza.Wait, Condition: stanza.InternalServerError}
		}
		return n.refuse(st, se)
	}
	n.s.o.Log.Info("account registered", "jid", addr.String(), "addr", n.c.RemoteAddr().String())
	return n.answer(st.Result(nil))
}

// refuse answers a registration without its content, which holds a password.
func (n *negotiation) refuse(st wire.Stanza, e stanza.Error) error {
	return n.answer(st.Edit().Cut(func(wire.Kid) bool { return true }).Stanza().ErrorReply(e))
}
