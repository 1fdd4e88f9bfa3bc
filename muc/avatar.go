package muc

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const (
	nsVCard       = "vcard-temp"
	nsVCardUpdate = "vcard-temp:x:update"
)

// maxPhotos bounds the formats in which one vCard may hold the avatar (XEP-0486 §5.1).
const maxPhotos = 8

var (
	errVCardOwners = refusal(stanza.Auth, stanza.Forbidden, "Only owners may change the room's vCard.") // XEP-0486 §3.2
	errVCardSize   = refusal(stanza.Modify, stanza.NotAcceptable, "The vCard is too large; choose a smaller picture.")
	errPhoto       = refusal(stanza.Modify, stanza.BadRequest, "A photo of the vCard is not base64.")
)

// avatarFacet shows the hashes of the room's pictures to who has not entered (XEP-0486 §3.3); without one there is no field (§4).
var avatarFacet = facet{
	info: func(f *wire.FormWriter, r *room) {
		if len(r.set.Avatars) > 0 {
			f.TextMulti("muc#roominfo_avatarhash", "Avatar hash", r.set.Avatars...)
		}
	},
}

// advertiseAvatars says that rooms have vCards, and that the service knows of them (XEP-0486 §3.1).
func advertiseAvatars(r *router.Router) {
	for _, on := range []router.Scope{router.OnService, router.OnRoom} {
		r.Advertise(on, router.XEP{Num: 54, Version: "1.3.0", Status: "complete"}, nsVCard)
	}
	r.Advertise(router.OnRoom, router.XEP{Num: 153, Version: "1.1.1", Status: "complete", Note: "clients publish the hash of their photo, a room that of its own"})
	r.Advertise(router.OnRoom, router.XEP{Num: 486, Version: "0.1.0", Status: "complete"})
}

// vCard is the service's own: a name (XEP-0054 §3.3).
func (s *Service) vCard() wire.Payload {
	return wire.NewWriter().Start(nsVCard, "vCard").Elem("", "FN", "Rooms").Payload()
}

// getVCard shows the vCard, which is empty where none was set (XEP-0486 §3.4).
func (r *room) getVCard(st wire.Stanza, _ wire.Kid) (wire.Payload, error) {
	if err := r.maySeeVCard(st.From()); err != nil {
		return nil, err
	}
	if r.set.VCard == "" {
		return wire.NewWriter().Start(nsVCard, "vCard").Payload(), nil
	}
	return wire.Payload(r.set.VCard), nil
}

// maySeeVCard says who sees the vCard: of a public room everybody, entering or not (XEP-0486 §2), so that whoever is invited
// sees the picture; of a hidden one those who could enter. Nobody else learns from it that the room exists.
func (r *room) maySeeVCard(full wire.Addr) error {
	if r.set.Public && r.state == open && r.affiliation(full.Bare()) != outcast || r.rank(full.Bare()) == owner {
		return nil
	}
	switch err := r.mayRead(full); {
	case err == nil:
		return nil
	case r.set.Public && r.state == open:
		return errForbidden
	}
	return errNoRoom
}

// setVCard stores the vCard and tells everyone; an empty one removes it (XEP-0486 §3.2).
func (r *room) setVCard(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	if r.rank(st.From().Bare()) < owner {
		return nil, errVCardOwners
	}
	was, set := r.set, r.set
	set.VCard, set.Avatars = "", nil
	if p := k.Payload(); len(p) > int(r.s.o.Config().Limits.VCardBytes) {
		return nil, errVCardSize
	} else if !empty(k) {
		hashes, err := photoHashes(k)
		if err != nil {
			return nil, err
		}
		set.VCard, set.Avatars = string(p), hashes
	}
	if set.VCard == was.VCard {
		return nil, nil
	}
	if err := r.putSettings(set); err != nil {
		return nil, err
	}
	r.send(st.Result(nil))
	if r.state == open {
		r.tellConfig(&was)
	}
	if !slices.Equal(was.Avatars, set.Avatars) {
		p := r.avatarPresence()
		for _, s := range r.all {
			s.send(p)
		}
	}
	return nil, errAnswered
}

func empty(k wire.Kid) bool {
	for range k.Kids() {
		return false
	}
	return true
}

// photoHashes returns the hash of every picture in a vCard, by the method of XEP-0153 §3.1 as XEP-0486 §3.3 asks: SHA-1 of
// the bytes, in lower-case hexadecimal. A photo that is only a link has none.
func photoHashes(k wire.Kid) ([]string, error) {
	var out []string
	for c := range k.Kids() {
		if !c.Is(nsVCard, "PHOTO") {
			continue
		}
		bin, ok := c.Kid(nsVCard, "BINVAL")
		if !ok {
			continue
		}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(bin.Text()), ""))
		if err != nil {
			return nil, errPhoto
		}
		if len(data) == 0 {
			continue
		}
		if len(out) == maxPhotos {
			return nil, refusal(stanza.Modify, stanza.NotAcceptable, "The vCard has too many photos.")
		}
		sum := sha1.Sum(data)
		out = append(out, hex.EncodeToString(sum[:]))
	}
	return out, nil
}

// avatarPresence is the room's own presence, for clients that look for the picture's hash there (XEP-0153 §4.1, XEP-0486 §5.2).
func (r *room) avatarPresence() wire.Stanza {
	hash := ""
	if len(r.set.Avatars) > 0 {
		hash = r.set.Avatars[0]
	}
	w := wire.NewWriter().Start(nsVCardUpdate, "x").Elem("", "photo", hash)
	return wire.New(wire.KindPresence, "", "", r.addr, wire.Addr{}, w.Payload())
}

// showAvatar tells who enters of the room's picture, after the presence that says that it is in. A room without one is silent.
func (r *room) showAvatar(s *session) {
	if len(r.set.Avatars) > 0 {
		s.send(r.avatarPresence())
	}
}
