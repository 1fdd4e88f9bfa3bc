package muc

import (
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
	return nil
}

// retractPrivate takes a private message back in the archives of the two who have it. It is found by its origin-id, which
// the real addresses of both are part of: a nick may have been somebody else's.
func (r *room) retractPrivate(s *session, o *occupant, m *message) error {
	id, ok := archive.Retracts(m.out)
	if !ok {
		return nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	for i := range m.rows {
		row, err := r.s.o.Archive.ByOrigin(ctx, m.rows[i].Owner, r.privateOrigin(s, o, id))
		switch {
		case errors.Is(err, storage.ErrNotFound):
			continue
		case err != nil:
			return r.storageError("look for a message", err)
		case row.Kind != storage.RowPrivate || row.Peer.Bare() != r.addr:
			continue
		}
		if err := r.rewrite(m, row, archive.Retraction{ID: m.out.ID(), At: r.now()}); err != nil {
			return err
		}
	}
	return nil
}

// takeBack puts tombstones into the history at hand, so that nobody who joins is sent what was retracted.
func (r *room) takeBack(rewrites []storage.Rewrite) {
	for _, rw := range rewrites {
		if st, err := wire.Parse(rw.Stanza); err == nil {
			r.history.replace(rw.ID, r.withStanzaID(st, r.addr, rw.ID))
		}
	}
}
