package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// moderates reports whether a stanza asks the room to retract somebody's message (XEP-0425 §4).
func moderates(st wire.Stanza) bool {
	return st.Kind() == wire.KindIQ && st.Type() == "set" && !st.To().IsFull() && st.Has(nsModerate, "moderate")
}

// judgeModeration decides on a moderator's request, and prepares what tells the room of it (XEP-0425 §4). The notice is
// kept, so that who is away learns of it; it is the room's, and nobody can take it back.
func (r *room) judgeModeration(st wire.Stanza, m *message) error {
	s, err := r.speaker(st)
	if err != nil {
		return err
	}
	if s.occ.role < moderator {
		return refusal(stanza.Modify, stanza.Forbidden, "Only moderators may retract the messages of others.") // §4.2
	}
	k, _ := st.Kid(nsModerate, "moderate")
	if _, ok := k.Kid(nsRetract, "retract"); !ok || k.Attr("id") == "" {
		return errMalformed
	}
	reason, err := reasonOf(k)
	if err != nil {
		return err
	}
	row, found, err := r.archived(k.Attr("id"))
	switch {
	case err != nil:
		return err
	case !found:
		return refusal(stanza.Cancel, stanza.ItemNotFound, "There is no such message in this room.")
	case row.Peer == r.addr:
		return refusal(stanza.Modify, stanza.NotAcceptable, "That is what the room said itself.") // §6
	}
	if row.Tombstone { // it is done; everyone was told
		m.deliver = func(r *room, _ *message) { r.send(st.Result(nil)) }
		return nil
	}
	m.deliver = func(r *room, m *message) {
		r.broadcast(m)
		r.send(st.Result(nil))
	}
	why := archive.Retraction{ID: wire.NewID(), At: r.now(), Moderated: true, By: s.occ.addr, Occupant: r.occupantID(s.occ.bare),
		Reason: reason}
	m.out = wire.New(wire.KindMessage, "groupchat", why.ID, r.addr, wire.Addr{}, why.Notice(r.s.o.IDs.Text(row.ID)))
	if m.unkept = r.set.NoArchive; m.unkept {
		why.Occupant = "" // an erasure finds the moderator's tombstones by the notices
	} else {
		m.rows = []storage.Row{{Owner: r.addr, Peer: r.addr, Kind: storage.RowGroupchat, Stanza: m.out.AppendStandalone(nil)}}
	}
	return r.rewriteAll(m, row, row.Peer, writtenBy(row.Peer), why)
}
