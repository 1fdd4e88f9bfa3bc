package control

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	// eraseChunk is how many messages one transaction rewrites.
	eraseChunk = archive.MaxRows
	// erasePasses bounds the looks for messages that came while others were rewritten.
	erasePasses = 5
	// eraseNicks bounds the nicks of a person in one room that a subject is recognised by.
	eraseNicks = 64
)

// EraseReport says what an erasure did.
type EraseReport struct {
	Account  bool `json:"account"`  // there was an account, and it is gone
	Rooms    int  `json:"rooms"`    // with messages of the person
	Messages int  `json:"messages"` // of the person, in those rooms, and notices of what it moderated there
	Lists    int  `json:"lists"`    // rooms whose lists named the person
}

// EraseUser implements Admin.
//
// The messages come first and the account after them, so that an erasure that was cut short can be run again. What the
// person says meanwhile is looked for once nobody can say more.
func (u *Users) EraseUser(ctx context.Context, addr wire.Addr, bury bool) (EraseReport, error) {
	var report EraseReport
	if !addr.IsBare() {
		return report, invalid("%q is not a user's address", addr)
	}
	if u.o.Held(addr) {
		return report, held(addr)
	}
	key, err := u.occupantKey()
	if err != nil {
		return report, err
	}
	e := &eraser{u: u, addr: addr, bury: bury, key: key, names: archive.NewPseudonyms(), rooms: map[wire.Addr]bool{}}
	if _, err := e.pass(ctx); err != nil {
		return e.report(), err
	}
	err = u.DeleteUser(ctx, addr)
	e.account = err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) { // who has no account here may have been in rooms
		return e.report(), err
	}
	if err := u.forgotten(ctx, addr); err != nil { // also of who had no account, or of one that was deleted before
		return e.report(), err
	}
	for range erasePasses {
		if u.o.Erased != nil {
			if err := u.o.Erased(ctx, addr, e.names); err != nil {
				return e.report(), fmt.Errorf("control: erase %s from live rooms: %w", addr, err)
			}
		}
		if n, err := e.pass(ctx); err != nil || n == 0 {
			return e.report(), errors.Join(err, e.nobody(err))
		}
	}
	return e.report(), fmt.Errorf("control: erase %s: there are ever new messages of the person: run it again", addr)
}

// eraser is one erasure.
type eraser struct {
	u     *Users
	addr  wire.Addr
	bury  bool
	key   []byte // of the occupant-ids
	names *archive.Pseudonyms

	account  bool
	messages int
	lists    int
	rooms    map[wire.Addr]bool // with messages of the person
}

func (e *eraser) report() EraseReport {
	return EraseReport{Account: e.account, Rooms: len(e.rooms), Messages: e.messages, Lists: e.lists}
}

// nobody tells of an address that nothing was found of.
func (e *eraser) nobody(err error) error {
	if err != nil || e.report() != (EraseReport{}) {
		return nil
	}
	return missing(e.addr, "erase", storage.ErrNotFound)
}

// pass rewrites what is in the store now, and returns how many messages that were.
func (e *eraser) pass(ctx context.Context) (n int, err error) {
	hosts := e.u.o.Hosts()
	err = eachArchive(ctx, e.u.o.Persons, func(owner wire.Addr) error {
		if slices.Contains(hosts, owner.Domain()) {
			return nil
		}
		found, err := e.room(ctx, owner)
		n += found
		return err
	})
	if err == nil {
		err = e.records(ctx)
	}
	if err != nil {
		err = fmt.Errorf("control: erase %s: %w", e.addr, err)
	}
	return n, err
}

// room rewrites the person's messages in one archive.
func (e *eraser) room(ctx context.Context, room wire.Addr) (n int, err error) {
	name, hold := e.names.In(room), e.u.o.Held(room)
	nicks := map[string]bool{}
	fresh := false // nicks that the subject was not compared with
	for q := (storage.Query{Owner: room, With: e.addr, Limit: eraseChunk}); ; {
		rows, err := e.u.o.Persons.Page(ctx, q)
		if err != nil {
			return n, err
		}
		var rewrites []storage.Rewrite
		for _, r := range rows {
			if q.After = r.ID; r.Kind != storage.RowGroupchat {
				continue
			}
			rewrites = append(rewrites, name.Rewrite(r, e.bury, hold, e.u.o.Now()))
			if st, err := wire.Parse(r.Stanza); err == nil && len(nicks) < eraseNicks && !nicks[st.From().Resource()] {
				nicks[st.From().Resource()], fresh = true, true
			}
		}
		if fresh { // before the rows that know the nick, so that an erasure that is cut short can be run again
			if err := e.subject(ctx, room, nicks); err != nil {
				return n, err
			}
			fresh = false
		}
		if len(rewrites) > 0 {
			if err := e.u.o.Rewrite(ctx, rewrites); err != nil {
				return n, err
			}
		}
		n += len(rewrites)
		e.messages += len(rewrites)
		if len(rows) < eraseChunk {
			break
		}
	}
	notices, err := e.moderations(ctx, room)
	e.messages += notices
	if n += notices; n > 0 {
		e.rooms[room] = true
	}
	return n, err
}

// subject gives a stored subject to the pseudonym if it was set under one of the person's nicks.
func (e *eraser) subject(ctx context.Context, room wire.Addr, nicks map[string]bool) error {
	rec, err := e.u.o.Persons.Room(ctx, room)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !nicks[rec.Subject.From.Resource()] {
		return nil
	}
	if err != nil {
		return err
	}
	return e.u.o.Persons.PutSubject(ctx, room, e.names.In(room).RewriteSubject(rec.Subject, room))
}

// records takes the person out of the lists of all stored rooms: as who is listed, and as who listed others.
func (e *eraser) records(ctx context.Context) error {
	return eachRoom(ctx, e.u.o.Persons, e.u.o.Services(), func(room wire.Addr) error { return e.record(ctx, room) })
}

func (e *eraser) record(ctx context.Context, room wire.Addr) error {
	rec, err := e.u.o.Persons.Room(ctx, room)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if marked(rec.Subject.Stanza, e.mark(room)) { // nothing else of the person may be in the archive
		if err := e.u.o.Persons.PutSubject(ctx, room, e.names.In(room).RewriteSubject(rec.Subject, room)); err != nil {
			return err
		}
		e.rooms[room] = true
		e.messages++
	}
	var changes []storage.Affiliation
	for _, a := range rec.Affiliations {
		switch {
		case a.Addr == e.addr:
			changes = append(changes, storage.Affiliation{Addr: a.Addr, Value: "none"})
		case a.By == e.addr:
			a.By = wire.Addr{}
			changes = append(changes, a)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	e.lists++
	err = e.u.o.Persons.PutAffiliations(ctx, room, changes)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}
