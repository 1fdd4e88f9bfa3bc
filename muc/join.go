package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// joining is a session that asks to enter.
type joining struct {
	st          wire.Stanza
	x           wire.Kid // <x xmlns='http://jabber.org/protocol/muc'/>
	full, bare  wire.Addr
	addr        wire.Addr // room@service/nick
	nick        string
	renamed     bool // the room changed the nick
	affiliation affiliation
	token       *token // that it came with and will use; nil for none
}

// join lets a session in, or says why not (XEP-0045 §7.2). A session that is in already gets everything again: its
// client has lost track.
func (r *room) join(st wire.Stanza) error {
	x, ok := st.Kid(nsMUC, "x")
	if !ok {
		r.kickStranger(st)
		return nil
	}
	j := &joining{st: st, x: x, full: st.From(), bare: st.From().Bare(), addr: st.To(), nick: st.To().Resource()}
	if r.deadSession(j.full) {
		return nil
	}
	if err := checkNick(j.nick); err != nil {
		return err
	}
	if err := r.lockNick(j); err != nil {
		return err
	}
	if r.sessions[j.full] == nil && !r.mayJoin(j.bare) {
		return errJoins
	}
	created := false
	if r.state == absent {
		if err := r.buried(j.bare); err != nil {
			return err
		}
		if err := r.create(j.bare); err != nil {
			return err
		}
		created = true
	}
	err := r.admit(j, created)
	switch {
	case created && err != nil:
		r.reset()
	case created:
		r.log.Info("room created", "by", j.bare.String()) // not before: a refused creator could fill the log
	}
	return err
}

// kickStranger answers the presence of a session that is not in, and believes it is: it must learn that (XEP-0045 §7.2.18).
func (r *room) kickStranger(st wire.Stanza) {
	n := notice{from: st.To(), mark: r.mark(st.From().Bare()), gone: true, item: item{affiliation: unaffiliated}, statuses: []int{statusKicked, statusUnreachable}}
	r.send(n.render(false, true).WithTo(st.From()))
}

// admit holds a session against every facet, and lets it in.
func (r *room) admit(j *joining, created bool) error {
	if s := r.sessions[j.full]; s != nil && !r.mayTalk(s) {
		return errRate
	}
	j.affiliation = r.affiliation(j.bare)
	for _, f := range facets {
		if f.join == nil {
			continue
		}
		if err := f.join(r, j); err != nil {
			return err
		}
	}
	if err := r.readHistory(); err != nil {
		return err
	}
	if !r.s.ledger.enter(j.full, r.addr, r.s.perUser(j.bare)) {
		return refusal(stanza.Wait, stanza.ResourceConstraint, "You are in too many rooms.")
	}
	if j.token != nil {
		if err := r.redeem(j); err != nil {
			if r.sessions[j.full] == nil {
				r.s.ledger.leave(j.full, r.addr)
			}
			return err
		}
	}
	r.welcome(r.seat(j), j, created)
	if r.deadSession(j.full) { // it died before the ledger knew of this room
		r.depart(j.full, nil)
	}
	return nil
}

// deadSession reports whether a local session has ended: a join of its that comes late must leave no ghost.
func (r *room) deadSession(full wire.Addr) bool {
	return r.s.o.Router.IsHost(full.Domain()) && r.s.o.Router.Resource(full) == nil
}

// seat gives a session its place: that which it had, beside its account's other sessions, or a new one.
func (r *room) seat(j *joining) *session {
	s := r.sessions[j.full]
	if s != nil {
		s.sink, s.shows = r.s.o.Router.Sink(j.full), shows(j.st)
		s.occ.show(s)
		return s
	}
	o := r.occupants[j.nick]
	if o == nil {
		o = &occupant{nick: j.nick, addr: j.addr, bare: j.bare, mark: r.mark(j.bare), hats: r.hatsOf(j.bare), affiliation: j.affiliation,
			role: r.returningRole(j.bare, j.affiliation)}
	}
	s = &session{full: j.full, sink: r.s.o.Router.Sink(j.full), shows: shows(j.st), rate: r.spent.take(j.full)}
	r.enter(s, o)
	r.watch(s)
	return s
}

// welcome sends what who enters is owed, in the order of XEP-0045 §7.2: the others' presence, its own, history, subject.
func (r *room) welcome(s *session, j *joining, created bool) {
	r.catchUp(s, j) // before any presence (XEP-0463 §5.2.1)
	for _, o := range r.occupants {
		if o != s.occ && !r.set.silent(o.role) {
			s.send(r.presenceFor(o, s))
		}
	}
	n := about(s.occ)
	if !r.set.NoArchive {
		n.self = append(n.self, statusLogged) // §7.2.12: the archive keeps what is said
	}
	if r.set.Whois == whoisAnyone {
		n.self = append(n.self, statusNonAnonymous) // §7.2.3
	}
	if created {
		n.self = append(n.self, statusCreated) // §10.1.1
	}
	if j.renamed {
		n.self = append(n.self, statusNickChanged) // §7.2.2
	}
	if s.occ.told.IsZero() {
		r.announce(s.occ, s)
	} else { // one more session, or one that has lost track
		r.update(s.occ, s)
	}
	r.tellSelf(n, s)
	r.showAvatar(s)
	r.sendHistory(s, j.x)
	r.sendSubject(s)
}

// create makes the room, if the account may make rooms (XEP-0045 §10.1). It is locked until its owner has configured it.
func (r *room) create(creator wire.Addr) error {
	if !r.s.mayCreate(creator) {
		return refusal(stanza.Cancel, stanza.NotAllowed, "You may not create rooms here.") // §10.1.1
	}
	if err := r.purge(); err != nil {
		return err
	}
	r.state, r.created, r.lockEnds = locked, r.now(), r.s.o.Now().Add(lockTime)
	r.set, r.history.read = r.s.defaults(), true
	r.set.Public = r.s.among(r.s.o.Config().Rooms.Public, creator)
	r.affiliations[creator] = storage.Affiliation{Addr: creator, Value: owner.String(), By: creator, At: r.created}
	return nil
}

// purge removes what an earlier room of that address left in the archive: nobody in the new one may read it.
func (r *room) purge() error {
	ctx, cancel := r.ctx()
	defer cancel()
	page, err := r.s.o.Archive.Page(ctx, storage.Query{Owner: r.addr, Limit: 1})
	if err == nil && len(page) > 0 && r.held() {
		return errHeld
	}
	for err == nil && len(page) > 0 {
		var n int
		n, err = r.s.o.Archive.DeleteBefore(ctx, r.addr, 1<<63-1, purgeChunk)
		if n < purgeChunk {
			break
		}
	}
	if err != nil {
		return r.storageError("empty the archive", err)
	}
	return nil
}

// purgeChunk is how many rows one deletion takes.
const purgeChunk = 1000
