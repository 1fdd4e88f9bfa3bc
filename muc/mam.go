package muc

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// archiveTime bounds one query of a room's archive, the wait for its asker to read included.
const archiveTime = 30 * time.Second

var errNoReading = refusal(stanza.Auth, stanza.Forbidden, "You may not read this room's archive.") // XEP-0313 §8.1

// archiveRequest reports whether an IQ is for the room's archive.
func archiveRequest(st wire.Stanza) (wire.Kid, bool) {
	if k, ok := st.Kid(archive.NSMAM, "query"); ok {
		return k, true
	}
	k, ok := st.Kid(archive.NSMAM, "metadata")
	return k, ok && st.Type() == "get"
}

// askArchive answers a request to the room's archive (XEP-0313 §4, §5). The room decides who may have what; then the
// request leaves its goroutine, and waits for its turn, the store and its asker's socket without the room.
func (r *room) askArchive(e *event, k wire.Kid) error {
	if r.set.NoArchive {
		return errUnknown
	}
	if err := r.mayRead(e.st.From()); err != nil {
		return err
	}
	fields := archive.Fields{Fulltext: r.s.o.searched()}
	if e.st.Type() == "get" && k.Is(archive.NSMAM, "query") {
		r.send(e.st.Result(archive.FormPayload(fields)))
		return nil
	}
	a := &asked{s: r.s, st: e.st, room: r.addr, real: r.readsReal(e.st.From())}
	if e.st.Type() == "set" {
		q, err := r.s.reader.ParseRequest(k, fields)
		if err != nil {
			return err
		}
		if err := r.selectWith(q, e.st.From(), a.real); err != nil {
			return err
		}
		a.q = q
	}
	e.routed.Add(1)
	if !r.s.queue(a, e.handled) {
		e.routed.Add(-1)
		return errBusy
	}
	return nil
}

// mayRead says who may read the archive: who could enter at this moment (XEP-0313 §6.1.2), without the password for members
// and for who is inside. Of a hidden room nobody else learns that it exists.
func (r *room) mayRead(full wire.Addr) error {
	a := r.affiliation(full.Bare())
	inside := r.inside(full.Bare())
	switch {
	case r.state == locked && (a < owner || r.sessions[full] == nil):
		return errNoRoom // XEP-0045 §7.2.10: it does not exist yet
	case a >= member || inside:
		return nil
	case a == unaffiliated && !r.set.MembersOnly && len(r.set.Password) == 0:
		return nil
	case !r.set.Public:
		return errNoRoom
	}
	return errNoReading
}

// inside reports whether an account is in the room.
func (r *room) inside(bare wire.Addr) bool {
	for _, o := range r.occupants {
		if o.bare == bare {
			return true
		}
	}
	return false
}

// readsReal reports whether a reader of the archive is shown real addresses (XEP-0045 §4.2, XEP-0313 §6.1.2).
func (r *room) readsReal(full wire.Addr) bool {
	if r.set.Whois == whoisAnyone || r.affiliation(full.Bare()) >= admin {
		return true
	}
	s := r.sessions[full]
	return s != nil && s.occ.role == moderator
}

// selectWith looks at whose messages are asked for: an occupant's, which all may ask, or a real address's, which is for
// those alone who are shown it (XEP-0313 §4.1.1), and for itself.
func (r *room) selectWith(q *archive.Request, from wire.Addr, real bool) error {
	switch with := q.With; {
	case with.IsZero():
	case with == r.addr:
		q.With = wire.Addr{} // everything here comes from the room
	case with.Bare() == r.addr:
		q.ByNick()
	case real || with.Bare() == from.Bare():
		q.With = with.Bare() // the resource was not kept
	default:
		return errNoReading
	}
	return nil
}

// asked is a request to an archive that was granted. It touches nothing of the room.
type asked struct {
	s    *Service
	st   wire.Stanza
	room wire.Addr
	real bool
	q    *archive.Request // nil: metadata
}

// answer sends what was asked for, or why not.
func (a *asked) answer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, archiveTime)
	defer cancel()
	defer a.s.recovered(a.st)
	err := a.run(ctx)
	if errors.Is(err, router.ErrGone) {
		return
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = errBusy
	}
	if err != nil {
		a.s.refuse(a.st, err)
	}
}

// run sends the page, and then the result, in that order (XEP-0313 §4).
func (a *asked) run(ctx context.Context) error {
	to, err := a.s.o.Router.Pace(ctx, a.st.From())
	if err != nil {
		return err
	}
	if a.q == nil {
		ends, err := a.s.reader.Metadata(ctx, a.room)
		if err == nil {
			to.Send(a.st.Result(ends))
		}
		return err
	}
	page, err := a.s.reader.Query(ctx, a.room, a.q, archive.Bound(to.Allowance))
	if err != nil {
		return err
	}
	a.send(to, page)
	return nil
}

func (a *asked) send(to router.Paced, page archive.Answer) {
	all := make([]wire.Stanza, 0, len(page.Rows)+1)
	for i := range page.Rows {
		row := &page.Rows[i]
		if st := a.q.Message(a.room, a.st.From(), row, a.publisher(row)); !st.IsZero() {
			all = append(all, st)
			continue
		}
		a.s.o.Log.Error("an archived message does not parse", "room", a.room.String(), "row", row.ID)
	}
	to.SendAll(append(all, a.st.Result(a.q.Fin(page))))
}

// publisher tells those who may know it the real address behind a message (XEP-0313 §6.1.2). What the room said itself has
// none.
func (a *asked) publisher(row *storage.Row) wire.Payload {
	if !a.real || row.Peer.IsZero() || row.Peer == a.room {
		return nil
	}
	w := wire.NewWriter().Start(nsUser, "x").Start("", "item").Attr("jid", row.Peer.String())
	return w.Payload()
}
