package muc

import (
	"context"
	"maps"
	"slices"

	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

// Erase makes the rooms in memory forget a person, bare, whose stored messages were just given to pseudonyms: in the lists,
// in the history at hand, in the subject. It waits for every room, behind what was sent before; an error is ctx's.
func (s *Service) Erase(ctx context.Context, person wire.Addr, names *archive.Pseudonyms) error {
	s.mu.Lock()
	rooms := slices.Collect(maps.Values(s.rooms))
	s.mu.Unlock()
	done := make(chan struct{}, len(rooms))
	waiting := 0
	for _, r := range rooms {
		e := &event{call: func(r *room) {
			r.erase(person, names.In(r.addr))
			done <- struct{}{}
		}}
		if s.post(r, e, true) == taken { // one that has ended knows nobody
			waiting++
		}
	}
	for range waiting {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (r *room) erase(person wire.Addr, name archive.Pseudonym) {
	if r.state <= absent {
		return
	}
	r.forgetAccount(person)
	for addr, a := range r.affiliations {
		if a.By == person {
			a.By = wire.Addr{}
			r.affiliations[addr] = a
		}
	}
	r.invited = slices.DeleteFunc(r.invited, func(i invitation) bool { return i.by.Bare() == person || i.guest == person })
	maps.DeleteFunc(r.spent.buckets, func(full wire.Addr, _ bucket) bool { return full.Bare() == person })
	delete(r.slow.last, person)
	r.eraseSubject(person, name)
	// It is read from the store again. What an unarchived room has at hand does not say whose it is, so all of it goes.
	r.history = history{}
}

// eraseSubject takes over what the store says now, where the subject may have its pseudonym already, and gives it one if we
// remember that the person set it.
func (r *room) eraseSubject(person wire.Addr, name archive.Pseudonym) {
	if r.stored {
		ctx, cancel := r.ctx()
		defer cancel()
		rec, err := r.s.o.Rooms.Room(ctx, r.addr)
		if err != nil {
			_ = r.storageError("read the room", err) // logged
			return
		}
		r.subject = rec.Subject
	}
	if r.subjectBy != person || r.subject.From == name.Occupant(r.addr) {
		return
	}
	r.subject = name.RewriteSubject(r.subject, r.addr)
	_ = r.storeSubject(r.subject) // logged
}
