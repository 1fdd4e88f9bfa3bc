package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// judgeRetraction decides on a message to all that may take another one back: by the room's stanza-id, and only the author
// may, whatever the nick was then and is now (XEP-0424 §6). One that names what the room does not have is a message like any
// other.
func (r *room) judgeRetraction(s *session, m *message) error {
	id, ok := archive.Retracts(m.out)
	if !ok {
		return nil
	}
	row, found, err := r.archived(id)
	if err != nil || !found {
		return err
	}
	if row.Peer != s.full.Bare() {
		return refusal(stanza.Auth, stanza.Forbidden, "Only its author or a moderator may retract a message.")
	}
	return r.rewriteAll(m, row, row.Peer, writtenBy(row.Peer), archive.Retraction{ID: m.out.ID(), At: r.now()})
}

// rewriteAll makes m replace a message of a conversation, and what its author corrected it to, by their tombstones. with and
// mine are as in archive.WithCorrections.
func (r *room) rewriteAll(m *message, row storage.Row, with wire.Addr, mine func(storage.Row) bool, why archive.Retraction) error {
	ctx, cancel := r.ctx()
	defer cancel()
	all, err := archive.WithCorrections(ctx, r.s.o.Archive, row, with, mine)
	if err != nil {
		return r.storageError("look for corrections", err)
	}
	for _, row := range all {
		rw, err := why.Rewrite(row, r.s.o.Held != nil && r.s.o.Held(row.Owner))
		if err != nil {
			return r.storageError("retract a message", err)
		}
		m.rewrite = append(m.rewrite, rw)
		m.unset = m.unset || r.setSubject(row)
	}
	return nil
}

// writtenBy tells the messages of a room's archive that an account, bare, wrote.
func writtenBy(author wire.Addr) func(storage.Row) bool {
	return func(row storage.Row) bool { return row.Peer == author }
}

// archived finds a message of the room by its stanza-id.
func (r *room) archived(stanzaID string) (row storage.Row, found bool, err error) {
	id, err := r.s.o.IDs.Parse(stanzaID)
	if err != nil {
		return storage.Row{}, false, nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	rows, err := r.s.o.Archive.Rows(ctx, r.addr, []int64{id})
	if err != nil {
		return storage.Row{}, false, r.storageError("look for a message", err)
	}
	if len(rows) == 0 {
		return storage.Row{}, false, nil
	}
	return rows[0], true, nil
}

// retractPrivate takes a private message, and what its author corrected it to, back in the archives of the two who have it.
func (r *room) retractPrivate(s *session, o *occupant, m *message) error {
	id, ok := archive.Retracts(m.out)
	if !ok {
		return nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	for i := range m.rows {
		owner, mine := m.rows[i].Owner, r.wrote(s, o, m.rows[i].Outgoing)
		row, found, err := archive.Find(ctx, r.s.o.Archive, archive.Wanted{Owner: owner, With: r.addr, ID: id,
			Origin: r.privateOrigin(s, o, id), Mine: mine, ByOrigin: r.isPrivate})
		if err != nil {
			return r.storageError("look for a message", err)
		}
		if !found {
			continue
		}
		if err := r.rewriteAll(m, row, r.addr, mine, archive.Retraction{ID: m.out.ID(), At: r.now()}); err != nil {
			return err
		}
	}
	return nil
}

// isPrivate tells the private messages of this room. By its origin, which knows the real addresses of both, one is also found
// that was sent to the recipient under another nick.
func (r *room) isPrivate(row storage.Row) bool {
	return row.Kind == storage.RowPrivate && row.Peer.Bare() == r.addr
}

// wrote tells the private messages of a session's account to an occupant, in the archive of either. A nick may have been
// somebody else's: in the recipient's archive the author is known by the occupant-id, which the room gave (XEP-0424 §6).
func (r *room) wrote(s *session, o *occupant, outgoing bool) func(storage.Row) bool {
	author := r.occupantID(s.occ.bare)
	return func(row storage.Row) bool {
		if !r.isPrivate(row) || row.Outgoing != outgoing {
			return false
		}
		if outgoing {
			return row.Peer == o.addr
		}
		st, err := wire.Parse(row.Stanza)
		if err != nil {
			return false
		}
		k, _ := st.Kid(nsOccupantID, "occupant-id")
		return k.Attr("id") == author
	}
}

// takeBack puts tombstones into the history at hand, so that nobody who joins is sent what was retracted.
func (r *room) takeBack(rewrites []storage.Rewrite) {
	for _, rw := range rewrites {
		if st, err := wire.Parse(rw.Stanza); err == nil {
			r.history.replace(rw.ID, r.withStanzaID(st, r.addr, rw.ID))
		}
	}
}
