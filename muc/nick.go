package muc

import (
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// maxNickBytes bounds a nick.
const maxNickBytes = 256

// nickFacet gives a nick to one account at a time (XEP-0045 §7.2.8); its sessions share it.
var nickFacet = facet{
	join: func(r *room, j *joining) error { return r.nickFree(j.nick, j.bare) },
}

// nickFree refuses a nick that another account uses here, or has reserved, and one that looks like that of somebody whom people
// trust, unless the account has the nick already.
func (r *room) nickFree(nick string, bare wire.Addr) error {
	o, by := r.occupants[nick], r.reserved[nick]
	switch {
	case o != nil && o.bare != bare, !by.IsZero() && by != bare:
		return errNickTaken
	case o == nil && by.IsZero() && r.passesFor(nick, bare):
		return errLookalike
	}
	return nil
}

var errNickTaken = refusal(stanza.Cancel, stanza.Conflict, "That nickname is taken.")

// checkNick holds a nick against our rules. It has passed the profile of resource parts already (RFC 7622 §3.4).
func checkNick(nick string) error {
	switch {
	case strings.TrimSpace(nick) == "": // blanks name nobody
		return refusal(stanza.Modify, stanza.JIDMalformed, "Choose a nickname that can be seen.")
	case len(nick) > maxNickBytes:
		return refusal(stanza.Modify, stanza.NotAcceptable, "The nickname is too long.")
	}
	return nil
}

// nickIn reads the nick in a request as the address of an occupant would have it, so that both compare as bytes
// (RFC 7622 §3.4). "" stays so.
func (r *room) nickIn(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	a, err := wire.NewAddr(r.addr.Local(), r.addr.Domain(), v)
	if err != nil {
		return "", refusal(stanza.Modify, stanza.JIDMalformed, "That is no nickname.")
	}
	return strings.Clone(a.Resource()), nil
}

// changeNick gives a session another nick (XEP-0045 §7.6). If its account has other sessions under the old one, those
// keep it, and only this session moves.
func (r *room) changeNick(s *session, st wire.Stanza) error {
	nick := st.To().Resource()
	if err := checkNick(nick); err != nil {
		return err
	}
	if err := r.mayRename(s.full.Bare(), nick); err != nil {
		return err
	}
	if err := r.nickFree(nick, s.full.Bare()); err != nil {
		return err
	}
	old := s.occ
	if len(old.sessions) > 1 && r.occupants[nick] == nil { // the others stay: one becomes two
		if err := r.placeFor(old.affiliation); err != nil {
			return err
		}
	}
	if !r.mayTalk(s) {
		return errRate
	}
	n := about(old)
	n.gone, n.shows, n.statuses, n.real = true, nil, []int{statusNick}, s.full
	n.item.nick = nick
	wasShown := old.shown() == s
	if last := r.detach(s); last {
		r.tellOthers(n, old)
	} else if wasShown {
		r.update(old)
	}
	r.tellSelf(n, s)
	o := r.occupants[nick]
	if o == nil {
		o = &occupant{nick: nick, addr: st.To(), bare: old.bare, mark: old.mark, hats: old.hats, affiliation: old.affiliation, role: old.role}
		r.occupants[nick] = o
		r.users.Store(int32(len(r.occupants)))
	}
	s.occ, s.shows = o, shows(st)
	o.show(s)
	r.announce(o)
	return nil
}
