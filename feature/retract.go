package feature

import (
	"context"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsRetract = "urn:xmpp:message-retract:1"

// advertiseRetraction says that retractions are kept, and leave tombstones in an account's archive (XEP-0424 §3, §5). One
// begins its walk behind what it may take back.
func (a *archiver) advertiseRetraction() {
	x := router.XEP{Num: 424, Version: "0.4.2", Status: "complete"}
	a.r.Advertise(router.OnServer, x, nsRetract)
	a.r.Advertise(router.OnAccount, x, nsRetract, nsRetract+"#tombstone")
	a.r.Alone(func(st wire.Stanza) bool { return st.Has(nsRetract, "retract") })
}

// retract adds to w what its message, if it is a retraction, takes back in owner's archive: a message of the same sender
// to the same recipient (XEP-0424 §6). It reports whether it takes one back. Anyone else's retraction, and that of a message
// that we do not have, is a message like any other, which clients pass over.
func (a *archiver) retract(ctx context.Context, w *router.Walk, owner, peer wire.Addr, outgoing bool) (bool, error) {
	id, ok := archive.Retracts(w.Stanza)
	if !ok {
		return false, nil
	}
	mine := func(row storage.Row) bool { return row.Outgoing == outgoing && row.Peer == peer }
	row, found, err := archive.Find(ctx, a.o.Store, archive.Wanted{Owner: owner, With: peer, ID: id, Origin: originOf(w.Stanza, id), Mine: mine, ByOrigin: mine})
	if err == nil && !found && !outgoing { // a row of the kind RowPassing is in no page
		row, found, err = archive.FindWaiting(ctx, a.o.Store, owner, id, mine)
	}
	if err != nil || !found {
		return false, err
	}
	all, err := archive.WithCorrections(ctx, a.o.Store, row, peer, mine)
	if err != nil {
		return false, err
	}
	why := archive.Retraction{ID: w.Stanza.ID(), At: time.Now()}
	for _, row := range all {
		rw, err := why.Rewrite(row, a.o.Held != nil && a.o.Held(owner))
		if err != nil {
			return false, err
		}
		w.Rewrites = append(w.Rewrites, rw)
	}
	return len(all) > 0, nil
}

// takeBack puts tombstones in the place of messages that wait in the sessions of their recipients, such as one that is cut
// and may be resumed: a message that a session has not acknowledged is undelivered.
func (a *archiver) takeBack(rewrites []storage.Rewrite) {
	for _, rw := range rewrites {
		sessions := a.r.Resources(rw.Owner)
		if len(sessions) == 0 {
			continue
		}
		st, err := wire.Parse(rw.Stanza)
		if err != nil {
			continue // we wrote it
		}
		st = late(a.o.IDs, archive.Item{ID: rw.ID, Time: archive.IDTime(rw.ID), Stanza: st}, rw.Owner)
		for _, res := range sessions {
			res.Replace(rw.ID, func(old wire.Stanza) wire.Stanza { return st.WithFrom(old.From()).WithTo(old.To()) })
		}
	}
}
