package muc

import (
	"context"
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// What the operator's calls refuse beside what a room refuses anybody, which is a stanza.Error.
var (
	ErrNoRoom     = errors.New("muc: there is no such room")
	ErrRoomExists = errors.New("muc: there is such a room already")
	ErrNoOccupant = errors.New("muc: nobody in the room has that nickname")
	ErrRoomHeld   = errors.New("muc: the room is under hold")
	ErrClosed     = errors.New("muc: the conference service is closed")
)

var errWouldEnd = refusal(stanza.Modify, stanza.NotAcceptable, "Nobody is in the room, so it would end if it were not persistent.")

// Domain is the domain of the rooms.
func (s *Service) Domain() string { return s.addr.Domain() }

// Host is the host whose rooms they are.
func (s *Service) Host() string { return s.o.Host }

// calling makes an event that runs f on a room's goroutine, and what waits for f's error. An error of the store is
// errUnstored, which the log explains.
func calling(f func(*room) error) (e *event, wait func(context.Context) error) {
	result := make(chan error, 1)
	call := func(r *room) {
		err := error(errUnstored) // it stays so if f panics, which guard reports
		defer func() { result <- err }()
		if r.closing {
			err = ErrClosed
			return
		}
		if failed := r.load(); failed != nil {
			err = failed
			return
		}
		err = f(r)
	}
	return &event{call: call}, func(ctx context.Context) error {
		select {
		case err := <-result:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// operate runs f on a room's goroutine, in its turn behind what was sent before, and returns f's error. The room is bare,
// of this service.
func (s *Service) operate(ctx context.Context, addr wire.Addr, f func(*room) error) error {
	e, wait := calling(f)
	if s.postTo(addr, e, true) != taken {
		return ErrClosed
	}
	return wait(ctx)
}

// operateExisting is operate for a room that there is, be it locked.
func (s *Service) operateExisting(ctx context.Context, addr wire.Addr, f func(*room) error) error {
	return s.operate(ctx, addr, func(r *room) error {
		if r.state == absent {
			return ErrNoRoom
		}
		return f(r)
	})
}

// Create makes a persistent room with these owners, bare, and these fields of the form (see Configure), open at once. The
// operator is not bound by rooms.create, but the owners are by rooms.per_account_owned. Without owners it belongs to the
// admins of the host alone. It gives ErrRoomExists, and ErrRoomHeld where messages of an earlier room are under hold.
func (s *Service) Create(ctx context.Context, addr wire.Addr, owners []wire.Addr, fields []Field) error {
	return s.operate(ctx, addr, func(r *room) error {
		if r.state != absent {
			return ErrRoomExists
		}
		if err := r.purge(); err != nil {
			if r.held() {
				return ErrRoomHeld
			}
			return err
		}
		r.state, r.created, r.history.read = locked, r.now(), true
		r.set = s.defaults()
		r.set.Persistent = true
		for _, a := range owners {
			r.affiliations[a] = storage.Affiliation{Addr: a, Value: owner.String(), By: s.addr, At: r.created}
		}
		if err := r.submit(fields); err != nil {
			r.reset()
			return err
		}
		r.unbury()
		r.log.Info("room created", "by", "operator")
		return nil
	})
}

// Affiliate gives an account an affiliation: owner, admin, member, none or outcast. who is bare, or a host for a ban. All is
// as if an owner had asked, so the last owner stays one: an operator who wants another one appoints that one first, and no
// room is left without anybody who could be asked about it. The room's lists name the service as who did it.
func (s *Service) Affiliate(ctx context.Context, addr, who wire.Addr, affiliation, reason string) error {
	item := wire.NewWriter().Start(nsAdmin, "item").Attr("affiliation", affiliation).Attr("jid", who.String())
	return s.operateExisting(ctx, addr, func(r *room) error { return r.administer(item, reason) })
}

// Kick makes an occupant leave (XEP-0045 §8.2), whatever its affiliation. It gives ErrNoOccupant.
func (s *Service) Kick(ctx context.Context, addr wire.Addr, nick, reason string) error {
	return s.operateExisting(ctx, addr, func(r *room) error {
		as, err := r.nickIn(nick)
		if err != nil {
			return err
		}
		if r.occupants[as] == nil {
			return ErrNoOccupant
		}
		return r.administer(wire.NewWriter().Start(nsAdmin, "item").Attr("nick", as).Attr("role", noRole.String()), reason)
	})
}

// Destroy ends a room for good, its archive included (XEP-0045 §10.9). alternate is a room to go to instead, zero for none,
// password what is asked for there. It gives ErrRoomHeld.
func (s *Service) Destroy(ctx context.Context, addr, alternate wire.Addr, password, reason string) error {
	d := wire.NewWriter().Start(nsOwner, "destroy").AttrIf("jid", alternate.String()).ElemIf("", "password", password).ElemIf("", "reason", reason)
	return s.operateExisting(ctx, addr, func(r *room) error {
		switch {
		case len(password) > maxPassword:
			return refusal(stanza.Modify, stanza.NotAcceptable, "The password is too long.")
		case r.stored && r.held():
			return ErrRoomHeld
		}
		return r.destroy(element(d.Payload()))
	})
}

// administer does what an item of an owner's request asks for. Nobody waits for its answer in a stream.
func (r *room) administer(item *wire.Writer, reason string) error {
	by := actor{full: r.s.addr, rank: owner, role: moderator}
	c, err := r.judge(by, element(item.ElemIf("", "reason", reason).Payload()))
	if err != nil {
		return err
	}
	return r.apply(by, []change{c}, func() {})
}

// element reads a payload of one element as if it had come in a stanza.
func element(p wire.Payload) wire.Kid {
	for k := range wire.New(wire.KindIQ, "set", "", wire.Addr{}, wire.Addr{}, p).Kids() {
		return k
	}
	return wire.Kid{}
}
