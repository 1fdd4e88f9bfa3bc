package muc

import (
	"context"
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// identified gives a retraction without an id one: the tombstone must name it (XEP-0424 §5).
func identified(st wire.Stanza) wire.Stanza {
	if _, ok := archive.Retracts(st); !ok || st.ID() != "" {
		return st
	}
	return st.Edit().SetID(wire.NewID()).Stanza()
}

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
	return r.rewriteAll(m, row, archive.Retraction{ID: m.out.ID(), At: r.now()})
}

// rewriteAll is rewrite for a message of the room and what its author corrected it to.
func (r *room) rewriteAll(m *message, row storage.Row, why archive.Retraction) error {
	if row.Tombstone {
		return nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	all, err := archive.Corrections(ctx, r.s.o.Archive, row, row.Peer, func(c storage.Row) bool { return c.Peer == row.Peer })
	if err != nil {
		return r.storageError("look for corrections", err)
	}
	for _, row := range append([]storage.Row{row}, all...) {
		if err := r.rewrite(m, row, why); err != nil {
			return err
		}
	}
	return nil
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

// rewrite makes m replace a row by its tombstone, unless it is one already.
func (r *room) rewrite(m *message, row storage.Row, why archive.Retraction) error {
	if row.Tombstone {
		return nil
	}
	rw, err := why.Rewrite(row, r.s.o.Held != nil && r.s.o.Held(row.Owner))
	if err != nil {
		return r.storageError("retract a message", err)
	}
	m.rewrite = append(m.rewrite, rw)
	m.unset = m.unset || r.setSubject(row)
	return nil
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
		row, found, err := r.findPrivate(ctx, owner, r.privateOrigin(s, o, id), id, mine)
		if err != nil {
			return r.storageError("look for a message", err)
		}
		if !found || row.Tombstone {
			continue
		}
		all, err := archive.Corrections(ctx, r.s.o.Archive, row, r.addr, mine)
		if err != nil {
			return r.storageError("look for corrections", err)
		}
		for _, row := range append([]storage.Row{row}, all...) {
			if err := r.rewrite(m, row, archive.Retraction{ID: m.out.ID(), At: r.now()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrote tells the private messages of a session's account to an occupant, in the archive of either. A nick may have been
// somebody else's: in the recipient's archive the author is known by the occupant-id, which the room gave (XEP-0424 §6).
func (r *room) wrote(s *session, o *occupant, outgoing bool) func(storage.Row) bool {
	author := r.occupantID(s.occ.bare)
	return func(row storage.Row) bool {
		if row.Kind != storage.RowPrivate || row.Outgoing != outgoing || row.Peer.Bare() != r.addr {
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

// findPrivate looks for a message by its id, or by its origin-id if none has the id. The origin knows the real addresses of
// both, so that it also finds what was sent to the recipient under another nick.
func (r *room) findPrivate(ctx context.Context, owner wire.Addr, origin []byte, id string, mine func(storage.Row) bool) (storage.Row, bool, error) {
	known, err := r.s.o.Archive.ByOrigin(ctx, owner, origin)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return storage.Row{}, false, err
	}
	isKnown := err == nil && known.Kind == storage.RowPrivate && known.Peer.Bare() == r.addr
	if isKnown && archive.HasID(known, id) {
		return known, true, nil
	}
	row, found, err := archive.FindID(ctx, r.s.o.Archive, owner, r.addr, id, mine)
	if err == nil && !found && isKnown {
		return known, true, nil
	}
	return row, found, err
}

// takeBack puts tombstones into the history at hand, so that nobody who joins is sent what was retracted.
func (r *room) takeBack(rewrites []storage.Rewrite) {
	for _, rw := range rewrites {
		if st, err := wire.Parse(rw.Stanza); err == nil {
			r.history.replace(rw.ID, r.withStanzaID(st, r.addr, rw.ID))
		}
	}
}
