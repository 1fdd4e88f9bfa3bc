package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// fieldNickLock is our own field, named as XEP-0068 §3.4 asks of those that nobody registered.
const fieldNickLock = "{https://salon.im/muc}registered_nick"

// nickLockFacet holds who has registered a nick to it (XEP-0045 §7.10, §18.1): they enter under that one, and keep it. Others
// choose as ever, but none that is reserved.
var nickLockFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Boolean(fieldNickLock, "Who has registered a nickname uses that one alone", r.set.NickLock)
	},
	read: func(f wire.Form, _ *room, set *settings) error { return readBool(f, fieldNickLock, &set.NickLock) },
}

// lockedNick returns the nick that an account must use here, "" if it may choose.
func (r *room) lockedNick(bare wire.Addr) string {
	if !r.set.NickLock {
		return ""
	}
	return r.nickOf(bare)
}

// lockNick has who enters do so under its registered nick (XEP-0045 §7.10). A session that is inside keeps what it has.
func (r *room) lockNick(j *joining) error {
	nick := r.lockedNick(j.bare)
	if nick == "" || nick == j.nick || r.sessions[j.full] != nil {
		return nil
	}
	addr, err := wire.NewAddr(r.addr.Local(), r.addr.Domain(), nick)
	if err != nil {
		return err
	}
	j.nick, j.addr, j.renamed = nick, addr, true
	return nil
}

// mayRename refuses a change away from a registered nick (XEP-0045 §7.6).
func (r *room) mayRename(bare wire.Addr, nick string) error {
	if kept := r.lockedNick(bare); kept != "" && kept != nick {
		return refusal(stanza.Cancel, stanza.NotAcceptable, "You have registered the nickname "+kept+" here.")
	}
	return nil
}
