package muc

import (
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsMUCRegister = "http://jabber.org/protocol/muc#register"
	fieldRoomNick = "muc#register_roomnick"
)

// errUnregistered refuses who is no member: members are made by admins here, not by themselves (XEP-0045 §7.10).
var errUnregistered = refusal(stanza.Cancel, stanza.NotAllowed, "Only members of the room may register a nickname.")

// nickOf returns the nick that is kept for an account, "" for none.
func (r *room) nickOf(bare wire.Addr) string {
	if nick := r.affiliations[bare].Nick; r.reserved[nick] == bare {
		return nick
	}
	return ""
}

// getRegistration sends the form to register a nick, or what is registered (XEP-0045 §7.10).
func (r *room) getRegistration(st wire.Stanza, _ wire.Kid) (wire.Payload, error) {
	bare := st.From().Bare()
	if r.affiliation(bare) < member {
		return nil, errUnregistered
	}
	w := wire.NewWriter().Start(nsRegister, "query")
	nick := r.nickOf(bare)
	if nick != "" {
		w.Elem("", "registered", "").Elem("", "username", nick)
	}
	form := wire.NewFormWriter("form", nsMUCRegister).Title("A nickname in " + r.addr.String())
	form.TextSingle(fieldRoomNick, "Nickname that nobody else may use here", nick)
	return w.Raw(form.Payload()).Payload(), nil
}

// setRegistration keeps a nick for a member, or gives it up (XEP-0045 §7.10, XEP-0077 §3.2).
func (r *room) setRegistration(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	bare := st.From().Bare()
	if r.affiliation(bare) < member {
		return nil, errUnregistered
	}
	a := r.affiliations[bare]
	if _, ok := k.Kid("", "remove"); ok {
		a.Nick = ""
		return nil, r.putAffiliations([]storage.Affiliation{a})
	}
	x, ok := k.Kid(wire.NSForm, "x")
	if !ok {
		return nil, errMalformed
	}
	form, err := wire.ReadForm(x)
	if err != nil || form.FormType != nsMUCRegister {
		return nil, errMalformed
	}
	nick, err := wire.ParseAddr(r.addr.String() + "/" + form.Value(fieldRoomNick))
	if err != nil || checkNick(nick.Resource()) != nil {
		return nil, refusal(stanza.Modify, stanza.NotAcceptable, "That nickname cannot be used.")
	}
	if err := r.nickFree(nick.Resource(), bare); err != nil {
		return nil, err
	}
	a.Nick = strings.Clone(nick.Resource())
	return nil, r.putAffiliations([]storage.Affiliation{a})
}
