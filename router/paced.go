package router

import (
	"context"
	"runtime"

	"salon.im/salon/wire"
)

// Room is what a receiver can be sent at once, beside all else that goes to it.
type Room struct{ Stanzas, Bytes int }

// Pacer is a Session that tells who answers with many stanzas when there is room for them.
type Pacer interface {
	// Pace waits until the client has taken most of what waits for it, and returns the room for one answer. The error is the
	// context's, or says that the session has ended.
	Pace(ctx context.Context) (Room, error)
}

// farRoom is the room of a receiver that does not tell: one of another domain.
var farRoom = Room{Stanzas: 250, Bytes: 256 << 10}

// Paced is the way to a full JID for an answer of many stanzas, such as a page of an archive: it passes by what holds back
// live messages and what filters them, so that the result which ends the answer does not overtake it.
type Paced struct {
	Room Room
	send func(wire.Stanza) bool
}

// Send sends a stanza whose `to` is the receiver, and reports whether it was taken. It never blocks, but lets other
// goroutines run: what one asks for in a burst must not cost another's message a time slice at every step of its way.
func (p Paced) Send(st wire.Stanza) bool {
	runtime.Gosched()
	return p.send(st)
}

// Pace waits until there is room for an answer to a full JID. It blocks, for as long as the context lets it; who answers for
// a room does not call it on the room's goroutine.
func (r *Router) Pace(ctx context.Context, to wire.Addr) (Paced, error) {
	res := r.Resource(to)
	if res == nil {
		return Paced{farRoom, func(st wire.Stanza) bool { return r.Send(ctx, st) }}, nil
	}
	p := Paced{farRoom, func(st wire.Stanza) bool { return res.Session.Send(st, 0) }}
	pacer, ok := res.Session.(Pacer)
	if !ok {
		return p, nil
	}
	var err error
	p.Room, err = pacer.Pace(ctx)
	return p, err
}
