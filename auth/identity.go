package auth

import (
	"strings"

	"mellium.im/xmpp/jid"
)

// maxUserBytes is the bound of a localpart (RFC 7622 §3.3), before and after preparation.
const maxUserBytes = 1023

// prepareUser turns the name that a client logs in with into the localpart that accounts are stored under.
//
// RFC 6120 §6.3.7 makes the simple user name a localpart, so it is prepared by RFC 7622 §3.3 rather than RFC 4013. ok is false for a
// name that no account can have.
func prepareUser(name string) (user string, ok bool) {
	if name == "" || len(name) > maxUserBytes {
		return "", false
	}
	if plainASCII(name) {
		return name, true
	}
	j, err := jid.New(name, "invalid", "")
	if err != nil {
		return "", false
	}
	user = j.Localpart()
	again, err := jid.New(user, "invalid", "")
	return user, err == nil && user != "" && again.Localpart() == user // no account has a name without a stable form
}

// plainASCII says whether preparation would leave the name as it is, without doing it.
func plainASCII(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// authorize refuses an authorization identity that is not the user's own: a client may name its localpart or its bare JID, or
// nothing. RFC 6120 §6.3.8.
func (p *Params) authorize(authzid, user string) error {
	if authzid == "" || authzid == user || authzid == user+"@"+p.Host {
		return nil
	}
	if !strings.Contains(authzid, "@") {
		if own, ok := prepareUser(authzid); ok && own == user {
			return nil
		}
		return fail(InvalidAuthzid, "")
	}
	j, err := jid.Parse(authzid)
	if err != nil || j.Resourcepart() != "" || j.Localpart() != user || j.Domainpart() != p.Host {
		return fail(InvalidAuthzid, "")
	}
	return nil
}
