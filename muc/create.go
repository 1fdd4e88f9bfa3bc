package muc

import (
	"context"
	"errors"
	"slices"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// mayCreate reports whether an account may make rooms: rooms.create.
func (s *Service) mayCreate(bare wire.Addr) bool { return s.among(s.o.Config().Rooms.Create, bare) }

// isAdmin reports whether the account administers the host.
func (s *Service) isAdmin(bare wire.Addr) bool { return slices.Contains(s.admins(), bare) }

func (s *Service) admins() []wire.Addr {
	var out []wire.Addr
	for _, a := range s.o.Config().HostNamed(s.o.Host).Admins {
		if addr, err := wire.ParseAddr(a); err == nil && addr.IsBare() {
			out = append(out, addr)
		}
	}
	return out
}

// EnsureRoom makes a permanent public room, unless it is there already. The admins of the host own it. It waits for the
// store, and returns its error.
func (s *Service) EnsureRoom(ctx context.Context, local, name string) error {
	addr, err := wire.NewAddr(local, s.o.Domain, "")
	if err != nil {
		return err
	}
	result := make(chan error, 1)
	if s.postTo(addr, &event{call: func(r *room) { result <- r.ensure(name) }}, true) != taken {
		return errors.New("muc: the conference service is closed")
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *room) ensure(name string) error {
	if err := r.load(); err != nil || r.stored {
		return err
	}
	if r.state == absent {
		if !r.held() { // else it is the same room again
			if err := r.purge(); err != nil {
				return err
			}
		}
		r.created = r.now()
	}
	set := r.s.defaults()
	set.Name, set.Persistent, set.Public = name, true, true
	for _, a := range r.s.admins() {
		r.affiliations[a] = storage.Affiliation{Addr: a, Value: owner.String(), By: r.s.addr, At: r.created}
	}
	if err := r.save(set); err != nil {
		return err
	}
	r.set, r.state = set, open
	return nil
}
