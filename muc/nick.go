package muc

import (
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// maxNickBytes bounds a nick.
const maxNickBytes = 256

// checkNick holds a nick against our rules. It has passed the profile of resource parts already (RFC 7622 §3.4).
func checkNick(nick string) error {
	switch {
	case strings.TrimSpace(nick) == "": // XEP-0045 §7.2.1? a nick of blanks names nobody
		return refusal(stanza.Modify, stanza.JIDMalformed, "Choose a nickname that can be seen.")
	case len(nick) > maxNickBytes:
		return refusal(stanza.Modify, stanza.NotAcceptable, "The nickname is too long.")
	}
	return nil
}

func (r *room) changeNick(s *session, st wire.Stanza) error { return errUnknown }
