package archive

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsNick      = "http://jabber.org/protocol/nick"
	nsAddresses = "http://jabber.org/protocol/address"
)

// Pseudonyms gives a person who is erased another name in each room. Within one Pseudonyms a room's name is always the
// same; nobody can tell from two names that they were one person, nor who it was.
type Pseudonyms struct{ key [32]byte }

// NewPseudonyms returns fresh ones, whose key is nowhere else.
func NewPseudonyms() *Pseudonyms {
	p := &Pseudonyms{}
	_, _ = rand.Read(p.key[:]) // never fails (crypto/rand)
	return p
}

// Pseudonym is who a person is in one room's archive from now on.
type Pseudonym struct {
	Nick string // such as erased-3f9a27c1
	// Peer is the address in place of the person's, in a domain that nobody can have (RFC 6761 §6.4).
	Peer     wire.Addr
	occupant string // in place of the occupant-id
}

// In returns the person's name in a room, bare.
func (p *Pseudonyms) In(room wire.Addr) Pseudonym {
	m := hmac.New(sha256.New, p.key[:])
	m.Write([]byte(room.String()))
	sum := hex.EncodeToString(m.Sum(nil))
	nick := "erased-" + sum[:8]
	return Pseudonym{Nick: nick, Peer: wire.MustAddr(nick + "@invalid"), occupant: sum[8:40]}
}

// Rewrite gives one of the person's messages in a room to the pseudonym: the nick, the occupant-id (XEP-0421) and the peer
// are replaced, and what else says who it was is cut. With bury a tombstone takes the place of what was said (XEP-0424 §5);
// what is one already stays one, and of bytes that do not parse nothing else is left. hold keeps the row as it was for the
// administrator.
func (p Pseudonym) Rewrite(row storage.Row, bury, hold bool, now time.Time) storage.Rewrite {
	st, err := wire.Parse(row.Stanza)
	if err != nil {
		st, bury = wire.New(wire.KindMessage, "groupchat", "", wire.Addr{}, wire.Addr{}), true
	}
	st = p.rename(st, row.Owner)
	if bury = bury && !row.Tombstone; bury {
		st = Retraction{ID: st.ID(), At: now}.Tombstone(st)
	}
	return storage.Rewrite{Owner: row.Owner, ID: row.ID, Peer: p.Peer, Stanza: st.AppendStandalone(nil), Tombstone: bury, Hold: hold}
}

// Occupant is the pseudonym's address in its room.
func (p Pseudonym) Occupant(room wire.Addr) wire.Addr {
	return wire.MustAddr(room.String() + "/" + p.Nick)
}

// RewriteSubject gives a room's subject to the pseudonym.
func (p Pseudonym) RewriteSubject(s storage.Subject, room wire.Addr) storage.Subject {
	s.From = p.Occupant(room)
	if st, err := wire.Parse(s.Stanza); err == nil {
		s.Stanza = p.rename(st, room).AppendStandalone(nil)
	}
	return s
}

// RewriteModeration puts the pseudonym in the place of the moderator with that occupant-id, in the notice of a moderation or in
// the tombstone of somebody else's message (XEP-0425 §5). It reports false for a row that has neither.
func (p Pseudonym) RewriteModeration(row storage.Row, occupant string, hold bool) (storage.Rewrite, bool) {
	st, err := wire.Parse(row.Stanza)
	if err != nil {
		return storage.Rewrite{}, false
	}
	out, ok := p.moderator(st, row.Owner, occupant)
	return storage.Rewrite{Owner: row.Owner, ID: row.ID, Stanza: out.AppendStandalone(nil), Hold: hold}, ok
}

// moderator rebuilds what says that the occupant moderated.
func (p Pseudonym) moderator(st wire.Stanza, room wire.Addr, occupant string) (wire.Stanza, bool) {
	e, found := st.Edit(), false
	for k := range st.Kids() {
		if !moderatedBy(k, occupant) {
			continue
		}
		found = true
		r := Retraction{By: p.Occupant(room), Occupant: p.occupant}
		if reason, ok := k.Kid("", "reason"); ok {
			r.Reason = reason.Text()
		}
		w := wire.NewWriter().Start(nsRetract, k.Name().Local).Attr("id", k.Attr("id")).AttrIf("stamp", k.Attr("stamp"))
		r.moderated(w)
		e.Append(w.End().Payload())
	}
	if !found {
		return st, false
	}
	return e.Cut(func(k wire.Kid) bool { return moderatedBy(k, occupant) }).Stanza(), true
}

// moderatedBy finds <retract/> and <retracted/> in the name of the moderator with that occupant-id.
func moderatedBy(k wire.Kid, occupant string) bool {
	if !k.Is(nsRetract, "retract") && !k.Is(nsRetract, "retracted") {
		return false
	}
	m, ok := k.Kid(nsModerate, "moderated")
	if !ok {
		return false
	}
	id, ok := m.Kid(nsOccupantID, "occupant-id")
	return ok && id.Attr("id") == occupant
}

func (p Pseudonym) rename(st wire.Stanza, room wire.Addr) wire.Stanza {
	if k, ok := st.Kid(nsOccupantID, "occupant-id"); ok { // the person may have moderated it too
		st, _ = p.moderator(st, room, k.Attr("id"))
	}
	e := st.Edit().Cut(func(k wire.Kid) bool {
		return k.Is(nsMUCUser, "x") || k.Is(nsOccupantID, "occupant-id") || k.Is(nsNick, "nick") || k.Is(nsAddresses, "addresses")
	})
	if st.Has(nsOccupantID, "occupant-id") {
		e.Append(wire.NewWriter().Start(nsOccupantID, "occupant-id").Attr("id", p.occupant).Payload())
	}
	return e.Stanza().WithFrom(p.Occupant(room))
}
