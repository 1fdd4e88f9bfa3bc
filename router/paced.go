package router

import (
	"context"
	"errors"
	"runtime"

	"salon.im/salon/wire"
)

// ErrGone says that a session has ended: nobody waits for an answer any more.
var ErrGone = errors.New("router: the session has ended")

// Allowance is what a receiver can be sent at once, beside all else that goes to it.
type Allowance struct{ Stanzas, Bytes int }

// Pacer is a Session that tells who answers with many stanzas how much it can take.
type Pacer interface {
	// Pace waits until the client has taken most of what waits for it, and returns how much one answer may be. It returns
	// the context's error or ErrGone.
	Pace(ctx context.Context) (Allowance, error)
}

// farAllowance is for a receiver that does not tell: one of another domain.
var farAllowance = Allowance{Stanzas: 250, Bytes: 256 << 10}

// Paced is the way to a full JID for an answer of many stanzas, such as a page of an archive: it passes by what holds back
// live messages and what filters them, so that the result which ends the answer does not overtake it.
type Paced struct {
	Allowance
	send func(wire.Stanza) bool
}

// Send sends a stanza whose `to` is the receiver, and reports whether it was taken. It never blocks, but lets other
// goroutines run: what one asks for in a burst must not cost another's message a time slice at every step of its way.
func (p Paced) Send(st wire.Stanza) bool {
	runtime.Gosched()
	return p.send(st)
}

// SendAll sends a page at one go, so that a write carries many of its stanzas, until one is not taken.
func (p Paced) SendAll(page []wire.Stanza) {
	runtime.Gosched()
	for _, st := range page {
		if !p.send(st) {
			return
		}
	}
}

// Pace waits until a full JID can be sent an answer of many stanzas. It blocks for as long as the context lets it, so that
// who answers for a room does not call it on the room's goroutine. It returns the context's error or ErrGone.
func (r *Router) Pace(ctx context.Context, to wire.Addr) (Paced, error) {
	if !r.hosts[to.Domain()] {
		return Paced{farAllowance, func(st wire.Stanza) bool { return r.Send(ctx, st) }}, nil
	}
	res := r.Resource(to)
	if res == nil {
		return Paced{}, ErrGone
	}
	p := Paced{farAllowance, func(st wire.Stanza) bool { return res.Session.Send(st, 0) }}
	pacer, ok := res.Session.(Pacer)
	if !ok {
		return p, nil
	}
	var err error
	p.Allowance, err = pacer.Pace(ctx)
	return p, err
}
